"""Mackie Control and what speaks its protocol: buttons with one-colour LEDs, lit by their own note on channel 1.

Velocity 0 is off, 1 blinks, 127 is on: blinking while a take is on its way, on when it landed, off when it failed.
Source: Logic Control / Mackie Control MIDI implementation.
"""

from __future__ import annotations

import mido

from midifrag.states import PadState
from midifrag.surface.driver import PadLight, note

VELOCITIES: dict[PadState, int] = {
    PadState.IDLE: 0,
    PadState.READY: 0,
    PadState.GROWING: 1,
    PadState.QUEUED: 1,
    PadState.RENDERING: 1,
    PadState.STALLED: 1,
    PadState.WAITING: 1,
    PadState.LANDED: 127,
    PadState.SOUNDING: 127,
    PadState.HELD: 1,
    PadState.REFUSED: 0,
    PadState.FAILED: 0,
}


class Mackie:
    """Any button."""

    def init(self) -> list[mido.Message]:
        """Nothing to set up."""
        return []

    def leave(self) -> list[mido.Message]:
        """Nothing to give back."""
        return []

    def show(self, pad: PadLight) -> list[mido.Message]:
        """Off, blinking or on."""
        return [note(pad.note, VELOCITIES[pad.state])]

    def beat(self, pad: PadLight, on: bool) -> list[mido.Message]:
        """On at the beat and off half a beat later."""
        return [note(pad.note, 127 if on else 0)]

    def clear(self, note_number: int, _channel: int) -> list[mido.Message]:
        """The LED goes off."""
        return [note(note_number, 0)]
