"""One audio player for a screen: what it plays, it plays in the browser, beside whatever the DAW plays."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable

from nicegui import ui

from midifrag.config.pads import told_name
from midifrag.events import JobChanged
from midifrag.page import texts
from midifrag.page.panels.panel import icon_button, set_prop
from midifrag.states import JobState


class Player:
    """Plays a slot or a take; the next one takes its place. What sounds is done by player.js."""

    def __init__(self) -> None:
        self._times = itertools.count(1)
        self._address = ""
        self._heard: int | None = None

    def build(self) -> None:
        """Make its elements, where they shall lie. Before that, nothing is played."""
        with ui.element("section").classes("player").props(f'aria-label="{texts.PLAYER_NAME}"') as self._bar:
            self._title = ui.label(texts.PLAYER).classes("player-title")
            ui.label().classes("player-said").props("role=status")
            with ui.element("button").classes("player-toggle icon") as toggle:
                ui.icon("play_arrow").classes("when-still").props("aria-hidden=true")
                ui.icon("stop").classes("when-playing").props("aria-hidden=true")
            toggle.props["aria-label"] = toggle.props["title"] = texts.PLAY_OR_STOP
            _slider("player-at", texts.PLAYER_AT, 1000, 0)
            icon_button("repeat", texts.PLAYER_LOOP).classes("player-loop").props["aria-pressed"] = "false"
            icon_button("compare", texts.PLAYER_AB).classes("player-ab")
            _slider("player-level", texts.PLAYER_LEVEL, 100, 100)
            choice = ui.element("select").classes("player-output")
            choice.props["aria-label"] = choice.props["title"] = texts.PLAYER_OUTPUT
            self._follows = ui.checkbox(texts.PLAYER_FOLLOWS).classes("player-follows")
            # On a small screen its words have no room.
            self._follows.props["aria-label"] = texts.PLAYER_FOLLOWS

    def __call__(self, address: str, title: str) -> None:
        """Play what is at ``address`` from its beginning."""
        self._begin(address, title)
        _call("play", self._fresh(address))

    def compare(self, addresses: tuple[str, str], title: str) -> None:
        """Play one of two, and the other one from the same place on at each press of a button."""
        self._begin(addresses[0], title)
        set_prop(self._bar, "data-compares", "true")
        _call("compare", *map(self._fresh, addresses))

    def landed(self, finished: Iterable[JobChanged]) -> None:
        """Jobs that are over: what lands where this plays from takes its place; any, where that is asked for."""
        jobs = list(finished)
        newest = max((job.job for job in jobs), default=0)
        new = [] if self._heard is None else [job for job in jobs if job.job > self._heard]
        self._heard = max(newest, self._heard or 0)
        for job in new:
            if job.state is not JobState.LANDED or job.slot is None:
                continue
            address, title = f"/slots/{job.slot}.wav", told_name(job.label, job.prompt)
            if address == self._address:
                self._title.text = title
                _call("replace", self._fresh(address))
            elif self._follows.value:
                self(address, title)

    def _begin(self, address: str, title: str) -> None:
        self._address = address
        self._title.text = title
        set_prop(self._bar, "data-plays", address)
        set_prop(self._bar, "data-compares", None)

    def _fresh(self, address: str) -> str:
        """What no browser has kept from the last time."""
        return f"{address}?play={next(self._times)}"


def _slider(name: str, label: str, most: int, value: int) -> None:
    slider = ui.element("input").classes(name).props(f"type=range min=0 max={most} value={value}")
    slider.props["aria-label"] = slider.props["title"] = label


def _call(method: str, *arguments: str) -> None:
    ui.run_javascript(f"window.player.{method}({', '.join(map(json.dumps, arguments))})")
