"""The door into Ableton Live: which object there stands for which slot, and what may be done to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from midifrag.config.folders import fragments_folder
from midifrag.config.places import Folder
from midifrag.config.value_types import NotBlank, Note, Strict, WrongKeyError
from midifrag.fragment.file_names import MOST_SLOTS

#: What the copies' folder is called where nobody says it, inside that of the slots.
COPIES = "ableton"
#: The longest name of an object in Live.
_LONGEST_NAME = 64

_Slot = Annotated[int, Field(ge=1, le=MOST_SLOTS)]
_Name: TypeAlias = Annotated[NotBlank, Field(min_length=1, max_length=_LONGEST_NAME)]


class AbletonTarget(Strict):
    """What stands for a slot in Live: a Simpler, or a clip slot."""

    way: Literal["auto", "simpler", "clip"] = Field(
        default="auto",
        description="simpler: its sample is replaced; clip: an audio clip in a clip slot; auto: what Live has of the "
        "two under this name, the Simpler first",
    )
    name: _Name | None = Field(
        default=None,
        description="the track or chain, in capitals or not; without name, note and track, midifrag 3 for slot 3",
    )
    note: Note | None = Field(default=None, description="the note of a drum rack's pad, which holds the Simpler")
    track: _Name | None = Field(
        default=None, description="the track that chain, pad or clip slot are in; without one, whichever comes first"
    )
    scene: int | None = Field(
        default=None, ge=1, le=10_000, description="the clip slot's scene, from 1 on; without one, the first"
    )

    @model_validator(mode="after")
    def _is_one_place(self) -> AbletonTarget:
        if self.note is not None and self.way == "clip":
            raise WrongKeyError("note", "a drum pad has no clip slot; leave note out, or say way: simpler")
        if self.scene is not None and self.way == "simpler":
            raise WrongKeyError("scene", "a Simpler is in no scene; leave scene out, or say way: clip")
        return self

    def named(self, slot: int) -> AbletonTarget:
        """The same with the name that it has for a slot where none is said."""
        return (
            self
            if self.name or self.track or self.note is not None
            else self.model_copy(update={"name": f"midifrag {slot}"})
        )


class AbletonSettings(Strict):
    """Ableton Live through the control surface script that `midifrag ableton install` puts there."""

    enabled: bool = Field(default=True, description="whether the door is open; without the key ableton it is not")
    port: int = Field(
        default=0, ge=0, le=65535, description="its port on this machine; 0 for any that is free, which Live finds"
    )
    folder: Folder | None = Field(
        default=None,
        description="folder of the copies that Live is given; without one, ableton inside the fragments' folder",
    )
    targets: dict[_Slot, AbletonTarget] = Field(
        default_factory=dict,
        description="by slot, what stands for it in Live; what is not named is the track or chain midifrag 1, …",
    )
    fire: bool = Field(
        default=False, description="whether a clip is launched when it has landed, at Live's own quantisation"
    )
    start_transport: bool = Field(
        default=False, description="whether that may start Live's transport; without it, nothing is launched there"
    )
    occupied: Literal["wait", "next_scene"] = Field(
        default="wait",
        description="wait: a clip that sounds is replaced when it is silent; next_scene: the new one goes into the "
        "next free clip slot below",
    )

    def target(self, slot: int) -> AbletonTarget:
        """What stands for a slot."""
        return self.targets.get(slot, AbletonTarget()).named(slot)

    def alike(self, count: int) -> Iterator[tuple[int, int]]:
        """Those of ``count`` slots for which the same object would stand."""
        places = {slot: _place(self.target(slot)) for slot in range(1, count + 1)}
        for one, other in combinations(places, 2):
            if _meet(places[one], places[other]):
                yield one, other


def copies_folder(fragments: str, folder: str | None) -> Path:
    """The folder of the copies by the two names in the configuration; relative to the current folder."""
    return fragments_folder(fragments) / COPIES if folder is None else fragments_folder(folder)


def _place(target: AbletonTarget) -> Mapping[str, object]:
    """Where an object is looked for: what two that are one have in common."""
    name, track = ((one or "").strip().casefold() for one in (target.name, target.track))
    return {"name": name or track, "note": target.note, "way": target.way, "scene": target.scene or 1}


def _meet(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    ways = {one["way"], other["way"]}
    if one["name"] != other["name"] or one["note"] != other["note"] or ways == {"simpler", "clip"}:
        return False
    # Clips of one track lie in a scene each.
    return "simpler" in ways or one["note"] is not None or one["scene"] == other["scene"]
