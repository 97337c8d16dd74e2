"""What the bridge asks of the writer: what is to land, when and how, and what is changed about slots and takes."""

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
    before that the file is in place. With ``protect``, the turn leaves out slots that sound; ``among`` are the slots
    that it may take, None for all. A take of the archive
    whose length was asked for in music is cut to so many bars or beats at ``bpm`` (quarter notes a minute) in this
    ``signature``; None for those that it was made for.
    """

    at: float | None = None
    lead: float = 0.0
    protect: bool = True
    bpm: float | None = None
    signature: Signature | None = None
    among: tuple[int, ...] | None = None


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
class SoundPlace:
    """Where a sound is that takes begin from: a slot or take by ``number``, a ``file``, what was heard, what was kept.

    A slot's is the ``version`` of its file that is meant, and the moment it ``landed_at`` (seconds since 1970); what
    was kept is called by its checksum, in ``file``.
    """

    kind: Literal["slot", "take", "file", "input", "kept"]
    number: int = 0
    file: str = ""
    version: tuple[int, int, int] | None = None
    landed_at: float | None = None

    @property
    def told(self) -> str:
        """What it is called."""
        if self.kind == "input":
            return "the audio input"
        return f"{self.kind} {self.number}" if self.number else Path(self.file).name


@dataclass(frozen=True, slots=True)
class ReadSound:
    """Read a sound that takes begin from, as it is now; answered with `SoundRead`.

    Of one that is longer than ``longest`` seconds, that is its beginning, or the end (``from_end``). ``seconds`` is how
    much is wanted of what was heard.
    """

    request: int
    place: SoundPlace
    longest: float | None = None
    from_end: bool = False
    seconds: float = 0.0


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


@dataclass(frozen=True, slots=True)
class TrashTake:
    """Delete an archived take, which goes to the archive's trash, or put it back from there."""

    take: int
    trashed: bool


#: What a performer asks of slots and takes; the bridge passes these on as they are.
SlotCommand: TypeAlias = LockSlot | RestoreSlot | StarTake | AnnotateTake | TrashTake
#: Commands that put a fragment into a slot.
LandCommand: TypeAlias = LandTake | LandArchived | LandLast
#: Commands that are done in their turn.
QueuedCommand: TypeAlias = LandCommand | ArchiveOnly | SlotCommand
#: Commands that are done at once, beside what the writer is at: what is prepared, and what cannot wait.
PromptCommand: TypeAlias = Prepare | ReadSound | Retime | Recut | CancelLanding | SlotPlaying
WriterCommand: TypeAlias = QueuedCommand | PromptCommand
