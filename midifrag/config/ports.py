"""The set's ports: which devices messages come from and go to, and what they are told."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    model_validator,
)

from midifrag.config.own_surfaces import own_surface
from midifrag.config.value_types import Channel, NotBlank, Strict, Written
from midifrag.errors import SurfaceError
from midifrag.surface import SURFACES, factory_for, grids_of, make_surface, surface_of
from midifrag.surface.description import Description
from midifrag.surface.driver import Surface
from midifrag.surface.families import Models, families
from midifrag.surface.grid import CORNER, MOST_ROWS, Grid, Place

#: The surface of anything: a pad's own note comes back.
ECHO = "echo"
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
    if own_surface(value) is not None:
        return value
    try:
        factory_for(value)
    except SurfaceError as error:
        raise ValueError(f"{error}, and there is no surfaces/{value}.yaml") from error
    return value


SurfaceName: TypeAlias = Annotated[
    str,
    AfterValidator(_known_surface),
    Written(f"one of {', '.join(SURFACES)}, a plug-in's, or of a file in surfaces/"),
]


def _written_place(value: Any) -> Any:
    if value == "notes" or isinstance(value, Place):
        return value
    is_pair = isinstance(value, list | tuple) and len(value) == 2
    if not is_pair or not all(type(one) is int and 1 <= one <= MOST_ROWS for one in value):
        raise ValueError(f"{value!r} is neither notes nor [row, column], each from 1 (the lower left) to {MOST_ROWS}")
    return Place(*value)


PortPlace: TypeAlias = Annotated[
    Place | Literal["notes"],
    PlainValidator(_written_place),
    PlainSerializer(lambda value: value if value == "notes" else list(value)),
    Written("notes, or [row, column]"),
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
    surface: SurfaceName = Field(default=ECHO, description="what kind of controller feedback is for")
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    place: PortPlace | None = Field(
        default=None,
        description="where a bank lies on a controller whose surface knows its grid: its lower left corner, else "
        "[1, 1]; notes: each pad is where the controller has its note",
    )
    banks: int = Field(
        default=1, ge=1, le=MOST_ROWS, description="how many banks lie side by side on a grid that has room for them"
    )
    buttons: bool = Field(
        default=True,
        description="whether buttons beside the grid select banks, lock slots and panic; actions and controls go first",
    )
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

    #: What its surface is, where a file beside the set says so.
    _described: Description | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _described_beside_the_set(self) -> PortSettings:
        self._described = own_surface(self.surface)
        return self

    def make_surface(self, device: str) -> Surface:
        """What lights the device that calls itself ``device``. Raises `SurfaceError`."""
        if self._described is not None:
            return surface_of(self._described, device)
        return make_surface(self.surface, device)

    @property
    def models(self) -> Models:
        """The controllers that its surface is for: how they are found."""
        if self._described is None:
            return self.surface
        family = self._described.family
        return () if family is None else (family,)

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The grids that its controller may have, where banks lie on it by their places."""
        return () if self.place == "notes" else self.known_grids

    @property
    def known_grids(self) -> tuple[Grid, ...]:
        """The grids that its controller may have, however banks lie on it."""
        if self._described is not None:
            return () if self._described.layout is None else (self._described.layout,)
        return grids_of(self.surface)

    @property
    def corner(self) -> Place:
        """Where the lower left corner of a bank lies."""
        return self.place if isinstance(self.place, Place) else CORNER

    @property
    def is_found_by_family(self) -> bool:
        """Whether both directions are those of a controller that the surface knows by name."""
        return self.input is None and self.output is None and bool(families(self.models))


class NotifySettings(Strict):
    """A note (on, then off) with the slot's number when it lands, so that a DAW can react."""

    port: str = Field(description="the port that the note goes out of")
    channel: Channel = Field(default=16, description="the note's channel")
    first_note: int = Field(default=1, ge=0, le=127, description="the note of slot 1; slot 2 is one above, and so on")
