"""Where a bank's pads lie: on a grid of its own making, and on a controller's.

A bank says places (`at`, `grid`), or its notes do: 36–51 are the 4 × 4 of most pad controllers, 11–88 with digits 1–8
the 8 × 8 of a Launchpad, and others lie in their order. What a controller shows of it is read both ways: a press comes
in from a seat, and a light goes out to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from midifrag.config.controls import Control
from midifrag.pad_key import PadKey
from midifrag.surface.grid import CORNER, Grid, Place, Seat

#: The rows and columns of a bank beside others, and of most banks.
BLOCK = 4
#: A bank with more pads than this is eight columns wide.
SMALL = BLOCK * BLOCK
#: What lies where on a controller: the bank's name (its slug) and the pad.
Lying: TypeAlias = Mapping[Seat, tuple[str, PadKey]]


def places_of(keys: Collection[PadKey], written: Mapping[PadKey, Place] | None = None) -> dict[PadKey, Place]:
    """The place of each pad; those of ``written`` are its own, and the others lie around them in their order."""
    own = {key: place for key, place in (written or {}).items() if key in keys}
    others = sorted(key for key in keys if key not in own)
    if not own:
        notes = [key.note for key in others]
        if len(set(notes)) == len(notes):
            if all(36 <= note <= 51 for note in notes):
                return {key: Place(1 + (key.note - 36) // 4, 1 + (key.note - 36) % 4) for key in others}
            if all(1 <= note // 10 <= 8 and 1 <= note % 10 <= 8 for note in notes):
                return {key: Place(*divmod(key.note, 10)) for key in others}
    columns = max(BLOCK if len(keys) <= SMALL else 2 * BLOCK, *(place.column for place in own.values()), 1)
    taken = set(own.values())
    free = (place for place in _in_order(len(keys) + len(own), columns) if place not in taken)
    return own | dict(zip(others, free, strict=False))


def _in_order(rows: int, columns: int) -> Iterable[Place]:
    return (Place(row, column) for row, column in product(range(1, rows + 1), range(1, columns + 1)))


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a grid: its lower left corner, and how many rows and columns it has."""

    corner: Place
    rows: int
    columns: int

    def seats(self, grid: Grid) -> list[Seat]:
        """Its seats that have a pad: page by page, row by row from the bottom."""
        places = [self.of(place) for place in _in_order(self.rows, self.columns)]
        return [seat for page in range(grid.pages) for place in places if (seat := Seat(page, place)) in grid.pads]

    def of(self, place: Place) -> Place:
        """Where a place of a bank is on the grid."""
        return Place(self.corner.row + place.row - 1, self.corner.column + place.column - 1)


def pages_on(grid: Grid, places: Mapping[PadKey, Place], window: Window) -> list[dict[Seat, PadKey]]:
    """What lies where in a window of a grid, page by page; a bank that is no larger is one page.

    What is larger lies in its order instead, row by row from its lower left, on as many pages as that takes.
    """
    direct = {Seat(0, window.of(place)): key for key, place in places.items()}
    inside = all(place.row <= window.rows and place.column <= window.columns for place in places.values())
    if inside and all(seat in grid.pads for seat in direct):
        return [direct]
    seats = window.seats(grid)
    if not seats:
        return [{}]
    ordered = sorted(places, key=lambda key: places[key])
    return [
        dict(zip(seats, ordered[first : first + len(seats)], strict=False))
        for first in range(0, max(1, len(ordered)), len(seats))
    ]


def windows_on(grid: Grid, banks: int) -> list[Window]:
    """The parts of a grid where at most ``banks`` banks lie side by side, from the lower left."""
    corners = product(range(1, grid.rows - BLOCK + 2, BLOCK), range(1, grid.columns - BLOCK + 2, BLOCK))
    return [Window(Place(*corner), BLOCK, BLOCK) for corner in corners][:banks]


def whole(grid: Grid, corner: Place = CORNER) -> Window:
    """All of a grid from a corner on; from its own, where that one lies outside of it."""
    if corner.row > grid.rows or corner.column > grid.columns:
        corner = CORNER
    return Window(corner, grid.rows - corner.row + 1, grid.columns - corner.column + 1)


@dataclass(frozen=True)
class Plan:
    """What of a bank matters for where it lies: its name (slug), its pads with the port of each, and written places.

    Its ``controls`` take buttons.
    """

    slug: str
    pads: Mapping[PadKey, str | None]
    written: Mapping[PadKey, Place]
    controls: tuple[Control, ...] = ()

    def places(self, port: str) -> dict[PadKey, Place]:
        """The places of the pads that a port shows."""
        return places_of([key for key, own in self.pads.items() if own in (None, port)], self.written)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a port shows now: its page of the bank, and how many banks side by side."""

    page: int = 0
    side: int = 1


def lying(grid: Grid, plans: Sequence[Plan], active: int, port: str, corner: Place, shown: Shown) -> Lying:
    """What lies where on the grid at ``port``. ``plans`` are those of the set list.

    Banks side by side are those of the active one's group. One alone begins at ``corner``; pages go round.
    """
    found: dict[Seat, tuple[str, PadKey]] = {}
    for slug, pages in _pages(grid, plans, active, port, corner, shown):
        found |= {seat: (slug, key) for seat, key in pages[shown.page % len(pages)].items()}
    return found


def page_count(grid: Grid, plans: Sequence[Plan], active: int, port: str, corner: Place, shown: Shown) -> int:
    """How many pages what lies on the grid at ``port`` has; see `lying`."""
    return max(len(pages) for _slug, pages in _pages(grid, plans, active, port, corner, shown))


def _pages(
    grid: Grid, plans: Sequence[Plan], active: int, port: str, corner: Place, shown: Shown
) -> list[tuple[str, list[dict[Seat, PadKey]]]]:
    windows = windows_on(grid, shown.side) if shown.side > 1 else []
    if len(windows) < 2:
        return [(plans[active].slug, pages_on(grid, plans[active].places(port), whole(grid, corner)))]
    group = plans[active // len(windows) * len(windows) :]
    return [
        (plan.slug, pages_on(grid, plan.places(port), window)) for window, plan in zip(windows, group, strict=False)
    ]
