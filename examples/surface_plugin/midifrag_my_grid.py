"""A controller of 64 pads, notes 0–63, whose LEDs take three colours by velocity, as a surface of midifrag.

midifrag calls the class with the name of the device that the port was opened on, and then only asks for messages.
"""

from __future__ import annotations

import mido

from midifrag.surface.driver import Look, PadLight, colour_of, note
from midifrag.surface.grid import Button, grid_of

PADS = 64
OFF = 0
#: midifrag's colours (`midifrag.surface.palette`) as the velocities that this controller has.
GREEN, RED, AMBER = 1, 3, 5
VELOCITIES = {"off": OFF, "green": GREEN, "cyan": GREEN, "red": RED, "purple": RED}
#: Its rows as one sees them, note 0 at the lower left, so that banks lie on it by their places; and a row of buttons.
ROWS = [[Button("note", 8 * row + column) for column in range(8)] for row in reversed(range(8))]
BUTTONS = [Button("cc", 20 + number) for number in range(8)]


class Grid:
    """Shows the state of each pad in green, red or amber."""

    def __init__(self, device: str) -> None:
        # A family of controllers may be told apart by the name.
        self.device = device
        self.grid = grid_of([ROWS], side=[], foot=BUTTONS)

    def init(self) -> list[mido.Message]:
        """What makes the controller let us light its pads: a control change on channel 16."""
        return [mido.Message("control_change", channel=15, control=0, value=127)]

    def leave(self) -> list[mido.Message]:
        """Give it back."""
        return [mido.Message("control_change", channel=15, control=0, value=0)]

    def show(self, pad: PadLight) -> list[mido.Message]:
        """The pad's LED in its state's colour."""
        return [note(pad.note, VELOCITIES.get(colour_of(pad.state, pad.colour), AMBER))] if pad.note < PADS else []

    def clear(self, note: int, channel: int) -> list[mido.Message]:
        """The LED goes dark."""
        del channel
        return [mido.Message("note_on", note=note, velocity=OFF)] if note < PADS else []

    def light(self, button: Button, look: Look) -> list[mido.Message]:
        """A pad or button in a colour of its own, such as a slot's."""
        value = VELOCITIES.get(look.colour or "off", AMBER)
        if button.kind == "cc":
            return [mido.Message("control_change", control=button.number, value=value)]
        return [note(button.number, value)]

    def put_out(self, button: Button) -> list[mido.Message]:
        """The LED of a pad or button goes dark."""
        return self.light(button, Look("off"))
