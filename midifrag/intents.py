"""Intents: what a performer wants, from MIDI, the page or the command line. Nothing else changes a show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from midifrag.boundary import Land

# What a performer wants of slots and takes is what their writer is told: `as` makes them intents of this module too.
from midifrag.fragment.writer_commands import AnnotateTake as AnnotateTake
from midifrag.fragment.writer_commands import LockSlot as LockSlot
from midifrag.fragment.writer_commands import RestoreSlot as RestoreSlot
from midifrag.fragment.writer_commands import SlotPlaying as SlotPlaying
from midifrag.fragment.writer_commands import StarTake as StarTake
from midifrag.fragment.writer_commands import TrashTake as TrashTake
from midifrag.pad_key import PadKey


class Hand(NamedTuple):
    """What a press was made with, so that its release is known: a port, what of it, a channel 1–16."""

    port: str
    kind: Literal["note", "cc", "program"]
    number: int
    channel: int


@dataclass(frozen=True, slots=True)
class Press:
    """Trigger a pad of the active bank, or of a ``bank`` that was active when it was pressed.

    ``velocity`` 0–1, ``time`` in monotonic seconds, ``source`` for the log. Without ``port`` it is shown on all.
    """

    note: int
    channel: int
    port: str
    velocity: float
    time: float
    source: str = "midi"
    #: What pressed it, where that is not its own note.
    by: Hand | None = field(default=None, compare=False)
    bank: str = ""

    @property
    def hand(self) -> Hand:
        """What pressed it."""
        return self.by or Hand(self.port, "note", self.note, self.channel)


@dataclass(frozen=True, slots=True)
class PressPad:
    """Press a pad of the active bank by what it is called: its note (an int), its key, or its name.

    For who has no port and no channel; the rest is as in `Press`.
    """

    name: int | str
    velocity: float
    time: float
    source: str


#: How a pad plays again: the very fragment that it landed last, a new take with that seed, or one with another.
AgainHow: TypeAlias = Literal["repeat", "same_seed", "variation"]


@dataclass(frozen=True, slots=True)
class Again:
    """Play a pad of the active bank, or of another ``bank``, again; ``time`` in monotonic seconds (None: now)."""

    pad: PadKey
    how: AgainHow
    time: float | None = None
    bank: str = ""


@dataclass(frozen=True, slots=True)
class SetLand:
    """Have fragments wait for a boundary from now on, whatever pads say; None gives it back to the presets."""

    land: Land | None


@dataclass(frozen=True, slots=True)
class Release:
    """A pad was let go; ``velocity`` 0–1 is how fast."""

    note: int
    channel: int
    port: str
    time: float
    velocity: float = 64 / 127
    by: Hand | None = field(default=None, compare=False)

    @property
    def hand(self) -> Hand:
        """What let it go."""
        return self.by or Hand(self.port, "note", self.note, self.channel)


@dataclass(frozen=True, slots=True)
class Prompt:
    """Render a typed preset, not bound to a pad. ``parameters`` as in a bank file."""

    prompt: str
    parameters: dict[str, Any]
    time: float


@dataclass(frozen=True, slots=True)
class MoveControl:
    """A control stands at ``position`` 0–1. ``control`` is its identity (`midifrag.config.controls.Control.id`).

    ``pad`` is the one that it is about, where its message says so; else that is the pad in hand.
    """

    control: str
    position: float
    pad: PadKey | None = None


@dataclass(frozen=True, slots=True)
class TurnControl:
    """An endless encoder was turned by so many ``clicks``, above 0 clockwise; the rest as in `MoveControl`."""

    control: str
    clicks: int


@dataclass(frozen=True, slots=True)
class ResetValues:
    """Give live values back to the presets: all of them, or (with ``name``) that of one parameter, of every scope."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class SetParameter:
    """Set a live parameter outright (page, command line); None gives it back to the presets."""

    name: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Tap:
    """A quarter note of midifrag's own clock, tapped at ``time`` (monotonic seconds)."""

    time: float = 0.0


@dataclass(frozen=True, slots=True)
class SelectBank:
    """Select a bank: ``program`` 1–128, or ``slug``, or ``offset`` in the set list.

    ``bank`` is the bank select that stood before the program, CC 0 times 128 and CC 32; None where none came.
    """

    program: int | None = None
    slug: str | None = None
    offset: int | None = None
    bank: int | None = None


@dataclass(frozen=True, slots=True)
class TurnPage:
    """Show another page of the active bank at a port (None: at all), so many further; they go round."""

    port: str | None
    offset: int


@dataclass(frozen=True, slots=True)
class ShowBanks:
    """Show so many banks side by side at a port (None: at all); without a number, one or as many as have room."""

    port: str | None
    side: int | None = None


@dataclass(frozen=True, slots=True)
class SendTake:
    """Land an archived take in a slot again (None: the next one)."""

    take: int
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class StopSlot:
    """End what sounds in a slot, from this machine; None: everywhere, also what waits for its moment."""

    slot: int | None


@dataclass(frozen=True, slots=True)
class MuteSlot:
    """Let a slot be heard or not, from this machine; None: the other of the two."""

    slot: int
    muted: bool | None


#: What can be done with what a pad landed last: with the slot that it filled, or with its take.
PadDeed: TypeAlias = Literal[
    "lock", "unlock", "toggle_lock", "stop", "mute", "unmute", "toggle_mute", "restore", "star"
]


@dataclass(frozen=True, slots=True)
class DoWithPad:
    """Do something with what a pad of the active bank, or of another ``bank``, landed last."""

    pad: PadKey
    deed: PadDeed
    bank: str = ""


@dataclass(frozen=True, slots=True)
class LetGo:
    """All that is held on a ``channel`` of ``port`` is let go (None: on all of them), whatever releases are missing."""

    port: str
    channel: int | None
    time: float


@dataclass(frozen=True, slots=True)
class Touch:
    """A note went down whose meaning its length tells: a single press, a double one or a long one.

    A kind of press that no action waits for, (), is not waited for.
    """

    hand: Hand
    time: float
    single: tuple[Intent, ...]
    double: tuple[Intent, ...] = ()
    long: tuple[Intent, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelPad:
    """Cancel what a pad of the active bank, or of another ``bank``, has queued or is rendering."""

    pad: PadKey
    bank: str = ""


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Cancel one job."""

    job: int


@dataclass(frozen=True, slots=True)
class ClearQueue:
    """Cancel all that has not started."""


@dataclass(frozen=True, slots=True)
class Panic:
    """Cancel everything."""


Intent: TypeAlias = (
    Press | Release | Prompt | MoveControl | SetParameter | SelectBank | LockSlot | RestoreSlot | SendTake | StarTake
    | AnnotateTake | StopSlot | MuteSlot | CancelPad | CancelJob | ClearQueue | Panic | Tap | Again | SetLand
    | SlotPlaying | PressPad | TurnPage | ShowBanks | TurnControl | ResetValues | DoWithPad | LetGo | Touch
    | TrashTake
)  # fmt: skip
