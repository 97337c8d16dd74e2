"""SuperCollider's smallest instrument that plays a buffer of two channels once, in its binary format (version 2)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

#: How often a unit works: once a block, or for each sample.
_CONTROL, _AUDIO = 1, 2
#: A unit's input: another unit and which of its outputs, or (-1) a constant by its place.
_Input = tuple[int, int]


def buffer_player(name: str) -> bytes:
    """``PlayBuf.ar(2, bufnum, BufRateScale.kr(bufnum), doneAction: 2)`` to ``out``; both are its parameters."""
    constants, parameters = (1.0, 0.0, 2.0), ("bufnum", "out")
    one, zero, two = ((-1, place) for place in range(3))
    units = (
        _unit("Control", _CONTROL, [], outputs=2),
        _unit("BufRateScale", _CONTROL, [(0, 0)], outputs=1),
        # Buffer, rate, trigger, start, loop, what is done at the end.
        _unit("PlayBuf", _AUDIO, [(0, 0), (1, 0), one, zero, zero, two], outputs=2),
        _unit("Out", _AUDIO, [(0, 1), (2, 0), (2, 1)], outputs=0),
    )
    body = _text(name)
    body += struct.pack(f">I{len(constants)}f", len(constants), *constants)
    body += struct.pack(f">I{len(parameters)}f", len(parameters), *(0.0 for _ in parameters))
    body += struct.pack(">I", len(parameters))
    body += b"".join(_text(one) + struct.pack(">I", place) for place, one in enumerate(parameters))
    body += struct.pack(">I", len(units)) + b"".join(units) + struct.pack(">H", 0)
    return b"SCgf" + struct.pack(">IH", 2, 1) + body


def _unit(kind: str, rate: int, inputs: Sequence[_Input], *, outputs: int) -> bytes:
    head = struct.pack(">bIIh", rate, len(inputs), outputs, 0)
    return _text(kind) + head + b"".join(struct.pack(">iI", *one) for one in inputs) + bytes([rate]) * outputs


def _text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("ascii")
