"""What the writer tells: what became of a take's files, of a slot and of a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from midifrag.audio import Audio, SourceSound
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.writer_commands import SoundPlace, WriterCommand


@dataclass(frozen=True, slots=True)
class TakeArchived:
    """A take is in the archive, under this number and file name, and stays there."""

    job: int
    number: int
    file: str


@dataclass(frozen=True, slots=True)
class Made:
    """A fragment's samples are final: float32 of shape (channels, samples), as its file will hold them.

    It has not landed yet; the same job once more has other samples. Told only where somebody plays it.
    """

    job: int
    audio: Audio
    sample_rate: int
    loop: bool


@dataclass(frozen=True, slots=True)
class Waits:
    """A fragment lies whole beside ``slot`` and takes its place at ``at``, in monotonic seconds.

    That is when it was asked to, or later where all slots sound and this one ``gives_way`` at the end of its turn.
    ``write_seconds`` is the time from command to file, the rest is as in `Landed`.
    """

    job: int
    slot: int
    at: float
    take: int | None
    seconds: float
    write_seconds: float
    notes: tuple[str, ...] = ()
    gives_way: bool = False


@dataclass(frozen=True, slots=True)
class Missed:
    """A fragment was not ready for its boundary ``at``; it lies beside its slot until a `Retime`."""

    job: int
    at: float


@dataclass(frozen=True, slots=True)
class LandCancelled:
    """What waited for a boundary will not land, and why. ``take`` is its number if archived."""

    job: int
    reason: str
    take: int | None = None


@dataclass(frozen=True, slots=True)
class Landed:
    """A fragment is in its slot: ``file`` is whole and in place.

    ``take`` is None while the archive cannot be written; `TakeArchived` then follows later. ``seconds`` is the
    fragment's length, ``landed_at`` seconds since 1970, ``write_seconds`` the time from command to file in place, or
    beside it where it waited for a boundary. ``bars`` is how many it is long, where its length is in music.
    ``notes`` are things worth telling, such as a loudness target that could not be met.
    """

    job: int
    slot: int
    file: Path
    take: int | None
    seconds: float
    landed_at: float
    write_seconds: float
    notes: tuple[str, ...] = ()
    bars: float | None = None


@dataclass(frozen=True, slots=True)
class LandFailed:
    """A take will not land: silent, not finite, no slot for it, or given up. ``take`` is its number if archived."""

    job: int
    reason: str
    take: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A take cannot be written now. It is kept in memory and tried again; ``waits_for`` says what is missing."""

    job: int
    reason: str
    waits_for: Literal["archive", "slot", "archive and slot"]


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A held take was dropped because too many wait. ``take`` is its number; None if it never came into the archive."""

    job: int
    reason: str
    take: int | None = None


@dataclass(frozen=True, slots=True)
class TakeChanged:
    """An archived take was starred, noted, deleted or put back; this is its record now."""

    record: TakeRecord


@dataclass(frozen=True, slots=True)
class Refused:
    """A command about a slot or a take could not be done, and will not be tried again."""

    command: WriterCommand
    reason: str


@dataclass(frozen=True, slots=True)
class SoundRead:
    """A sound that was asked for, or (None) the ``reason`` why it cannot be had. ``notes`` are worth telling."""

    request: int
    place: SoundPlace
    sound: SourceSound | None
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotsChanged:
    """What lies where, after a change: all slots, in order."""

    slots: tuple[SlotState, ...]


#: What became of a take's files, or of a command.
LandingEvent: TypeAlias = TakeArchived | Waits | Missed | LandCancelled | Landed | LandFailed | Held | GivenUp | Refused
WriterEvent: TypeAlias = LandingEvent | Made | SoundRead | TakeChanged | SlotsChanged
