"""A controller as data: its grid, what lights its LEDs, and what it is told at first and at last.

The built-in controllers are such data, in the folder `described` beside this file; a user's own lie in ``surfaces/``
beside the set. `midifrag.surface.described` makes a surface of one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from midifrag.notes import note_number
from midifrag.states import PadState
from midifrag.surface.families import Family
from midifrag.surface.grid import MOST_ROWS, Button, Grid, grid_of
from midifrag.surface.palette import COLOURS
from midifrag.surface.screen import Screen, StrictData
from midifrag.surface.templates import Template

_SEVEN_BIT = Annotated[int, Field(ge=0, le=127)]
_BUTTON = re.compile(r"(cc)?\s*([A-Ga-g]?[#b]?-?[0-9]+)(?:/([0-9]+))?", re.IGNORECASE)


def button_of(value: Any) -> Button | None:
    """The pad of ``36``, ``C1``, ``cc 20``, on one channel ``53/8``; None for a place without one."""
    if value is None or isinstance(value, Button):
        return value
    match = _BUTTON.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is no pad: use a note (36 or C1), a CC (cc 20), or one on a channel (53/8)")
    if match[3] and not 1 <= int(match[3]) <= 16:
        raise ValueError(f"{value!r} is no pad: channels are numbered 1 to 16")
    channel = int(match[3]) if match[3] else None
    if not match[1]:
        return Button("note", note_number(match[2]), channel)
    if not match[2].isdecimal() or int(match[2]) > 119:
        raise ValueError(f"{value!r} is no pad: CCs are numbered 0 to 119")
    return Button("cc", int(match[2]), channel)


def _pad(value: Any) -> Button:
    found = button_of(value)
    if found is None:
        raise ValueError("is no pad: a button is a note (36), a CC (cc 20), or one on a channel (53/8)")
    return found


def _pages(value: Any) -> Any:
    """A grid of one page may be written without the list of its pages."""
    is_rows = isinstance(value, list) and value and all(isinstance(row, list) for row in value)
    return [value] if is_rows and not any(isinstance(cell, list) for row in value for cell in row) else value


def _messages(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _template(value: str) -> str:
    Template(value)
    return value


_Text = Annotated[str, AfterValidator(_template)]
_Messages = Annotated[tuple[_Text, ...], BeforeValidator(_messages)]
_Raw = Annotated[tuple[str, ...], BeforeValidator(_messages)]
_Row = tuple[Annotated[Button | None, BeforeValidator(button_of)], ...]
_Buttons = tuple[Annotated[Button, BeforeValidator(_pad)], ...]


def _check_pattern(text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no valid pattern: {error}") from None


class Lamp(StrictData):
    """What lights an LED; messages with holes (`midifrag.surface.templates`)."""

    still: _Messages = Field(description="what lights it, as it stays")
    blink: _Messages | None = Field(default=None, description="what has it blink; without it, it stays lit")
    pulse: _Messages | None = Field(default=None, description="what has it swell; without it, it blinks")
    off: _Messages | None = Field(default=None, description="what puts it out; without it, `still` in no colour")
    states: dict[PadState, _SEVEN_BIT] = Field(
        default={}, description="the number of each state, for LEDs that have no colours"
    )
    lit: _SEVEN_BIT | None = Field(default=None, description="`{state}` of an LED that is lit on the beat")
    colours: dict[str, _SEVEN_BIT] = Field(default={}, description="the number of each colour; else the palette's")
    in_tempo: bool = Field(default=True, description="whether it may blink in the tempo of the music")

    @model_validator(mode="after")
    def _known_colours(self) -> Lamp:
        unknown = sorted(set(self.colours) - set(COLOURS))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(COLOURS)}")
        return self

    def messages(self, motion: str) -> tuple[str, ...]:
        """What lights it with this motion."""
        if motion == "pulse":
            return self.pulse or self.blink or self.still
        return (self.blink if motion == "blink" else None) or self.still


class Ports(StrictData):
    """What its ports are called, as regular expressions, so that the surface alone finds it."""

    name: str = Field(min_length=1, description="what every port of it is called")
    lights: str | None = Field(default=None, description="which of them has its pads and lights; else any")
    others: str = Field(default=r"(?!)", description="which of them do not")
    identity: str = Field(default="", description="how its identity reply begins: the maker's id and family code, hex")

    @model_validator(mode="after")
    def _readable(self) -> Ports:
        for text in (self.name, self.lights or "", self.others):
            _check_pattern(text)
        try:
            bytes.fromhex(self.identity)
        except ValueError:
            raise ValueError(f"identity: {self.identity!r} is no hexadecimal text such as 00 20 29 13 01") from None
        return self


class Description(StrictData):
    """One controller, or several that differ in a few bytes."""

    about: str = Field(min_length=1, description="what it is for, in one line")
    source: str = Field(min_length=1, description="the document that its bytes come from")
    grid: Annotated[tuple[tuple[_Row, ...], ...], BeforeValidator(_pages)] = Field(
        default=(),
        description="its pads as rows of notes and CCs, the top row first; several such grids where it has pad banks "
        "of its own; without it, every note is a pad",
    )
    side: _Buttons = Field(default=(), description="buttons at its right edge, from the top")
    head: _Buttons = Field(default=(), description="a row of buttons above its pads, from the left")
    foot: _Buttons = Field(default=(), description="a row of buttons below its pads, from the left")
    pads: Lamp | None = Field(default=None, description="what lights its pads; without it, nothing does")
    buttons: Lamp | None = Field(default=None, description="what lights its buttons; without it, nothing does")
    screen: Screen | None = Field(default=None, description="its display, where MIDI carries text to it")
    init: _Raw = Field(default=(), description="messages at the start, in hexadecimal")
    leave: _Raw = Field(default=(), description="messages at the end, in hexadecimal")
    values: dict[str, str] = Field(default={}, description="bytes by name, for `{name}` in init and leave")
    devices: dict[str, dict[str, str]] = Field(
        default={}, description="values of devices whose name matches a regular expression"
    )
    ports: Ports | None = Field(default=None, description="how it is found among all ports")

    @model_validator(mode="after")
    def _complete(self) -> Description:
        if any(len(row) > MOST_ROWS for page in self.grid for row in page) or any(
            len(page) > MOST_ROWS for page in self.grid
        ):
            raise ValueError(f"a grid has at most {MOST_ROWS} rows and columns")
        there = [pad for page in self.grid for row in page for pad in row if pad] + [*self.side, *self.head, *self.foot]
        twice = next((pad for at, pad in enumerate(there) if pad in there[:at]), None)
        if twice is not None:
            raise ValueError(f"{twice.kind} {twice.number} stands there twice")
        known = dict.fromkeys(self.values, 1)
        for name, values in self.devices.items():
            _check_pattern(name)
            unknown = sorted(set(values) - set(self.values))
            if unknown:
                raise ValueError(f"devices: {unknown[0]!r} is none of values: {', '.join(self.values)}")
        for text in (*self.values.values(), *(value for one in self.devices.values() for value in one.values())):
            if not re.fullmatch(r"[0-7][0-9A-Fa-f]", text):
                raise ValueError(f"{text!r} is no byte: two hexadecimal digits from 00 to 7F")
        for text in (*self.init, *self.leave):
            Template(text, (*known, *(() if known else ("number",))))
        return self

    @cached_property
    def layout(self) -> Grid | None:
        """Its grid; None where every note is a pad."""
        return grid_of(self.grid, self.side, self.foot, self.head) if self.grid else None

    @property
    def family(self) -> Family | None:
        """How it is found."""
        if self.ports is None:
            return None
        ports = self.ports
        identity = tuple(bytes.fromhex(ports.identity))
        return Family("", self.about, ports.name, ports.lights or ports.name, ports.others, identity)

    def values_for(self, device: str) -> Mapping[str, int]:
        """The named bytes of the device that calls itself ``device``."""
        values = dict(self.values)
        for pattern, own in self.devices.items():
            if re.search(pattern, device, re.IGNORECASE):
                values |= own
                break
        return {name: int(text, 16) for name, text in values.items()}
