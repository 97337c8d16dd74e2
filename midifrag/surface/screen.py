"""A controller's display that takes text over MIDI: what a line becomes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Literal

import mido
from pydantic import BaseModel, ConfigDict, Field, field_validator

from midifrag.surface.templates import Template

#: What a hole may be called in the message of a line.
HOLES = {
    "row": "the line, from 0 on",
    "offset": "how many characters of the display come before it",
    "high": "the upper half of that, 0-15",
    "low": "the lower half",
}


def _ascii(text: str) -> list[int]:
    return [ord(one) if " " <= one <= "~" else ord("?") for one in text]


def _faderfox(text: str) -> list[int]:
    """Three bytes a character, as the EC4 has it: 4D, then its halves."""
    return [byte for one in _ascii(text) for byte in (0x4D, 0x20 | one >> 4, 0x10 | one & 0x0F)]


def _electra(text: str) -> list[int]:
    """The update of a control's name, as JSON."""
    return _ascii(json.dumps({"name": text.rstrip()}, separators=(",", ":"), ensure_ascii=True))


_CHARACTERS: dict[str, Callable[[str], list[int]]] = {"ascii": _ascii, "faderfox": _faderfox, "electra": _electra}


class StrictData(BaseModel):
    """Frozen data of a description, which refuses keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Screen(StrictData):
    """A display of lines, or of one name for each control."""

    rows: int = Field(ge=1, le=64, description="how many lines it has")
    columns: int = Field(ge=1, le=127, description="how many characters a line has")
    line: str = Field(description="what writes a line; {row}, {offset}, {high}, {low} say where, {text} is the text")
    hide: str | None = Field(default=None, description="what gives the display back; {text} is blank")
    characters: Literal["ascii", "faderfox", "electra"] = Field(default="ascii", description="how text is written")
    shows: Literal["lines", "controls"] = Field(
        default="lines", description="lines of text, or on each line what one of the set's controls is at"
    )

    @field_validator("line", "hide")
    @classmethod
    def _a_message(cls, value: str | None) -> str | None:
        if value is not None:
            Template(value, tuple(HOLES), has_text=True)
        return value

    def write(self, row: int, text: str) -> list[mido.Message]:
        """What writes ``text`` on a line, from 0 on; it is cut, or filled with blanks."""
        return self._written(self.line, row, text[: self.columns].ljust(self.columns))

    def blank(self) -> list[mido.Message]:
        """What gives the display back, or leaves it empty."""
        if self.hide is not None:
            return self._written(self.hide, 0, " " * self.columns * self.rows)
        return [message for row in range(self.rows) for message in self.write(row, "")]

    def _written(self, text: str, row: int, line: str) -> list[mido.Message]:
        offset = row * self.columns
        values = {"row": row, "offset": offset, "high": offset >> 4, "low": offset & 0x0F}
        template = Template(text, tuple(HOLES), has_text=True)
        message = template.message(values, _CHARACTERS[self.characters](line))
        return [] if message is None else [message]
