"""What ports show of the banks that is not as the set says: a page, or several side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from midifrag.config.desk import Desk
from midifrag.config.layout import Shown
from midifrag.events import LayoutChanged, StateChange
from midifrag.intents import ShowBanks, TurnPage


class Layouts:
    """``shown`` is what ports show, by their names."""

    def __init__(self) -> None:
        self.shown: dict[str, Shown] = {}

    def turn_back(self, ports: Iterable[str]) -> None:
        """Another bank begins at its first page."""
        self.shown |= {port: replace(self.shown[port], page=0) for port in ports if port in self.shown}

    def show(
        self, change: TurnPage | ShowBanks, ports: Iterable[str], desk_of: Callable[[str], Desk]
    ) -> list[StateChange]:
        """Have a port, or all of ``ports``, show another page or another number of banks, where that can be."""
        told: list[StateChange] = []
        for port in ports if change.port is None else [change.port]:
            desk = desk_of(port)
            if not desk.grids(port):
                continue
            shown = desk.shown(port)
            if isinstance(change, TurnPage):
                shown = replace(shown, page=(shown.page + change.offset) % desk.pages(port))
            else:
                room = desk.room(port)
                side = change.side or (1 if shown.side > 1 else room)
                shown = replace(shown, side=min(max(1, side), room))
            self.shown[port] = shown
            told.append(LayoutChanged(port, shown.page, shown.side))
        return told

    def told(self) -> list[StateChange]:
        """All that is not as the set says, for who begins to watch."""
        return [LayoutChanged(port, shown.page, shown.side) for port, shown in self.shown.items()]
