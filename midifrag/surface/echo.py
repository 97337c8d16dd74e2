"""Any controller, or a DAW track: each pad's own note and channel comes back, with its state as velocity.

Velocities: idle 0, ready 37, queued 13, rendering 45, waiting 53, landed 21, sounding 22, held and stalled 9, refused
and failed 5: the palette of Launchpads and APC mini mk2 (`midifrag.surface.palette`), so that pads which light up by
received notes show colours; 22 is a softer green.
"""

from __future__ import annotations

import mido

from midifrag.states import PadState
from midifrag.surface.driver import LOOKS, PadLight, note
from midifrag.surface.palette import COLOURS

#: What has just landed and what sounds are told apart.
SOFT_GREEN = 22
VELOCITIES: dict[PadState, int] = {
    state: 0 if look.colour is None else COLOURS[look.colour].code for state, look in LOOKS.items()
} | {PadState.SOUNDING: SOFT_GREEN}


class Echo:
    """Answers a pad's note with the same note."""

    def init(self) -> list[mido.Message]:
        """Nothing to set up."""
        return []

    def leave(self) -> list[mido.Message]:
        """Nothing to give back."""
        return []

    def show(self, pad: PadLight) -> list[mido.Message]:
        """The pad's note with its state as velocity."""
        return [note(pad.note, VELOCITIES[pad.state], pad.channel)]

    def clear(self, note_number: int, channel: int) -> list[mido.Message]:
        """The note with velocity 0."""
        return [note(note_number, 0, channel)]
