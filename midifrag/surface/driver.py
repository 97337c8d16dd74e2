"""What a driver is, and the one table of how each pad state looks.

Adding a controller is a description in YAML (`midifrag.surface.description`), or, where bytes say more than that can, a
package with a class and an entry point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

import mido

from midifrag.states import PadState
from midifrag.surface.grid import Button, Grid
from midifrag.surface.palette import COLOURS


@dataclass(frozen=True, slots=True)
class PadLight:
    """A pad as a controller shows it: its note 0–127 on a channel 1–16, its state, and its own colour's name.

    With ``is_cc`` it sends CCs, and ``note`` is the CC's number.
    """

    note: int
    channel: int
    state: PadState
    colour: str | None = None
    is_cc: bool = False

    @property
    def button(self) -> Button:
        """What its LED is called by."""
        return Button("cc" if self.is_cc else "note", self.note, self.channel)


class Surface(Protocol):
    """A controller seen from the output side: pure, it only makes messages."""

    def init(self) -> list[mido.Message]:
        """What puts the controller into the mode in which we light its pads."""

    def leave(self) -> list[mido.Message]:
        """What gives the controller back to its user."""

    def show(self, pad: PadLight) -> list[mido.Message]:
        """What makes a pad look like its state; empty where the controller has no such pad."""

    def clear(self, note: int, channel: int) -> list[mido.Message]:
        """What turns the LED of a note off."""


@runtime_checkable
class InTempo(Protocol):
    """A surface whose pads can blink in the tempo of the music: a pad that waits for its boundary does."""

    def beat(self, pad: PadLight, on: bool) -> list[mido.Message]:
        """What makes a pad light up in its state's colour, without a motion of its own, or go dark."""


Motion: TypeAlias = Literal["still", "pulse", "blink"]


class Look(NamedTuple):
    """A state's colour (None: the pad's own) and how it moves."""

    colour: str | None
    motion: Motion = "still"


@runtime_checkable
class Gridded(Protocol):
    """A surface that knows where its pads are: banks lie on it by their places, and its buttons can be lit."""

    @property
    def grid(self) -> Grid | None:
        """Its pads and buttons; None where any note is a pad."""

    def light(self, button: Button, look: Look) -> list[mido.Message]:
        """What gives a pad or a button a colour, whatever pads show; no colour is dark."""

    def put_out(self, button: Button) -> list[mido.Message]:
        """What turns its LED off."""


#: A spare is ready: the press will land at once, so it stands apart in cyan. A take that cannot reach its slot yet
#: (held) blinks orange, and what pulsed stands still in orange where its engine shows no progress; a refused press
#: blinks where a failed one stands still. What waits for its boundary blinks purple, and a pad whose fragment sounds
#: pulses green.
LOOKS: dict[PadState, Look] = {
    PadState.IDLE: Look(None),
    PadState.READY: Look("cyan"),
    PadState.GROWING: Look("yellow", "pulse"),
    PadState.QUEUED: Look("yellow"),
    PadState.RENDERING: Look("blue", "pulse"),
    PadState.STALLED: Look("orange"),
    PadState.WAITING: Look("purple", "blink"),
    PadState.LANDED: Look("green"),
    PadState.SOUNDING: Look("green", "pulse"),
    PadState.HELD: Look("orange", "blink"),
    PadState.REFUSED: Look("red", "blink"),
    PadState.FAILED: Look("red"),
}

#: The colour of an idle pad that names none.
DEFAULT_COLOUR = "white"


def colour_of(state: PadState, own: str | None) -> str:
    """The colour's name of a pad in ``state`` whose ``own`` colour is this."""
    return LOOKS[state].colour or own or DEFAULT_COLOUR


def palette_code(pad: PadLight) -> int:
    """The colour that ``pad`` has in its state, in the palette of Launchpads and APC mini mk2."""
    return COLOURS[colour_of(pad.state, pad.colour)].code


def note(number: int, velocity: int, channel: int = 1) -> mido.Message:
    """A note-on; ``channel`` 1–16."""
    return mido.Message("note_on", note=number, velocity=velocity, channel=channel - 1)


def sysex(text: str, *data: int) -> mido.Message:
    """A system exclusive message from hexadecimal text (without F0 and F7), then ``data``."""
    return mido.Message("sysex", data=(*bytes.fromhex(text), *data))
