"""What a set keeps on disk and where: slots, archive and session logs."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from midifrag.config.folders import FRAGMENTS
from midifrag.config.places import Folder
from midifrag.config.slot_names import slot_pattern, slots_alike
from midifrag.config.value_types import Lead, Strict, WrongKeyError
from midifrag.fragment.file_names import MOST_SLOTS
from midifrag.fragment.options import ArchiveOptions, FragmentOptions


class SlotSettings(FragmentOptions):
    """Where fragments go, how many slots there are, and how a take becomes a fragment."""

    folder: Folder = Field(default=FRAGMENTS, description="folder of the slot files, from the current folder on")
    count: int = Field(default=8, ge=1, le=MOST_SLOTS, description="how many slots there are")
    name: Annotated[str, AfterValidator(slot_pattern)] = Field(
        default="output{:02d}.wav", description="the slots' names; the braces become the number"
    )
    lead_ms: Lead = Field(
        default=0.0,
        description="how long before its boundary a fragment lies in its slot, for DAWs that need to load it",
    )
    protect_playing: bool = Field(
        default=True, description="whether a slot that sounds is left out of the turn, as a locked one is"
    )

    @model_validator(mode="after")
    def _names_differ(self) -> SlotSettings:
        alike = slots_alike(self.name, self.count)
        if alike is not None:
            one, other = alike
            raise WrongKeyError(
                "name", f"slots {one} and {other} would both be {self.name.format(other)}; each has a name of its own"
            )
        return self

    def options(self, own: FragmentOptions | None = None) -> FragmentOptions:
        """How a take becomes a fragment: the show's options, and over them those that a pad names as its ``own``."""
        shared = {name: getattr(self, name) for name in FragmentOptions.model_fields}
        return FragmentOptions.model_validate(shared | (own.model_dump(exclude_unset=True) if own else {}))


class ArchiveSettings(ArchiveOptions):
    """Where raw takes go; None for ``archive`` inside the fragments folder."""

    folder: Folder | None = Field(
        default=None, description="folder of the raw takes; without one, archive inside the fragments' folder"
    )


class SessionLogSettings(Strict):
    """What happened in each show, in ``sessions`` inside the archive; older shows are compressed."""

    megabytes: int = Field(
        default=500, ge=10, le=100_000, description="at most this much disk for all of them; the oldest go first"
    )
