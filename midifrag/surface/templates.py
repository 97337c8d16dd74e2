"""MIDI messages as text with holes: ``90 {number} {colour}`` becomes bytes when the LED and its colour are known.

A byte is two hexadecimal digits or a hole; a hole may add or take away (``{number-32}``). ``{type}`` and ``{channel}``
are half a byte: what a pad sends (9 for notes, B for CCs), and its channel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import mido

#: What a hole may be called in the message of an LED, and what stands there.
HOLES = {
    "type": "9 where the pad sends notes, B where it sends CCs; half a byte",
    "channel": "the pad's channel; half a byte",
    "number": "the pad's note or CC",
    "colour": "the colour's number, as `colours` says",
    "state": "the state's number, as `states` says; the colour's where it says none",
    "red": "how red the colour is, 0–127",
    "green": "how green",
    "blue": "how blue",
}
#: Where the text of a display goes.
TEXT = "{text}"
_HALVES = ("type", "channel")
_BYTE = re.compile(r"([0-9A-Fa-f]|\{[a-z]+\})([0-9A-Fa-f]|\{[a-z]+\})")
_HOLE = re.compile(r"\{([a-z]+)([+-][0-9]{1,3})?\}")


class _Byte(NamedTuple):
    """A byte: what is known of it, and a hole that is added, times one or (the upper half) sixteen."""

    known: int
    holes: tuple[tuple[str, int], ...] = ()


class Template:
    """One message. Raises ValueError, with what is wrong, for a text that can become none."""

    def __init__(self, text: str, holes: tuple[str, ...] = tuple(HOLES), *, has_text: bool = False) -> None:
        self.text = text
        parts = text.split()
        if has_text and parts.count(TEXT) != 1:
            raise ValueError(f"{text!r} has no {TEXT}, or several")
        self._at = parts.index(TEXT) if has_text else len(parts)
        self._bytes = tuple(_byte(part, holes, text) for part in parts if part != TEXT or not has_text)
        # What it becomes with some numbers or others says whether it is a message at all.
        tried = [dict.fromkeys(holes, number) | {"type": 0x9, "channel": 0} for number in (0, 64, 127)]
        if not any(self.message(values) for values in tried):
            raise ValueError(f"{text!r} is no MIDI message; one is such as 90 {{number}} {{colour}} or F0 00 20 … F7")

    def message(self, values: Mapping[str, int], text: Sequence[int] = ()) -> mido.Message | None:
        """The message with ``values`` in its holes; None where one of its bytes would be none that MIDI allows."""
        data = [one.known + sum(values[name] * times for name, times in one.holes) for one in self._bytes]
        data[self._at : self._at] = text
        try:
            return mido.Message.from_bytes(data)
        except (ValueError, LookupError, TypeError):
            return None


def _byte(part: str, holes: tuple[str, ...], text: str) -> _Byte:
    whole = _HOLE.fullmatch(part)
    if whole is not None and whole[1] not in _HALVES:
        return _Byte(int(whole[2] or 0), ((_known(whole[1], holes), 1),))
    halves = _BYTE.fullmatch(part)
    if halves is None:
        raise ValueError(f"{part!r} in {text!r} is no byte: two hexadecimal digits, or one of {_listed(holes)}")
    known, found = 0, []
    for half, times in zip(halves.groups(), (16, 1), strict=True):
        if half.startswith("{"):
            name = _known(half[1:-1], holes)
            if name not in _HALVES:
                raise ValueError(f"{part!r} in {text!r}: {{{name}}} is a whole byte and stands alone")
            found.append((name, times))
        else:
            known += int(half, 16) * times
    return _Byte(known, tuple(found))


def _known(name: str, holes: tuple[str, ...]) -> str:
    if name not in holes:
        raise ValueError(f"{{{name}}} is none of {_listed(holes)}")
    return name


def _listed(holes: tuple[str, ...]) -> str:
    return ", ".join(f"{{{name}}}" for name in holes)
