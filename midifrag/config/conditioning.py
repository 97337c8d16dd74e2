"""What a model is told beside prompt and length, such as ``{bpm: 120, genre: techno}``, as one line of text.

A set says it as keys and values; requests, records and the command line carry the line ``bpm=120, genre=techno``, which
has one form for each meaning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

#: Values by the names of a model's conditioners.
Conditioning: TypeAlias = dict[str, float | str]

#: How many names and characters there may be.
_MOST, _LONGEST = 32, 200


def read_conditioning(text: str | None) -> Conditioning:
    """The values that a line says. Raises ValueError with what is wrong with it."""
    values: Conditioning = {}
    for item in (text or "").split(","):
        if item.strip():
            name, equals, value = item.partition("=")
            if not equals:
                raise ValueError(f"{item.strip()!r} says no value; write it as bpm=120, genre=techno")
            values[_name(name)] = _value(name, value)
    return values


def write_conditioning(values: Mapping[str, float | str]) -> str | None:
    """The line that says ``values``; None for no values."""
    return ", ".join(f"{name}={shown(value)}" for name, value in sorted(values.items())) or None


def as_conditioning(said: Any) -> Any:
    """The line for what a file says, be that keys and values or the line itself. Raises ValueError."""
    if said is None:
        return None
    if isinstance(said, str):
        return write_conditioning(read_conditioning(said))
    if not isinstance(said, Mapping):
        raise ValueError("must be keys and values, such as {bpm: 120}")  # noqa: TRY004 — what pydantic takes for a mistake
    if len(said) > _MOST:
        raise ValueError(f"has {len(said)} keys; {_MOST} are the most")
    return write_conditioning({_name(name): _value(name, value) for name, value in said.items()})


def merged(farther: str | None, nearer: str | None) -> str | None:
    """The values of two levels, those of the nearer one first. Raises ValueError."""
    return write_conditioning(read_conditioning(farther) | read_conditioning(nearer))


def _name(name: object) -> str:
    text = str(name).strip()
    if not text or len(text) > _LONGEST or any(one in text for one in ",=") or not text.isprintable():
        raise ValueError(f"{name!r} is no name of an input")
    return text


def _value(name: object, value: object) -> float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{name}: {value!r} is neither a number nor a text")  # noqa: TRY004 — as above
    try:
        number = float(value)
    except (ValueError, OverflowError):
        text = str(value).strip()
        if not text or len(text) > _LONGEST or any(one in text for one in ",=") or not text.isprintable():
            raise ValueError(f"{name}: {value!r} is no value; a text has no comma and no equals sign in it") from None
        return text
    if not math.isfinite(number):
        raise ValueError(f"{name}: {value} is no number that a model can be told")
    return number


def shown(value: float | str) -> str:
    """A value as text: 120 and not 120.0."""
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
