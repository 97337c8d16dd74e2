"""A fragment becomes an audio clip in a clip slot."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Container, NamedTuple, Sequence

from .messages import MOST_NAME, Land, Options, told
from .objects import TrackItem
from .simpler import base_name, same_file
from .ways import Waits

if TYPE_CHECKING:
    from Live.Clip import Clip, WarpMarker
    from Live.ClipSlot import ClipSlot
    from Live.Song import Song

#: Scenes that are looked at, from the one of the set on.
MOST_SCENES = 32
#: Share by which Live's beats may miss the fragment's.
CLOSE = 0.002


class Place(NamedTuple):
    """A clip slot that a clip may be put into, and its scene, from 0."""

    slot: ClipSlot
    scene: int
    #: Whether somebody else's clip, which stays, is why it is not the scene of the set.
    passed: bool
    #: An empty clip slot of the same track, where a file is tried before a clip is given up for it.
    spare: ClipSlot | None


def is_sounding(clip: Clip, song: Song) -> bool:
    """Whether it is heard, or about to be, or recorded into."""
    if clip.is_recording:
        return True
    # "Triggered" is true of one that plays, too, which a stopped transport leaves as it was.
    return song.is_playing and (clip.is_playing or clip.is_triggered)


def is_ours(clip: Clip, land: Land, given: Container[str]) -> bool:
    """Whether midifrag has put it there: by its file's folder, or by one of the names ``given`` (as of `base_name`).

    The name counts where the Set has collected its files. A number in it is not enough: takes have such names too.
    """
    if not clip.is_audio_clip:
        return False
    path = clip.file_path
    is_there = same_file(str(Path(path).parent), str(Path(land.path).parent))
    return is_there or base_name(path) in given


def place_for(
    item: TrackItem, scene: int | None, land: Land, given: Container[str], options: Options, song: Song
) -> Place | Waits:
    """A `Place`, or `Waits`: a clip is only ever deleted where it is silent and ours (`is_ours`)."""
    slots = item.track.clip_slots
    first = (scene or 1) - 1
    if first >= len(slots):
        return Waits(f"{item.words} has no scene {first + 1} in Live: add scenes")
    if item.track.is_frozen:
        return Waits(f"{item.words} is frozen in Live: unfreeze it")
    passed = False
    for index in range(first, min(first + MOST_SCENES, len(slots))):
        clip = slots[index].clip if slots[index].has_clip else None
        is_foreign = clip is not None and not is_ours(clip, land, given)
        if clip is None or not (is_foreign or is_sounding(clip, song)):
            return Place(slots[index], index, passed, None if clip is None else _spare(slots))
        passed = passed or is_foreign
        if not is_foreign and options.occupied == "wait":
            return Waits(f"its clip in scene {index + 1} of {item.words} sounds")
    return Waits(f"no scene from {first + 1} on is free in {item.words}: stop or delete a clip there")


def _spare(slots: Sequence[ClipSlot]) -> ClipSlot | None:
    """The last empty one, in which nothing is about to be recorded."""
    for index in range(len(slots) - 1, -1, -1):
        slot = slots[index]
        if not slot.has_clip and not getattr(slot, "is_triggered", False):
            return slot
    return None


def scene_with(item: TrackItem, scene: int | None, path: str) -> int | None:
    """The first scene, counted from 0 from the set's one on, whose clip plays the file at ``path``."""
    slots = item.track.clip_slots
    first = (scene or 1) - 1
    for index in range(first, min(first + MOST_SCENES, len(slots))):
        clip = slots[index].clip if slots[index].has_clip else None
        if clip is not None and clip.is_audio_clip and base_name(clip.file_path) == base_name(path):
            return index
    return None


def put(place: Place, land: Land, song: Song, marker: Callable[[float, float], WarpMarker]) -> tuple[Clip, list[str]]:
    """Make the clip, in the stead of the one that lies there. Returns it, and what of its looks and loop Live refused.

    Raises what Live does where it does not take the file; the clip that lay there is there then.
    """
    if not Path(land.path).is_file():
        raise RuntimeError(f"there is no file {land.path}")
    if not place.slot.has_clip:
        clip = place.slot.create_audio_clip(land.path)
    elif place.spare is not None and hasattr(place.spare, "duplicate_clip_to"):
        clip = _tried(place.spare, place.slot, land.path)
    else:
        clip = _replaced(place.slot, land.path)
    return clip, _shape(clip, land, song, marker)


def _tried(spare: ClipSlot, slot: ClipSlot, path: str) -> Clip:
    """Live takes the file in the spare clip slot first; what it copies from there takes the old clip's place."""
    spare.create_audio_clip(path)
    try:
        spare.duplicate_clip_to(slot)
    finally:
        spare.delete_clip()
    return slot.clip


def _replaced(slot: ClipSlot, path: str) -> Clip:
    """The old clip has to go first; where the new file is refused, it comes back, as far as it can be made again."""
    old = slot.clip
    before, looks = old.file_path, {name: getattr(old, name) for name in ("name", "color", "warping", "looping")}
    slot.delete_clip()
    try:
        return slot.create_audio_clip(path)
    except Exception:
        with contextlib.suppress(Exception):
            back = slot.create_audio_clip(before)
            for name, value in looks.items():
                setattr(back, name, value)
        raise


def _shape(clip: Clip, land: Land, song: Song, marker: Callable[[float, float], WarpMarker]) -> list[str]:
    troubles: list[str] = []

    def attempt(what: str, write: Callable[[], None]) -> None:
        try:
            write()
        except Exception as error:
            troubles.append(f"Live refuses the clip's {what}: {told(error)}")

    attempt("name", lambda: setattr(clip, "name", told(land.name, MOST_NAME)))
    if land.colour is not None:
        # Live takes the nearest of its palette.
        attempt("colour", lambda: setattr(clip, "color", land.colour))
    is_warped = land.loop or land.bpm is not None
    # Live decides by its own settings otherwise; and only what is warped can loop.
    attempt("warping", lambda: setattr(clip, "warping", is_warped))
    beats = _beats(land, song)
    if is_warped:
        attempt("tempo", lambda: _fit(clip, land.seconds, beats, marker))
    attempt("loop", lambda: setattr(clip, "looping", land.loop))
    if land.loop:
        # Unlooped, Live would take these for the markers.
        attempt("loop", lambda: _set_loop(clip, beats))
    return troubles


def _beats(land: Land, song: Song) -> float:
    """Its length in quarter notes; where no tempo is known, what leaves it as fast as it was rendered."""
    if land.beats is not None:
        return land.beats
    return land.seconds * (song.tempo if land.bpm is None else land.bpm) / 60.0


def _fit(clip: Clip, seconds: float, beats: float, marker: Callable[[float, float], WarpMarker]) -> None:
    """Lay the clip's end on its beat where Live has guessed another tempo."""
    if _is_close(clip, beats):
        return
    for other in list(clip.warp_markers):
        if other.beat_time > 0:
            # Some cannot be removed; whether it came right in the end is what counts.
            with contextlib.suppress(Exception):
                clip.remove_warp_marker(other.beat_time)
    clip.add_warp_marker(marker(seconds, beats))
    if not _is_close(clip, beats):
        raise RuntimeError(f"it is not {beats:g} beats long: check its warp markers")


def _is_close(clip: Clip, beats: float) -> bool:
    return abs(clip.sample_to_beat_time(clip.sample_length) - beats) <= CLOSE * beats


def _set_loop(clip: Clip, beats: float) -> None:
    clip.loop_start = 0.0
    clip.loop_end = beats
    clip.start_marker = 0.0
    clip.end_marker = beats
