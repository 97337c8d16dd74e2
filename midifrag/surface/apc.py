"""Akai APC mini mk2, APC40 and APC40 mkII.

Sources: Akai's communication protocols for the three. A bank's pads are the controller's own notes: 0–63 on the APC
mini mk2 from the bottom left, 0–39 on the APC40 mkII, and on the first APC40 notes 53–57 (0x35–0x39), one row each,
on channels 1–8, one column each.
"""

from __future__ import annotations

import mido

from midifrag.states import PadState
from midifrag.surface.driver import LOOKS, PadLight, note, palette_code, sysex

#: Full brightness; pulsing and blinking each quarter note (of the controller's own 120 BPM).
_MINI_CHANNELS = {"still": 7, "pulse": 10, "blink": 15}
_MINI_BUTTONS = frozenset({*range(100, 108), *range(112, 120)})
#: Green 1, red 3, yellow 5; one more blinks.
_APC40_VELOCITIES: dict[PadState, int] = {
    PadState.IDLE: 0,
    PadState.READY: 0,
    PadState.GROWING: 6,
    PadState.QUEUED: 5,
    PadState.RENDERING: 2,
    PadState.STALLED: 6,
    PadState.WAITING: 2,
    PadState.LANDED: 1,
    PadState.SOUNDING: 1,
    PadState.HELD: 6,
    PadState.REFUSED: 4,
    PadState.FAILED: 3,
}


class ApcMiniMk2:
    """64 pads in palette colours and 16 one-colour buttons (notes 100–107 and 112–119)."""

    def init(self) -> list[mido.Message]:
        """Nothing to set up."""
        return []

    def leave(self) -> list[mido.Message]:
        """Nothing to give back."""
        return []

    def show(self, pad: PadLight) -> list[mido.Message]:
        """A pad in its colour; a button on, or blinking while something goes on."""
        look = LOOKS[pad.state]
        if 0 <= pad.note <= 63:
            return [note(pad.note, palette_code(pad), _MINI_CHANNELS[look.motion])]
        if pad.note in _MINI_BUTTONS:
            return [note(pad.note, 0 if pad.state is PadState.IDLE else 1 if look.motion == "still" else 2)]
        return []

    def beat(self, pad: PadLight, on: bool) -> list[mido.Message]:
        """On at the beat and off half a beat later."""
        if 0 <= pad.note <= 63:
            return [note(pad.note, palette_code(pad) if on else 0, _MINI_CHANNELS["still"])]
        return [note(pad.note, int(on))] if pad.note in _MINI_BUTTONS else []

    def clear(self, note_number: int, _channel: int) -> list[mido.Message]:
        """The LED goes off."""
        return [note(note_number, 0)] if note_number <= 63 or note_number in _MINI_BUTTONS else []


class Apc40:
    """The clip grid of the first APC40: green, red, yellow, each also blinking."""

    def init(self) -> list[mido.Message]:
        """Mode 1: the computer lights the grid."""
        return [sysex("47 7F 73 60 00 04 41", 0, 1, 0)]

    def leave(self) -> list[mido.Message]:
        """Mode 0, as after power-on."""
        return [sysex("47 7F 73 60 00 04 40", 0, 1, 0)]

    def show(self, pad: PadLight) -> list[mido.Message]:
        """A grid button's colour."""
        on_grid = _on_apc40_grid(pad.note, pad.channel)
        return [note(pad.note, _APC40_VELOCITIES[pad.state], pad.channel)] if on_grid else []

    def beat(self, pad: PadLight, on: bool) -> list[mido.Message]:
        """On at the beat and off half a beat later."""
        on_grid = _on_apc40_grid(pad.note, pad.channel)
        return [note(pad.note, 1 if on else 0, pad.channel)] if on_grid else []

    def clear(self, note_number: int, channel: int) -> list[mido.Message]:
        """The LED goes off."""
        return [note(note_number, 0, channel)] if _on_apc40_grid(note_number, channel) else []


class Apc40Mk2:
    """The 8×5 grid of the APC40 mkII in palette colours, without motion."""

    def init(self) -> list[mido.Message]:
        """Mode 1: the computer lights the grid."""
        return [sysex("47 7F 29 60 00 04 41", 0, 1, 0)]

    def leave(self) -> list[mido.Message]:
        """Mode 0, as after power-on."""
        return [sysex("47 7F 29 60 00 04 40", 0, 1, 0)]

    def show(self, pad: PadLight) -> list[mido.Message]:
        """A grid button's colour."""
        return [note(pad.note, palette_code(pad))] if pad.note <= 39 else []

    def beat(self, pad: PadLight, on: bool) -> list[mido.Message]:
        """On at the beat and off half a beat later."""
        return [note(pad.note, palette_code(pad) if on else 0)] if pad.note <= 39 else []

    def clear(self, note_number: int, _channel: int) -> list[mido.Message]:
        """The LED goes off."""
        return [note(note_number, 0)] if note_number <= 39 else []


def make_apc40(device: str) -> Apc40 | Apc40Mk2:
    """The driver for the APC40 that calls itself ``device``."""
    return Apc40Mk2() if "mk" in device.lower() else Apc40()


def _on_apc40_grid(number: int, channel: int) -> bool:
    return 0x35 <= number <= 0x39 and channel <= 8
