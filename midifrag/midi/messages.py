"""What arrives on a port, as frozen values in a musician's numbers: channels 1–16, programs 1–128.

``port`` is the port's name in the configuration, ``time`` seconds on the monotonic clock when the message arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

#: The release velocity that a controller sends which does not measure it.
UNMEASURED = 64


@dataclass(frozen=True, slots=True)
class NoteOn:
    """A press; ``velocity`` 1–127 (velocity 0 is a `NoteOff`)."""

    port: str
    channel: int
    note: int
    velocity: int
    time: float


@dataclass(frozen=True, slots=True)
class NoteOff:
    """A release; ``velocity`` 0–127, which is 64 where a controller does not measure it."""

    port: str
    channel: int
    note: int
    time: float
    velocity: int = UNMEASURED


@dataclass(frozen=True, slots=True)
class ControlChange:
    """A CC. ``value`` is 0–127; ``fine`` is the low byte where a 14-bit pair is complete, else None."""

    port: str
    channel: int
    cc: int
    value: int
    time: float
    fine: int | None = None


@dataclass(frozen=True, slots=True)
class Nrpn:
    """Non-registered parameter ``number``, 0–16383, stands at ``value`` 0–127 with its ``fine`` half, where that came.

    With ``step`` it was moved by data increment (1) or decrement (−1); where it stood is then perhaps not known (None).
    With ``completes``, ``fine`` alone is new: the coarse half came before, in an event of its own.
    """

    port: str
    channel: int
    number: int
    value: int | None
    time: float
    fine: int | None = None
    step: int = 0
    completes: bool = False


@dataclass(frozen=True, slots=True)
class PitchBend:
    """Pitch bend, −8192 … 8191."""

    port: str
    channel: int
    value: int
    time: float


@dataclass(frozen=True, slots=True)
class Aftertouch:
    """Channel pressure (``note`` None) or polyphonic pressure, 0–127."""

    port: str
    channel: int
    value: int
    time: float
    note: int | None = None


@dataclass(frozen=True, slots=True)
class ProgramChange:
    """A program 1–128 with the bank select latched before it (CC 0 and CC 32; None where none came)."""

    port: str
    channel: int
    program: int
    time: float
    bank: int | None = None


@dataclass(frozen=True, slots=True)
class TransportChange:
    """Start, stop or continue of the MIDI clock, or a song position in sixteenths."""

    port: str
    kind: Literal["start", "stop", "continue", "position"]
    time: float
    sixteenths: int | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """One MIDI clock tick: 24 a quarter note."""

    port: str
    time: float


MidiEvent: TypeAlias = (
    NoteOn | NoteOff | ControlChange | Nrpn | PitchBend | Aftertouch | ProgramChange | TransportChange | Tick
)


@dataclass(frozen=True, slots=True)
class PortChanged:
    """A configured port came, went or was lost: ``state`` after it, and a line for the performer."""

    port: str
    direction: Literal["in", "out"]
    state: Literal["open", "waiting", "lost"]
    text: str
