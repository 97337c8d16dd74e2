"""What a grid on the screen shows: a bank by itself, or a controller as it is, with what lies on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from midifrag.bridge.view import View
from midifrag.config.buttons import ButtonUse
from midifrag.config.desk import Desk, plan_of
from midifrag.config.layout import BLOCK, places_of
from midifrag.config.loading import Loaded
from midifrag.pad_key import PadKey
from midifrag.surface.grid import Grid, Place, Seat


@dataclass(frozen=True)
class Picture:
    """Rows and columns, and what is where, from the lower left: pads with their bank (its slug), and buttons.

    ``bare`` are places where the controller has nothing. ``port`` is the controller's; None for a bank by itself.
    """

    rows: int
    columns: int
    pads: Mapping[Place, tuple[str, PadKey]]
    buttons: Mapping[Place, ButtonUse] = field(default_factory=dict)
    bare: frozenset[Place] = frozenset()
    port: str | None = None


def of_bank(slug: str, keys: Collection[PadKey], written: Mapping[PadKey, Place] | None = None) -> Picture:
    """A bank by itself: in 4 × 4 where it has room in that."""
    places = places_of(keys, written)
    rows = max((place.row for place in places.values()), default=1)
    columns = max((place.column for place in places.values()), default=1)
    columns = BLOCK if columns <= BLOCK else max(2 * BLOCK, columns)
    return Picture(max(BLOCK, rows), columns, {place: (slug, key) for key, place in places.items()})


def of_controller(loaded: Loaded, view: View, port: str) -> Picture | None:
    """The controller at ``port`` as it is now; None where banks do not lie on one by place."""
    settings = loaded.settings.ports.get(port)
    slugs = [bank.slug for bank in loaded.banks]
    active = view.bank_on(port)
    if settings is None or not settings.grids or active is None or active.slug not in slugs:
        return None
    grid = settings.grids[0]
    desk = Desk(loaded.settings, [plan_of(bank) for bank in loaded.banks], slugs.index(active.slug), view.layouts)
    lying, uses = desk.lying(port, grid), desk.uses(port, grid)
    pages = 1 + max((seat.page for seat in lying), default=0)
    above, below = bool(grid.head), bool(grid.foot)
    rows = grid.rows * pages + above + below
    pads = {_at(seat, grid, below): there for seat, there in lying.items()}
    has = {_at(seat, grid, below) for seat in grid.pads if seat.page < pages}
    buttons = {
        **{Place(rows - above - down, grid.columns + 1): one for down, one in enumerate(grid.side)},
        **{Place(rows, 1 + across): one for across, one in enumerate(grid.head)},
        **{Place(1, 1 + across): one for across, one in enumerate(grid.foot)},
    }
    columns = grid.columns + bool(grid.side)
    all_places = {Place(row, column) for row in range(1, rows + 1) for column in range(1, columns + 1)}
    used = {place: uses[button] for place, button in buttons.items() if button in uses}
    return Picture(rows, columns, pads, used, frozenset(all_places - has - set(used)), port)


def controllers(loaded: Loaded) -> list[str]:
    """The ports whose controllers can be drawn."""
    return [name for name, port in loaded.settings.ports.items() if port.grids]


def _at(seat: Seat, grid: Grid, below: int) -> Place:
    """Where a seat is drawn: a controller's own pages one above the other, the first at the bottom."""
    return Place(seat.place.row + seat.page * grid.rows + below, seat.place.column)
