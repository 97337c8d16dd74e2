"""Endless encoders: what a byte says of how far one was turned. One table; a new coding is one row of it.

Ableton's *Learning about MIDI controllers*, "Relative MIDI controllers", names the first three; the last is that of the
V-Pots in Logic Control's *MIDI implementation* (``0 d v v v v v v``: direction and clicks), which signed bits are too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from midifrag.config.controls import Relative


def _twos(byte: int) -> int:
    return byte - 128 if byte >= 64 else byte


def _signed(byte: int) -> int:
    return 64 - byte if byte >= 64 else byte


def _offset(byte: int) -> int:
    return byte - 64


#: By coding, from a byte (0–127) to the clicks that it means: above 0 clockwise.
ENCODERS: Mapping[Relative, Callable[[int], int]] = {
    "twos": _twos,
    "signed": _signed,
    "offset": _offset,
    "mackie": _signed,
}
