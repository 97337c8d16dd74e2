"""The grid of a controller: which note or CC is which place, both ways, and the buttons beside it.

Rows and columns count from 1, from the lower left, as Launchpads count them. A controller that shows its pads in banks
of its own (A, B …) has several pages: each is a grid whose pads send something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

#: The most rows and columns of a grid, and of a bank's places.
MOST_ROWS = 16


class Place(NamedTuple):
    """A row and a column, each from 1 on, from the lower left."""

    row: int
    column: int


#: The lower left corner.
CORNER = Place(1, 1)


class Seat(NamedTuple):
    """A place on one of a controller's own pages, which count from 0."""

    page: int
    place: Place


class Button(NamedTuple):
    """What a pad or a button sends, and what its LED is called by: a note or a CC, on one channel 1–16 or on any."""

    kind: Literal["note", "cc"]
    number: int
    channel: int | None = None


@dataclass(frozen=True)
class Grid:
    """A controller's pads by their seats, and the buttons around them.

    ``side`` are those at the right, from the top; ``head`` and ``foot`` those above and below, from the left.
    """

    rows: int
    columns: int
    pads: Mapping[Seat, Button]
    side: tuple[Button, ...] = ()
    foot: tuple[Button, ...] = ()
    head: tuple[Button, ...] = ()
    _seats: Mapping[Button, Seat] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_seats", {button: seat for seat, button in self.pads.items()})

    @property
    def buttons(self) -> tuple[Button, ...]:
        """All buttons around the pads."""
        return (*self.side, *self.head, *self.foot)

    @property
    def row(self) -> tuple[Button, ...]:
        """The row of buttons that shows slots: that above the pads, or that below."""
        return self.head or self.foot

    @property
    def pages(self) -> int:
        """How many pages it has by itself."""
        return 1 + max((seat.page for seat in self.pads), default=0)

    def seat(self, kind: Literal["note", "cc"], number: int, channel: int) -> Seat | None:
        """The seat of the pad that sends this; None where it is no pad."""
        found = self._seats.get(Button(kind, number, channel))
        return found if found is not None else self._seats.get(Button(kind, number))

    def names(self, button: Button) -> bool:
        """Whether it has this very pad or button, with its channel."""
        return button in self._seats or button in self.buttons

    def button(self, kind: Literal["note", "cc"], number: int, channel: int) -> Button | None:
        """The button beside the grid that sends this, if it is one."""
        wanted = (Button(kind, number, channel), Button(kind, number))
        return next((one for one in self.buttons if one in wanted), None)


def grid_of(
    pages: Sequence[Sequence[Sequence[Button | None]]],
    side: Sequence[Button],
    foot: Sequence[Button] = (),
    head: Sequence[Button] = (),
) -> Grid:
    """The grid whose ``pages`` are rows of buttons as one sees them, the top row first; None where there is no pad."""
    pads = {
        Seat(number, Place(len(rows) - down, across + 1)): button
        for number, rows in enumerate(pages)
        for down, row in enumerate(rows)
        for across, button in enumerate(row)
        if button is not None
    }
    rows = max((len(rows) for rows in pages), default=0)
    columns = max((len(row) for rows in pages for row in rows), default=0)
    return Grid(rows, columns, pads, tuple(side), tuple(foot), tuple(head))
