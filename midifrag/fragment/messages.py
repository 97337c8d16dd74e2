"""What the bridge and the writer say to each other: commands go in, events come out, all plain and frozen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from midifrag.audio import Audio
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord


@dataclass(frozen=True, slots=True)
class LandTake:
    """Archive a take, make its fragment and put it into the next slot, or into ``slot``.

    ``audio`` is float32 of shape (channels, samples); nobody changes it afterwards.
    """

    job: int
    audio: Audio
    sample_rate: int
    record: TakeRecord
    options: FragmentOptions
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class Prepare:
    """Do ahead what a `LandTake` of this very ``audio`` with these options would wait for; nothing is written yet."""

    audio: Audio
    sample_rate: int
    options: FragmentOptions


@dataclass(frozen=True, slots=True)
class ArchiveOnly:
    """Archive a take that must not land (not finite, cancelled, an unused spare), with the ``reason``."""

    job: int
    audio: Audio
    sample_rate: int
    record: TakeRecord
    reason: str


@dataclass(frozen=True, slots=True)
class LandArchived:
    """Make a fragment of an archived take and put it into the next slot, or into ``slot``."""

    job: int
    take: int
    options: FragmentOptions
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class LockSlot:
    """Lock or unlock a slot, or (None) the other of the two. A locked slot keeps its fragment until it is unlocked."""

    slot: int
    locked: bool | None


@dataclass(frozen=True, slots=True)
class RestoreSlot:
    """Swap a slot's fragment with the one before it; a second time undoes the first."""

    slot: int


@dataclass(frozen=True, slots=True)
class StarTake:
    """Mark an archived take as a good one, or take the mark away."""

    take: int
    starred: bool


@dataclass(frozen=True, slots=True)
class AnnotateTake:
    """Replace an archived take's note."""

    take: int
    note: str


#: What a performer asks of slots and takes; the bridge passes these on as they are.
SlotCommand: TypeAlias = LockSlot | RestoreSlot | StarTake | AnnotateTake
#: Commands that are done in their turn; what is prepared for a landing is prepared beside them.
QueuedCommand: TypeAlias = LandTake | ArchiveOnly | LandArchived | SlotCommand
WriterCommand: TypeAlias = QueuedCommand | Prepare


@dataclass(frozen=True, slots=True)
class SlotState:
    """What lies in a slot. ``number`` counts from 1, ``file`` is a name within the fragments folder.

    ``take`` is None for a fragment that midifrag did not make, or whose take is not archived yet; ``foreign`` tells the
    two apart. ``has_previous`` says whether the fragment before this one can be put back. ``moved`` is where in the
    fragments folder a file that midifrag did not make now lies, if this fragment took its place.
    """

    number: int
    file: str
    state: Literal["free", "filled", "locked"] = "free"
    take: int | None = None
    preset: str = ""
    prompt: str = ""
    seconds: float = 0.0
    landed_at: float | None = None
    has_previous: bool = False
    foreign: bool = False
    moved: str = ""


@dataclass(frozen=True, slots=True)
class TakeArchived:
    """A take is in the archive, under this number and file name, and stays there."""

    job: int
    number: int
    file: str


@dataclass(frozen=True, slots=True)
class Made:
    """A fragment's samples are final: float32 of shape (channels, samples), as its file will hold them.

    It has not landed yet. Told only where somebody plays it.
    """

    job: int
    audio: Audio
    sample_rate: int
    loop: bool


@dataclass(frozen=True, slots=True)
class Landed:
    """A fragment is in its slot: ``file`` is whole and in place.

    ``take`` is None while the archive cannot be written; `TakeArchived` then follows later. ``seconds`` is the
    fragment's length, ``landed_at`` seconds since 1970, ``write_seconds`` the time from command to file in place.
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
    """An archived take was starred or noted; this is its record now."""

    record: TakeRecord


@dataclass(frozen=True, slots=True)
class Refused:
    """A command about a slot or a take could not be done, and will not be tried again."""

    command: WriterCommand
    reason: str


@dataclass(frozen=True, slots=True)
class SlotsChanged:
    """What lies where, after a change: all slots, in order."""

    slots: tuple[SlotState, ...]


#: What became of a take's files, or of a command.
LandingEvent: TypeAlias = TakeArchived | Landed | LandFailed | Held | GivenUp | Refused
WriterEvent: TypeAlias = LandingEvent | Made | TakeChanged | SlotsChanged
