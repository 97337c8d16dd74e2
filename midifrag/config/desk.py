"""What lies where on every controller of a set while a bank is active: read by presses, lights and the page alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

from midifrag.config.actions import Action
from midifrag.config.banks import Bank
from midifrag.config.buttons import ButtonUse, uses_of
from midifrag.config.controls import Control
from midifrag.config.layout import Lying, Plan, Shown, lying, page_count, windows_on
from midifrag.config.settings import Settings
from midifrag.pad_key import PadKey
from midifrag.surface.grid import MOST_ROWS, Button, Grid

Kind = Literal["note", "cc"]


def plan_of(bank: Bank) -> Plan:
    """What of a bank matters for where it lies."""
    return Plan(bank.slug, bank.pad_ports, bank.places, bank.all_controls)


class Desk:
    """The controllers of ``settings`` while the plan at ``active`` is; ``shown`` is what ports show that differs."""

    def __init__(
        self, settings: Settings, plans: Sequence[Plan], active: int, shown: Mapping[str, Shown] | None = None
    ) -> None:
        self.settings = settings
        self.plans = plans
        self.active = active
        self._shown = dict(shown or {})
        self._lying: dict[tuple[str, int], Lying] = {}
        self._uses: dict[tuple[str, int], dict[Button, ButtonUse]] = {}

    def shown(self, port: str) -> Shown:
        """What a port shows of the banks."""
        return self._shown.get(port) or Shown(side=self.settings.ports[port].banks)

    def grids(self, port: str) -> tuple[Grid, ...]:
        """The grids that may be at a port where banks lie by place; none where they lie by notes."""
        settings = self.settings.ports.get(port)
        return settings.grids if settings is not None else ()

    def lying(self, port: str, grid: Grid) -> Lying:
        """What lies where on a grid at a port."""
        known = (port, id(grid))
        if known not in self._lying:
            corner = self.settings.ports[port].corner
            self._lying[known] = lying(grid, self.plans, self.active, port, corner, self.shown(port))
        return self._lying[known]

    def pages(self, port: str) -> int:
        """How many pages what a port shows has; 1 where banks lie by notes."""
        shown, corner = self.shown(port), self.settings.ports[port].corner
        return max(page_count(grid, self.plans, self.active, port, corner, shown) for grid in self.grids(port))

    def room(self, port: str) -> int:
        """How many banks have room side by side on every grid that may be at a port."""
        return min(max(1, len(windows_on(grid, MOST_ROWS))) for grid in self.grids(port))

    def pad(self, port: str, kind: Kind, number: int, channel: int) -> tuple[str, PadKey] | None:
        """The bank (its slug) and the pad that a message from a port means, where banks lie by place."""
        for grid in self.grids(port):
            seat = grid.seat(kind, number, channel)
            found = self.lying(port, grid).get(seat) if seat is not None else None
            if found is not None:
                return found
        return None

    def is_own(self, port: str, kind: Kind, number: int, channel: int) -> bool:
        """Whether a controller has a pad or a button of just this channel: what is of any channel does not take it."""
        wanted = Button(kind, number, channel)
        return any(grid.names(wanted) for grid in self.grids(port))

    def button(self, port: str, kind: Kind, number: int, channel: int) -> ButtonUse | None:
        """What a button beside the grid does, if the message is one's."""
        for grid in self.grids(port):
            button = grid.button(kind, number, channel)
            if button is not None:
                return self.uses(port, grid).get(button)
        return None

    def uses(self, port: str, grid: Grid) -> dict[Button, ButtonUse]:
        """What the buttons beside a grid at a port do; those that an action or a control takes are its."""
        known = (port, id(grid))
        if known not in self._uses:
            self._uses[known] = self._uses_of(port, grid) if self.settings.ports[port].buttons else {}
        return self._uses[known]

    def _uses_of(self, port: str, grid: Grid) -> dict[Button, ButtonUse]:
        slugs = [plan.slug for plan in self.plans]
        has_room = len(windows_on(grid, 2)) > 1
        uses = uses_of(grid, slugs, self.active, self.settings.fragments.count, has_room=has_room)
        return {button: use for button, use in uses.items() if not self._is_taken(port, button)}

    def _is_taken(self, port: str, button: Button) -> bool:
        controls = (*self.settings.all_controls, *self.plans[self.active].controls)
        of_controls = [one for one in controls if button.channel in (None, one.channel)]
        taking: tuple[Action | Control, ...] = (*self.settings.actions, *of_controls)
        return any(
            (one.cc if button.kind == "cc" else getattr(one, "note", None)) == button.number
            and one.port in (None, port)
            and (button.channel is None or one.channel in (None, button.channel))
            for one in taking
        )

    @cached_property
    def ccs(self) -> frozenset[tuple[str, int | None, int]]:
        """The CCs that pads and buttons of the controllers send, by port, channel (None: any) and number."""
        return frozenset(
            (port, button.channel, button.number)
            for port in self.settings.ports
            for grid in self.grids(port)
            for button in (*grid.pads.values(), *self.uses(port, grid))
            if button.kind == "cc"
        )
