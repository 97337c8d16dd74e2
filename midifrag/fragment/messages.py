"""What the bridge and the writer say to each other: commands go in, events come out, all plain and frozen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from midifrag.audio import Audio
from midifrag.fragment.length import FragmentLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord
from midifrag.timeline import Signature


@dataclass(frozen=True, slots=True)
class Arrival:
    """When and how a fragment comes into its slot.

    ``at`` is the boundary to land on, in monotonic seconds (None: land when it is ready), ``lead`` how many seconds
    before that the file is in place. With ``protect``, the turn leaves out slots that sound. A take of the archive
    whose length was asked for in music is cut to so many bars or beats at ``bpm`` (quarter notes a minute) in this
    ``signature``; None for those that it was made for.
    """

    at: float | None = None
    lead: float = 0.0
    protect: bool = True
    bpm: float | None = None
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class LandTake:
    """Archive a take, make its fragment and put it into the next slot, or into ``slot``.

    ``audio`` is float32 of shape (channels, samples); nobody changes it afterwards. ``length`` is the fragment's, where
    that is not just as long as the take sounds.
    """

    job: int
    audio: Audio
    sample_rate: int
    record: TakeRecord
    options: FragmentOptions
    slot: int | None = None
    arrival: Arrival = Arrival()
    length: FragmentLength | None = None


@dataclass(frozen=True, slots=True)
class Prepare:
    """Do ahead what a `LandTake` of this very ``audio``, so cut, would wait for; nothing is written yet."""

    audio: Audio
    sample_rate: int
    options: FragmentOptions
    length: FragmentLength | None = None


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
    """Make a fragment of an archived take and put it into the next slot, or into ``slot``.

    ``source`` is the slot that it landed in, and the job that it did for: while that still lies there, and is as long
    as it is to be, the fragment is taken from it as it is, and the take is not needed (None: it is not archived).
    ``length`` is how long it is to be, as far as that is known.
    """

    job: int
    take: int | None
    options: FragmentOptions
    slot: int | None = None
    arrival: Arrival = Arrival()
    source: tuple[int, int] | None = None
    length: FragmentLength | None = None


@dataclass(frozen=True, slots=True)
class LandLast:
    """Land the newest take that a preset of a bank left in the archive."""

    job: int
    bank: str
    preset: str
    options: FragmentOptions
    slot: int | None = None
    arrival: Arrival = Arrival()


@dataclass(frozen=True, slots=True)
class Retime:
    """What waits, or will, to land for a job lands at another moment, in monotonic seconds."""

    job: int
    at: float


@dataclass(frozen=True, slots=True)
class Recut:
    """What waits, or will, to land for a job lands in another time, and is cut for that if its length is in music."""

    job: int
    bpm: float
    signature: Signature


@dataclass(frozen=True, slots=True)
class CancelLanding:
    """What waits, or will, for a boundary does not land; its take is in the archive. One that lands now lands."""

    job: int


@dataclass(frozen=True, slots=True)
class SlotPlaying:
    """A slot sounds, or has ceased to: since ``at`` (monotonic seconds, None: now), in turns of so many ``seconds``.

    Without ``seconds`` a turn is as long as its fragment. ``job`` is whose fragment it is, as far as that is known: a
    sound may begin before its file is in place.
    """

    slot: int
    on: bool
    at: float | None = None
    seconds: float | None = None
    job: int | None = None


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
#: Commands that put a fragment into a slot.
LandCommand: TypeAlias = LandTake | LandArchived | LandLast
#: Commands that are done in their turn.
QueuedCommand: TypeAlias = LandCommand | ArchiveOnly | SlotCommand
#: Commands that are done at once, beside what the writer is at: what is prepared, and what cannot wait.
PromptCommand: TypeAlias = Prepare | Retime | Recut | CancelLanding | SlotPlaying
WriterCommand: TypeAlias = QueuedCommand | PromptCommand


@dataclass(frozen=True, slots=True)
class SlotState:
    """What lies in a slot. ``number`` counts from 1, ``file`` is a name within the fragments folder.

    ``take`` is None for a fragment that midifrag did not make, or whose take is not archived yet; ``foreign`` tells the
    two apart. ``has_previous`` says whether the fragment before this one can be put back. ``moved`` is where in the
    fragments folder a file that midifrag did not make now lies, if this fragment took its place. ``sounds`` is whether
    it is known to sound.
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
    sounds: bool = False


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
    beside it where it waited for a boundary.
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
LandingEvent: TypeAlias = TakeArchived | Waits | Missed | LandCancelled | Landed | LandFailed | Held | GivenUp | Refused
WriterEvent: TypeAlias = LandingEvent | Made | TakeChanged | SlotsChanged
