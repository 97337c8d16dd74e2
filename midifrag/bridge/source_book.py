"""The sounds that presses begin from: which is meant now, what of them has been read, and what is made of it.

A slot is meant as it is when the press comes: the version of its file that was told last. What is read is known by
that, so that a press for which a spare was made of the same version, or which was read before, waits for no file.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from midifrag.audio import SourceSound
from midifrag.config.beginnings import cannot_begin, usual_strength
from midifrag.config.lengths import Limits
from midifrag.config.parameters import NUMBERS, Preset
from midifrag.config.sound_in import SHORTEST, SoundSource, SoundWanted, too_far
from midifrag.engine.messages import EngineInfo
from midifrag.fragment.length import SAME, FragmentLength, SecondsLength
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.writer_commands import ReadSound, SoundPlace, WriterCommand
from midifrag.fragment.writer_events import SoundRead

#: Bytes of sounds that are kept for the next press, the least recently used going first; the newest stays.
KEPT_BYTES = 64_000_000
#: Seconds that a press waits for its sound to be read.
PATIENCE = 10.0
#: Sounds that are read ahead, for spares, at a time.
_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Meant:
    """A sound that is meant: where it lies, and what of it is taken.

    ``told`` is what people are told of it, ``take`` the number of its take, where it is one of the archive as it is.
    """

    place: SoundPlace
    longest: float | None
    from_end: bool = False
    seconds: float = 0.0
    told: str = dataclasses.field(default="", compare=False)
    take: int | None = dataclasses.field(default=None, compare=False)

    @property
    def is_known(self) -> bool:
        """Whether the same place holds the same sound whenever it is read."""
        return self.place.kind in ("take", "kept") or self.place.version is not None


@dataclass(frozen=True, slots=True)
class Begin:
    """What a render begins from: a sound, what people are told of it, and the part that is made anew, in seconds."""

    sound: SourceSound
    told: str
    take: int | None = None
    fill: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LastBegin:
    """What the take that a pad landed last began from, by which it can be had again."""

    source: SoundSource
    checksum: str
    told: str


class SourceBook:
    """Has sounds read by ``write``. ``slots`` are what lies where, ``folder`` is where files of a set lie."""

    def __init__(self, write: Callable[[WriterCommand], None], folder: Callable[[], Path]) -> None:
        self._write = write
        self._folder = folder
        self._slots: dict[int, SlotState] = {}
        self._kept: OrderedDict[Meant, SoundRead] = OrderedDict()
        self._asked: dict[int, Meant] = {}
        self._failing: dict[Meant, str] = {}
        self._last = 0

    def follow(self, slots: tuple[SlotState, ...]) -> None:
        """Take in what lies where."""
        self._slots = {state.number: state for state in slots}

    # --- what is meant -----------------------------------------------------------------------------------------------

    def trouble(self, wanted: SoundWanted, model: str, info: EngineInfo | None) -> str | None:
        """Why a press cannot begin from what it wants, as far as that is known before it is read."""
        wants = "part" if wanted.makes_part else "sound"
        if info is not None and wants not in info.begins_from:
            return cannot_begin(model, wants, info.begins_from)
        beyond = None if info is None else too_far(wanted, model, info.max_seconds)
        if beyond is not None:
            return beyond
        source = wanted.source
        if source.kind == "latest" and self._newest() is None:
            return "nothing has landed yet that it could begin from (from: latest)"
        if source.kind == "slot":
            state = self._slots.get(source.number)
            if self._slots and state is None:
                return f"there is no slot {source.number} (from); this set has {len(self._slots)}"
            if state is not None and state.version is None:
                return f"slot {source.number} is empty; nothing can begin from it"
        return None

    def meant(self, preset: Preset, asked: float | None, limits: Limits, last: LastBegin | None = None) -> Meant | None:
        """What a press of ``preset`` begins from now; None for nothing.

        ``asked`` is its length in seconds, as far as it says one, ``limits`` what its model renders. ``last`` is what
        is to be had again, where that is from the same source.
        """
        wanted = preset.sound
        if wanted is None:
            return None
        most = min(limits.longest or NUMBERS["seconds"].limits[1], NUMBERS["seconds"].limits[1])
        onward = wanted.onward
        longest = most if onward is None else max(SHORTEST, most - onward)
        place, told = self._place(wanted.source)
        if last is not None and last.source == wanted.source and place.kind != "take":
            # A take of the archive stays as it is, and is not kept once more.
            place, told = SoundPlace("kept", file=last.checksum), last.told
        take = place.number if place.kind == "take" else None
        seconds = asked or 0.0
        return Meant(place, longest, onward is not None, seconds if place.kind == "input" else 0.0, told, take)

    def _place(self, source: SoundSource) -> tuple[SoundPlace, str]:
        match source.kind:
            case "slot" | "latest":
                newest = self._newest()
                state = self._slots.get(source.number) if source.kind == "slot" else newest
                number = source.number if state is None else state.number
                if state is None:
                    return SoundPlace("slot", number), f"slot {number}"
                told = f"slot {number}" + (f" (take {state.take})" if state.take is not None else "")
                return SoundPlace("slot", number, version=state.version, landed_at=state.landed_at), told
            case "take":
                return SoundPlace("take", source.number), str(source)
            case "file":
                return SoundPlace("file", file=str(self._folder() / Path(source.file).expanduser())), source.file
            case "kept":
                return SoundPlace("kept", file=source.file), f"kept {source.file[:12]}"
            case "input" | "none":
                return SoundPlace("input"), "input"
            case _:
                assert_never(source.kind)

    def _newest(self) -> SlotState | None:
        landed = [state for state in self._slots.values() if state.landed_at is not None and state.version is not None]
        return max(landed, key=lambda state: state.landed_at or 0.0, default=None)

    # --- what is read ------------------------------------------------------------------------------------------------

    def read(self, meant: Meant) -> int:
        """Have a sound read; the number by which its `SoundRead` is known."""
        self._last += 1
        self._asked[self._last] = meant
        self._write(ReadSound(self._last, meant.place, meant.longest, meant.from_end, meant.seconds))
        return self._last

    def heard(self, event: SoundRead) -> Meant | None:
        """Take in what was read; what it was asked for, None for what nobody asked."""
        meant = self._asked.pop(event.request, None)
        if meant is None or not meant.is_known:
            return meant
        if event.sound is None:
            self._failing[meant] = event.reason
            return meant
        self._failing.pop(meant, None)
        self._kept[meant] = event
        while (
            len(self._kept) > 1 and sum(one.sound.audio.nbytes for one in self._kept.values() if one.sound) > KEPT_BYTES
        ):
            self._kept.popitem(last=False)
        return meant

    def known(self, meant: Meant) -> SoundRead | None:
        """What was read of it before."""
        if not meant.is_known or meant not in self._kept:
            return None
        self._kept.move_to_end(meant)
        return self._kept[meant]

    def ahead(self, meant: Meant) -> SoundRead | None:
        """What a spare begins from; where it has not been read yet, it is read now, unless that would fail again."""
        found = self.known(meant)
        is_new = meant not in self._failing and meant not in self._asked.values()
        if found is None and meant.is_known and is_new and len(self._asked) < _AHEAD:
            self.read(meant)
        return found


def begun(
    preset: Preset, meant: Meant, read: SoundRead, length: FragmentLength | None, limits: Limits
) -> tuple[Preset, FragmentLength | None, Begin]:
    """What is asked of a model that begins from what was read: the preset with its length, how that is cut, and that.

    ``preset`` has the seconds that its own length comes to, None where it says none: then it is as long as the sound.
    Raises ValueError for a part that the sound has not.
    """
    sound, wanted = read.sound, preset.sound
    if sound is None or wanted is None:
        raise ValueError(read.reason)
    fill, notes = None, read.notes
    seconds = preset.seconds
    if wanted.onward is not None:
        seconds, length = sound.seconds + wanted.onward, None
        fill = (sound.seconds, seconds)
    elif wanted.fill is not None and abs(wanted.fill[0] - sound.seconds) < SAME:
        # It begins where the sound ends, and so goes on.
        seconds, length, fill = wanted.fill[1], None, (sound.seconds, wanted.fill[1])
    elif wanted.fill is not None:
        seconds, length = sound.seconds, None
        fill = (wanted.fill[0], min(wanted.fill[1], seconds))
        if wanted.fill[1] - seconds > SAME:
            notes = (*notes, f"fill ends where the sound does, after {seconds:.2f} s")
        if fill[1] - fill[0] < SHORTEST:
            raise ValueError(f"fill begins at {fill[0]:g} s, and {meant.told} is {seconds:.2f} s long; say less")
    elif seconds is None:
        seconds = sound.seconds
    shortest = max(limits.shortest, NUMBERS["seconds"].limits[0])
    if seconds < shortest and length is None:
        seconds, length = shortest, SecondsLength(seconds)
    strength = usual_strength(fill) if preset.strength is None else preset.strength
    preset = dataclasses.replace(preset, seconds=seconds, strength=strength)
    return preset, length, Begin(sound, meant.told, meant.take, fill, notes)
