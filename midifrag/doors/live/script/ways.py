"""Which way a slot's fragment goes into this Live, by what it can do, and what to do where it cannot yet."""

from __future__ import annotations

from typing import Collection, Mapping, NamedTuple

from .messages import Target, told
from .objects import SimplerItem, Standing, TrackItem

#: What Live must be able to do for each way, in the order in which they are tried.
NEEDS: Mapping[str, str] = {"simpler": "replace_sample", "clip": "create_audio_clip"}
_LACKS: Mapping[str, str] = {
    "simpler": "this Live cannot replace a Simpler's sample (12.4 can)",
    "clip": "this Live cannot make audio clips from files (12.0.5 and 11.3.25 can)",
}
_WANTED: Mapping[str, str] = {"simpler": "a track or chain with a Simpler", "clip": "an audio track"}


class Waits(NamedTuple):
    """Not yet; ``text`` says why, and is empty where that may be over in some ticks."""

    text: str


class Fails(NamedTuple):
    """Not at all."""

    text: str


class Choice(NamedTuple):
    """Where it goes. ``remark`` is empty, or says why it is not the way that was asked for."""

    item: SimplerItem | TrackItem
    remark: str


def choose(slot: int, target: Target, standing: Standing, has: Collection[str]) -> Choice | Waits | Fails:
    """The first way that is wished for and possible; the other one where this Live lacks a function."""
    wished = list(NEEDS) if target.way == "auto" else [target.way]
    lacking = [way for way in wished if NEEDS[way] not in has]
    possible = [way for way in wished if way not in lacking] or [way for way in NEEDS if NEEDS[way] in has]
    if not possible:
        return Fails(f"slot {slot}: {' and '.join(_LACKS.values())}; use a newer one")
    remark = "".join(f"{_LACKS[way]}: " for way in lacking)
    items = {"simpler": standing.simpler, "clip": standing.audio}
    for way in possible:
        item = items[way]
        if item is not None:
            is_other = any(way not in wished or items[one] is not None for one in lacking)
            return Choice(item, f"slot {slot}: {remark}{_WANTED[way]} is used" if is_other else "")
    return Waits(f"slot {slot}: {remark}{_missing(target, possible)}")


def _missing(target: Target, ways: list[str]) -> str:
    within = "" if target.track is None or target.name is None else f" in the track {told(target.track)!r}"
    if target.name is None and target.note is not None and ways[0] == "simpler":
        return f"no drum pad of note {target.note} has a Simpler{within}: load one"
    wanted = " or ".join(_WANTED[way] for way in ways)
    return f"give {wanted} the name {told(target.name or target.track or '?')!r} in Live{within}"
