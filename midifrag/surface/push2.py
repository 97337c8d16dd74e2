"""Ableton Push 2 in user mode, on its second port; pads are notes 36 (bottom left) to 99.

Source: Ableton's Push 2 MIDI and Display Interface Manual: default palette, animation by channel.
"""

from __future__ import annotations

import mido

from midifrag.surface.driver import LOOKS, PadLight, colour_of, note, sysex

#: Our colours in Push 2's default palette.
COLOUR_CODES: dict[str, int] = {
    "off": 0,
    "white": 122,
    "red": 127,
    "orange": 3,
    "yellow": 8,
    "green": 126,
    "cyan": 15,
    "blue": 125,
    "purple": 22,
}
#: Channels that move between a pad's static colour and another one, each quarter note.
_MOTION_CHANNELS = {"pulse": 10, "blink": 15}


class Push2:
    """The 8×8 pads."""

    def init(self) -> list[mido.Message]:
        """User mode."""
        return [sysex("00 21 1D 01 01 0A 01")]

    def leave(self) -> list[mido.Message]:
        """Live mode."""
        return [sysex("00 21 1D 01 01 0A 00")]

    def show(self, pad: PadLight) -> list[mido.Message]:
        """A static colour, or one that moves from and to dark."""
        if not 36 <= pad.note <= 99:
            return []
        code, motion = COLOUR_CODES[colour_of(pad.state, pad.colour)], LOOKS[pad.state].motion
        if motion == "still":
            return [note(pad.note, code)]
        return [note(pad.note, 0), note(pad.note, code, _MOTION_CHANNELS[motion])]

    def beat(self, pad: PadLight, on: bool) -> list[mido.Message]:
        """On at the beat and off half a beat later."""
        code = COLOUR_CODES[colour_of(pad.state, pad.colour)] if on else 0
        return [note(pad.note, code)] if 36 <= pad.note <= 99 else []

    def clear(self, note_number: int, _channel: int) -> list[mido.Message]:
        """The pad goes dark."""
        return [note(note_number, 0)] if 36 <= note_number <= 99 else []
