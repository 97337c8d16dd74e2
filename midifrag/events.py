"""Intents (what a performer wants) and state changes (what became of it): the bridge's two languages.

Intents come from MIDI, the page and the command line and are all that can change the bridge's state. State changes go
to everybody who watches: surfaces, page, terminal, log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias


class PadState(StrEnum):
    """What a pad is doing; the same words on LEDs, page and log."""

    IDLE = "idle"
    READY = "ready"
    QUEUED = "queued"
    RENDERING = "rendering"
    LANDED = "landed"
    HELD = "held"
    REFUSED = "refused"
    FAILED = "failed"


# --- intents ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Press:
    """Trigger a pad of the active bank. ``velocity`` 0–1, ``time`` in monotonic seconds, ``source`` for the log."""

    note: int
    channel: int
    port: str
    velocity: float
    time: float
    source: str = "midi"


@dataclass(frozen=True, slots=True)
class Prompt:
    """Render a typed preset, not bound to a pad. ``parameters`` as in a bank file; ``client`` is who asked."""

    prompt: str
    parameters: dict[str, Any]
    time: float
    client: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """A pad was let go."""

    note: int
    channel: int
    port: str
    time: float


@dataclass(frozen=True, slots=True)
class MoveControl:
    """A control stands at ``position`` 0–1. ``control`` is its identity (see `midifrag.midi.mapping.control_id`)."""

    control: str
    position: float
    time: float


@dataclass(frozen=True, slots=True)
class SetParameter:
    """Set a live parameter outright (page, command line); None gives it back to the presets."""

    name: str
    value: float | None


@dataclass(frozen=True, slots=True)
class SelectBank:
    """Select a bank: ``program`` 1–128, or ``slug``, or ``offset`` in the set list."""

    program: int | None = None
    slug: str | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class LockSlot:
    """Lock or unlock a slot; ``locked`` None toggles."""

    slot: int
    locked: bool | None


@dataclass(frozen=True, slots=True)
class RestoreSlot:
    """Put a slot's previous fragment back."""

    slot: int


@dataclass(frozen=True, slots=True)
class SendTake:
    """Land an archived take in a slot again (None: the next one)."""

    take: int
    slot: int | None = None


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
class CancelPad:
    """Cancel what a pad of the active bank has queued or is rendering."""

    pad: str


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


@dataclass(frozen=True, slots=True)
class Reload:
    """Take over a newly read configuration: ``loaded`` is a `midifrag.config.loading.Loaded`."""

    loaded: Any


Intent: TypeAlias = (
    Press | Prompt | Release | MoveControl | SetParameter | SelectBank | LockSlot | RestoreSlot | SendTake | StarTake
    | AnnotateTake | CancelPad | CancelJob | ClearQueue | Panic | Reload
)  # fmt: skip


# --- state changes ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PadChanged:
    """A pad's state became ``state``. ``progress`` 0–1 while rendering; ``channel`` and ``note`` as last pressed."""

    bank: str
    pad: str
    port: str | None
    channel: int
    note: int
    state: PadState
    colour: str | None
    time: float
    job: int | None = None
    progress: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job moved on. ``times`` are monotonic seconds by name (pressed, queued, started, rendered, landed)."""

    job: int
    state: PadState | str
    prompt: str
    bank: str
    pad: str | None
    times: dict[str, float]
    step: int = 0
    of: int = 0
    slot: int | None = None
    file: str | None = None
    take: int | None = None
    archived: str | None = None
    spare: bool = False
    text: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BankChanged:
    """Another bank is active. ``pads`` is what surfaces show: pad key, note, channel, port, colour, state."""

    slug: str
    name: str
    index: int
    pads: tuple[PadChanged, ...]


@dataclass(frozen=True, slots=True)
class ControlChanged:
    """A live parameter has a new value (None: back to the presets), or a control waits to be picked up."""

    name: str
    value: float | None
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class SlotsChanged:
    """The slots as they are now (`midifrag.fragment.slots.SlotState`)."""

    slots: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ArchiveChanged:
    """An archived take's record (`midifrag.fragment.record.TakeRecord`) changed: starred, annotated."""

    record: Any


@dataclass(frozen=True, slots=True)
class EngineChanged:
    """An engine's state: loading, warming, ready, lost or failed."""

    model: str
    state: str
    text: str = ""
    done: int = 0
    total: int = 0
    info: Any = None


@dataclass(frozen=True, slots=True)
class PortState:
    """A port came or went."""

    port: str
    direction: str
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a performer should know: ``level`` info, warning or error."""

    level: str
    text: str


StateChange: TypeAlias = (
    PadChanged | JobChanged | BankChanged | ControlChanged | SlotsChanged | ArchiveChanged | EngineChanged | PortState
    | Notice
)  # fmt: skip
