"""Novation Launchpad X, Mini MK3 and Pro MK3 in programmer mode.

A bank's pads are the controller's own notes: 11 at the bottom left to 88 at the top right, row times ten plus column.
Use the port with MIDI in its name. Source: Novation's programmer's reference manuals for these three.
"""

from __future__ import annotations

import re

import mido

from midifrag.surface.driver import LOOKS, PadLight, note, palette_code, sysex

#: What a device's name holds → its product byte; anything else is taken for a Launchpad X.
_PRODUCTS = ((r"Pro", 0x0E), (r"Mini", 0x0D))
_LAUNCHPAD_X = 0x0C
_CHANNELS = {"still": 1, "blink": 2, "pulse": 3}


class Launchpad:
    """The 8×8 pads; the other buttons send CCs and stay dark."""

    def __init__(self, device: str) -> None:
        found = (product for pattern, product in _PRODUCTS if re.search(pattern, device, re.IGNORECASE))
        self.product = next(found, _LAUNCHPAD_X)

    def init(self) -> list[mido.Message]:
        """Programmer mode on."""
        return [self._programmer_mode(1)]

    def leave(self) -> list[mido.Message]:
        """Programmer mode off: back to the performer's own layout."""
        return [self._programmer_mode(0)]

    def show(self, pad: PadLight) -> list[mido.Message]:
        """Palette colour, static, flashing or pulsing."""
        motion = LOOKS[pad.state].motion
        return [note(pad.note, palette_code(pad), _CHANNELS[motion])] if _is_pad(pad.note) else []

    def beat(self, pad: PadLight, on: bool) -> list[mido.Message]:
        """On at the beat and off half a beat later."""
        return [note(pad.note, palette_code(pad) if on else 0)] if _is_pad(pad.note) else []

    def clear(self, note_number: int, _channel: int) -> list[mido.Message]:
        """The pad goes dark."""
        return [note(note_number, 0)] if _is_pad(note_number) else []

    def _programmer_mode(self, on: int) -> mido.Message:
        return sysex("00 20 29 02", self.product, 0x0E, on)


def _is_pad(number: int) -> bool:
    return 11 <= number <= 88 and 1 <= number % 10 <= 8
