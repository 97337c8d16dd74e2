"""The set's ports: which devices messages come from and go to, and what they are told."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from midifrag.config.value_types import Channel, NotBlank, Strict, Written
from midifrag.errors import SurfaceError
from midifrag.surface import SURFACES, factory_for
from midifrag.surface.families import families

#: The most ports that another one's messages go on to.
MOST_THRU = 32


def _pattern(value: str) -> str:
    """A name as it is, with whatever brackets (Windows cuts long names off), or an expression; but no sign alone."""
    if re.search(r"\w", value) is None:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{value!r} is no valid pattern: {error}") from None
    return value


class VirtualPort(Strict):
    """A port that midifrag makes itself, under this name (macOS and Linux)."""

    virtual: NotBlank = Field(min_length=1, description="the port's name as other programs see it")


def _port_name(value: Any) -> Any:
    if isinstance(value, str):
        return _pattern(value)
    if (
        isinstance(value, dict)
        and list(value) == ["virtual"]
        and isinstance(value["virtual"], str)
        and value["virtual"]
    ):
        return VirtualPort(virtual=value["virtual"])
    if isinstance(value, VirtualPort):
        return value
    raise ValueError(f"{value!r} is neither a pattern in quotes nor {{virtual: name}}")


PortName: TypeAlias = Annotated[
    VirtualPort | str, BeforeValidator(_port_name), Written("pattern in quotes, or {virtual: name}")
]


def _known_surface(value: str) -> str:
    try:
        factory_for(value)
    except SurfaceError as error:
        raise ValueError(str(error)) from error
    return value


SurfaceName: TypeAlias = Annotated[
    str, AfterValidator(_known_surface), Written(f"one of {', '.join(SURFACES)}, or a plug-in's")
]


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class PortSettings(Strict):
    """One device: where its messages come from, where feedback goes and what it understands."""

    input: PortName | None = Field(
        default=None,
        alias="in",
        description="where messages come from: the port's name, a part of it, or a regular expression; a controller "
        "that its surface knows is found without",
    )
    output: PortName | None = Field(default=None, alias="out", description="where feedback goes")
    surface: SurfaceName = Field(default="echo", description="what kind of controller feedback is for")
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    performer: NotBlank | None = Field(
        default=None,
        min_length=1,
        description="who plays it, such as left: each performer has an active bank of their own; ports without one are "
        "played together",
    )
    thru: Annotated[tuple[str, ...], BeforeValidator(_names), Written("a port's name, or a list of them")] = Field(
        default=(), max_length=MOST_THRU, description="the ports that what comes in here goes on to; none, unless asked"
    )
    ignore_echo: bool = Field(
        default=True,
        description="leave out our own feedback where it comes back as input, as MIDI thru or a monitoring track does",
    )

    @property
    def is_found_by_family(self) -> bool:
        """Whether both directions are those of a controller that the surface knows by name."""
        return self.input is None and self.output is None and bool(families(self.surface))


class NotifySettings(Strict):
    """A note (on, then off) with the slot's number when it lands, so that a DAW can react."""

    port: str = Field(description="the port that the note goes out of")
    channel: Channel = Field(default=16, description="the note's channel")
    first_note: int = Field(default=1, ge=0, le=127, description="the note of slot 1; slot 2 is one above, and so on")
