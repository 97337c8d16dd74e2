"""Arturia MiniLab 3 in DAW mode: pads 1–8 of bank A (notes 36–43) in RGB.

Sources: open drivers (MiniDexed and others), as Arturia publishes no description.
"""

from __future__ import annotations

import mido

from midifrag.surface.driver import PadLight, colour_of, sysex
from midifrag.surface.palette import COLOURS

_FIRST_NOTE = 36
_FIRST_ID = 4
_PADS = 8


class MiniLab3:
    """The eight pads."""

    def init(self) -> list[mido.Message]:
        """Connect as a DAW does."""
        return [sysex("00 20 6B 7F 42 02 02 40 6A 21")]

    def leave(self) -> list[mido.Message]:
        """Disconnect."""
        return [sysex("00 20 6B 7F 42 02 02 40 6A 20")]

    def show(self, pad: PadLight) -> list[mido.Message]:
        """The pad in its state's colour."""
        return _light(pad.note, COLOURS[colour_of(pad.state, pad.colour)].rgb)

    def beat(self, pad: PadLight, on: bool) -> list[mido.Message]:
        """On at the beat and off half a beat later."""
        return _light(pad.note, COLOURS[colour_of(pad.state, pad.colour)].rgb if on else (0, 0, 0))

    def clear(self, note_number: int, _channel: int) -> list[mido.Message]:
        """The pad goes dark."""
        return _light(note_number, (0, 0, 0))


def _light(number: int, rgb: tuple[int, int, int]) -> list[mido.Message]:
    pad = number - _FIRST_NOTE
    return [sysex("00 20 6B 7F 42 02 02 16", _FIRST_ID + pad, *rgb)] if 0 <= pad < _PADS else []
