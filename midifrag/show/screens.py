"""What displays of controllers say: the active bank and its neighbours, what happened last, slots, controls' values."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import mido

from midifrag.bridge.view import View
from midifrag.config.parameters import shown
from midifrag.events import BankChanged, ControlChanged, PadChanged, SlotsChanged, Sounding, StateChange
from midifrag.states import UNDER_WAY, PadState
from midifrag.surface.screen import Screen

#: A display is written at most once in so many seconds: what sweeps past cannot be read, and floods its cable.
EVERY = 0.1
#: A pad at rest is no news.
_REST = (PadState.IDLE, PadState.READY)


class Screens:
    """The displays of a show, by port. `handle` takes in changes, after ``view`` has; `write` says them, when due."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._screens: dict[str, Screen] = {}
        self._written: dict[str, list[str]] = {}
        self._last = ""
        self._due: float | None = None

    def add(self, port: str, screen: Screen) -> None:
        """A display is there; it is written from the start."""
        self._screens[port] = screen
        self._written[port] = []
        self._due = self._due or 0.0

    def remove(self, port: str) -> list[mido.Message]:
        """A display goes; what gives it back."""
        self._written.pop(port, None)
        screen = self._screens.pop(port, None)
        return [] if screen is None else screen.blank()

    def handle(self, change: StateChange) -> None:
        """Take in a change, if it is one that is shown."""
        if not isinstance(change, PadChanged | BankChanged | ControlChanged | SlotsChanged | Sounding):
            return
        if isinstance(change, PadChanged) and change.state not in _REST:
            self._last = f"{self._label(change)}: {change.state.value}"
        elif isinstance(change, ControlChanged) and change.value is not None:
            self._last = f"{change.name} {shown(change.value)}"
        if self._screens and self._due is None:
            self._due = 0.0

    def write(self, now: float, send: Callable[[str, list[mido.Message]], object]) -> float | None:
        """Write what has changed, unless that was just done; when to look again, in monotonic seconds, if at all."""
        if self._due is None or not self._screens:
            return None
        if now < self._due:
            return self._due
        wrote = False
        for port, screen in self._screens.items():
            before, lines = self._written[port], self._lines(screen)
            changed = [row for row, line in enumerate(lines) if row >= len(before) or before[row] != line]
            if changed:
                wrote = True
                self._written[port] = lines
                send(port, [message for row in changed for message in screen.write(row, lines[row])])
        # Once more, for what changes until then.
        self._due = now + EVERY if wrote else None
        return self._due

    def _lines(self, screen: Screen) -> list[str]:
        lines = self._controls() if screen.shows == "controls" else self._news(screen)
        return [line[: screen.columns] for line, _row in zip(lines, range(screen.rows), strict=False)]

    def _news(self, screen: Screen) -> Iterator[str]:
        yield self._banks(screen.columns)
        yield self._last
        yield ", ".join(self._under_way())
        yield "".join(self._slots())

    def _banks(self, columns: int) -> str:
        names, active = [bank.name for bank in self._view.banks], self._view.bank
        if active is None or not names:
            return "" if active is None else active.name
        at = active.index % len(names)
        among = f"{names[at - 1]} < {active.name} > {names[(at + 1) % len(names)]}"
        return among if len(names) > 1 and len(among) <= columns else f"{at + 1}/{len(names)} {active.name}"

    def _under_way(self) -> Iterator[str]:
        for (bank, _key), pad in self._view.pads.items():
            if self._view.bank is not None and bank == self._view.bank.slug and pad.state in UNDER_WAY:
                yield f"{self._label(pad)} {pad.state.value}"

    def _slots(self) -> Iterator[str]:
        for slot in self._view.slots:
            mark = {"free": ".", "filled": "o", "locked": "L"}[slot.state]
            yield f"{slot.number}{'*' if slot.sounds or slot.number in self._view.sounding else mark}"

    def _controls(self) -> Iterator[str]:
        bank, loaded = self._view.active_bank, self._view.configuration
        for control in (*(bank.all_controls if bank else ()), *(loaded.settings.all_controls if loaded else ())):
            name = control.value_name
            change = self._view.controls.get(name)
            value = change.value if change is not None else None
            yield name if value is None else f"{name} {shown(value)}"

    def _label(self, pad: PadChanged) -> str:
        bank = next((one for one in self._view.banks if one.slug == pad.bank), None)
        own = bank.pads.get(pad.pad) if bank is not None else None
        return own.label if own is not None else str(pad.pad)
