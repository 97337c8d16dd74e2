"""One browser's screen, and all of them: what changed is drawn at once, and no browser waits for another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from nicegui import Client, ui

from midifrag.events import Notice
from midifrag.intents import Panic
from midifrag.page import texts
from midifrag.page.panels.archive import ArchivePanel
from midifrag.page.panels.editor import Editor
from midifrag.page.panels.engine import EnginePanel
from midifrag.page.panels.pads import Banks, Pads
from midifrag.page.panels.panel import Panel, set_prop
from midifrag.page.panels.player import Player
from midifrag.page.panels.prompt import PromptBox
from midifrag.page.panels.slots import Slots
from midifrag.page.stage import Part, Stage

_log = logging.getLogger(__name__)

#: Seconds between two drawings while things change: what changed in between is drawn once.
DRAWN_EVERY = 0.04
#: Seconds between two looks at what only time changes (ages, predictions).
TIME_STEP = 1.0
#: Screens that may wait for their browser at the same time.
MOST_WAITING = 16
ICONS = {"play": "grid_view", "archive": "inventory_2", "engine": "tune", "set": "edit_note"}


class Status(Panel):
    """Top line: engine, queue, latency, panic."""

    parts = frozenset({Part.ENGINES, Part.JOBS, Part.FINISHED})

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        with ui.element("div").classes("status"):
            self._engine = ui.label().classes("status-engine")
            with ui.element("div").classes("status-numbers"):
                self._queue = ui.label()
                self._latency = ui.label()
        panic = ui.button(texts.PANIC, on_click=lambda: stage.put(Panic())).props("unelevated no-caps color=negative")
        panic.classes("panic").props["title"] = texts.PANIC_HELP

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        view = self.stage.view
        engine = view.engines.get(self.stage.loaded.show.model) or next(iter(view.engines.values()), None)
        if engine is None:
            self._engine.text = texts.STARTING
        else:
            words = texts.ENGINE_STATES.get(engine.state, "{text}")
            self._engine.text = words.format(
                model=engine.model, text=engine.text, done=engine.done, total=engine.total or "?"
            )
            set_prop(self._engine, "data-state", engine.state)
        self._queue.text = texts.QUEUE.format(count=self.stage.queued)
        p50 = view.percentile(0.5)
        self._latency.text = texts.NO_LATENCY if p50 is None else texts.LATENCY.format(p50=p50)


class LastNotice(Panel):
    """The newest message, in a line that is always there."""

    parts = frozenset({Part.NOTICES})

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._text = ui.label(texts.NO_NOTICE).classes("notice").props("role=status")

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        notices: list[Notice] = list(self.stage.view.notices)
        if notices:
            self._text.text = notices[-1].text
            self._text.classes(replace=f"notice {notices[-1].level}")


class Screen:
    """Everything that one browser shows. What lies on a tab that is not open is drawn when it is opened."""

    def __init__(self, stage: Stage, client: Client) -> None:
        self._stage = stage
        self.client = client
        self._panels: list[tuple[Panel, str | None]] = []
        self._seen: dict[Panel, int] = {}
        self._tab = "play"
        self._build()

    def refresh(self) -> None:
        """Draw the panels whose parts have changed since they were drawn last."""
        for panel, tab in self._panels:
            version = sum(self._stage.versions[part] for part in panel.parts)
            if tab in (None, self._tab) and self._seen.get(panel) != version:
                self._seen[panel] = version
                panel.refresh()

    def _build(self) -> None:
        stage = self._stage
        ui.colors(primary="#4f8cff", negative="#e5383b", positive="#2fbf71", warning="#ffc24d")
        with ui.element("div").classes("screen"):
            with ui.element("header").classes("top"):
                ui.label(texts.TITLE).classes("brand")
                self._panels += [(Banks(stage), None), (Status(stage), None)]
            with ui.tabs().props("no-caps").classes("tabs") as tabs:
                for name, label in texts.TABS.items():
                    ui.tab(name, label, icon=ICONS[name])
            places = {}
            with ui.tab_panels(tabs, value=self._tab, animated=False, keep_alive=True).classes("panels"):
                for name in texts.TABS:
                    places[name] = ui.tab_panel(name).classes(name)
            with ui.element("footer").classes("bottom"):
                self._panels.append((LastNotice(stage), None))
                player = Player()
        with places["play"]:
            self._panels.append((Pads(stage), "play"))
            with ui.element("div").classes("side"):
                self._panels.append((PromptBox(stage), "play"))
                with ui.element("div").classes("slots-place"):
                    self._panels.append((Slots(stage, player), "play"))
        with places["archive"]:
            self._archive = ArchivePanel(stage, player)
            self._panels.append((self._archive, "archive"))
        with places["engine"]:
            self._panels.append((EnginePanel(stage), "engine"))
        with places["set"]:
            self._panels.append((Editor(stage), "set"))
        tabs.on_value_change(lambda event: self._open_tab(event.value))

    async def _open_tab(self, name: str) -> None:
        self._tab = name
        self.refresh()
        if name == "archive":
            await self._archive.look()


class Screens:
    """The screens of all browsers."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._screens: dict[str, Screen] = {}
        ui.add_head_html('<link rel="stylesheet" href="/page.css">', shared=True)

    def open(self) -> None:
        """Build the screen of a browser that has just come."""
        client = ui.context.client
        self._make_room()
        screen = Screen(self._stage, client)
        screen.refresh()
        self._screens[client.id] = screen
        client.on_connect(self._stage.news.set)
        client.on_delete(lambda: self._screens.pop(client.id, None))

    def _make_room(self) -> None:
        """Forget the oldest screens that no browser has connected to: a storm of requests must not fill the memory."""
        waiting = [screen for screen in self._screens.values() if not screen.client.has_socket_connection]
        for screen in waiting[:-MOST_WAITING]:
            screen.client.delete()

    async def keep_drawn(self) -> None:
        """Draw what changes, for ever. A screen that fails is told in the log and tried again with the next change."""
        due = time.monotonic() + TIME_STEP
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stage.news.wait(), max(0.0, due - time.monotonic()))
            if time.monotonic() >= due:
                due = time.monotonic() + TIME_STEP
                self._stage.touch(Part.TIME)
            self._stage.news.clear()
            for screen in tuple(self._screens.values()):
                self._draw(screen)
                # Between two screens, others get their turn: answers, sockets, news.
                await asyncio.sleep(0)
            await asyncio.sleep(DRAWN_EVERY)

    def _draw(self, screen: Screen) -> None:
        if screen.client.is_deleted:
            self._screens.pop(screen.client.id, None)
            return
        if not screen.client.has_socket_connection:
            # Not there now: all that it missed is drawn when it is back.
            return
        try:
            with screen.client:
                screen.refresh()
        except Exception:
            _log.exception("a screen could not be drawn")
