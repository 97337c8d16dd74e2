"""One browser's screen, and all of them: what changed is drawn at once, and no browser waits for another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math

from nicegui import Client, core, events, ui

from midifrag.clock import monotonic
from midifrag.page import set_texts, texts
from midifrag.page.edits import read_drafts, tab_of, written_drafts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels import table
from midifrag.page.panels.panel import Panel, set_prop
from midifrag.page.panels.player import Player
from midifrag.page.panels.saving import Question, ask_to_leave
from midifrag.page.panels.table import Area, Tab

_log = logging.getLogger(__name__)

#: What a browser has kept; see drafts.js.
_DRAFTS = "(e) => emit(e.detail)"

#: Seconds between two drawings while things change: what changed in between is drawn once.
DRAWN_EVERY = 0.04
#: The same of what presses do to pads, which waits for nothing else.
PRESSES_EVERY = 0.01
#: Seconds between two looks at what only time changes (ages, predictions).
TIME_STEP = 1.0
#: The same of what counts down to a boundary: a small part of a beat.
COUNTDOWN_STEP = 0.1
#: Screens that may wait for their browser at the same time.
MOST_WAITING = 16


class Screen:
    """Everything that one browser shows. A tab is built when it is opened first, and drawn while it is open.

    ``tab`` is the one that is open at the beginning, by its name; the first one where there is none of it.
    """

    def __init__(self, page: PageModel, client: Client, tab: str = "") -> None:
        self._page = page
        self.client = client
        self._panels: list[tuple[Panel, Tab | None]] = []
        self._seen: dict[Panel, int] = {}
        self._tabs = tuple(dict.fromkeys(row.tab for row in table.PANELS if row.tab))
        names = [one.name for one in self._tabs]
        self._open = tab if tab in names else names[0]
        self._rooms: dict[str, ui.tab_panel] = {}
        self._player = Player()
        #: What was asked last before a tab is left.
        self._asked: Question | None = None
        self._build()
        ui.on_exception(_tell_failure)

    def refresh(self) -> None:
        """Draw the panels whose parts have changed since they were drawn last."""
        for panel, tab in self._panels:
            version = sum(self._page.versions[part] for part in panel.parts)
            shown = tab is None or tab.name == self._open
            if shown and self._seen.get(panel) != version:
                self._seen[panel] = version
                panel.refresh()
        self._player.landed(self._page.view.finished)

    async def tell_presses(self, *, whole: bool = False) -> None:
        """Have the browser show what presses have made new; or the ``whole`` of it, where it may have missed some.

        Past NiceGUI, whose browser goes through all of a page for each part of it that is another one.
        """
        said = [one for panel, _ in self._panels for one in panel.pressed(whole=whole)]
        if said:
            await core.sio.emit("pads", said, room=self.client.id)

    def _build(self) -> None:
        ui.colors(primary="#2b6be0", negative="#d9303a", positive="#2fbf71", warning="#ffc24d")
        with ui.element("div").classes("screen"):
            with ui.element("header").classes("top"):
                with ui.element("h1").classes("brand"):
                    ui.label(texts.TITLE)
                self._fill(Area.TOP)
            with ui.element("nav").classes("tabs-place") as places, ui.tabs().props("no-caps").classes("tabs") as tabs:
                places.props["aria-label"] = texts.TABS
                for tab in self._tabs:
                    ui.tab(tab.name, tab.label, icon=tab.icon).on("stay", lambda name=tab.name: self._stay(name))
            with (
                ui.element("div").classes("rooms"),
                ui.tab_panels(tabs, value=self._open, animated=False, keep_alive=True).classes("panels"),
            ):
                for tab in self._tabs:
                    self._rooms[tab.name] = ui.tab_panel(tab.name).classes(tab.name)
            with ui.element("footer").classes("bottom"):
                self._fill(Area.BOTTOM)
                self._player.build()
            # What drafts.js asks about before the browser leaves, and keeps for a page that comes back.
            self._mark = ui.element("div").classes("unsaved-mark").on("drafts", self._bring_back, js_handler=_DRAFTS)
        self._fill_tab(next(tab for tab in self._tabs if tab.name == self._open))
        self._turned = tabs
        tabs.on_value_change(lambda event: self._turn(event.value))

    def _fill_tab(self, tab: Tab) -> None:
        """Build what lies on a tab; nothing where it has been built."""
        room = self._rooms.pop(tab.name, None)
        if room is None:
            return
        with room:
            self._fill(Area.MAIN, tab)
            if any(row.area is Area.SIDE and row.tab is tab for row in table.PANELS):
                with ui.element("div").classes("side"):
                    self._fill(Area.SIDE, tab)

    def _fill(self, area: Area, tab: Tab | None = None) -> None:
        for row in table.PANELS:
            if row.area is area and row.tab is tab:
                panel = row.panel(self._page, self._player)
                panel.unsaved_changed = self._mark_unsaved
                self._panels.append((panel, tab))

    def _mark_unsaved(self) -> None:
        """Have the browser know what is typed and not saved."""
        unsaved = "; ".join(filter(None, (panel.unsaved for panel, _ in self._panels)))
        set_prop(self._mark, "data-unsaved", unsaved or None)
        set_prop(self._mark, "data-drafts", written_drafts(self._page.edits.drafts(tab_of(self.client))) or None)

    def _bring_back(self, event: events.GenericEventArguments) -> None:
        """Take in what was typed in this browser before a page that is gone: nothing that is here now goes."""
        drafts = self._page.edits.drafts(tab_of(self.client))
        for place, draft in read_drafts(str(event.args)).items():
            drafts.setdefault(place, draft)
        self._page.touch(Part.EDITS)
        self._mark_unsaved()

    def _stay(self, name: str) -> None:
        """Go back to the tab that the browser shows still, since it was clicked while another one was on its way."""
        self._turned.value = name

    async def _turn(self, name: str) -> None:
        """Go to another tab; where something is typed on this one that is not saved, ask first."""
        # The tab that was clicked last counts, and that may be another one by now.
        if name == self._open or name != self._turned.value:
            return
        here = (panel for panel, tab in self._panels if tab is not None and tab.name == self._open)
        left = "; ".join(filter(None, (panel.unsaved for panel in here)))
        if not left:
            await self._open_tab(name)
            return
        # Still this one, until that is answered.
        self._turned.value = self._open

        if self._asked is not None:
            # Who clicks two tabs, one after the other, means the second.
            self._asked.close()

        async def go() -> None:
            # First: to turn there asks no more.
            self._open = self._turned.value = name
            await self._open_tab(name)

        self._asked = ask_to_leave(set_texts.LEAVE_TAB_ASKED.format(names=left), {set_texts.LEAVE_TAB: go})

    async def _open_tab(self, name: str) -> None:
        self._open = name
        # A reload, or somebody who keeps the address, comes back to it.
        ui.navigate.history.replace(f"/?tab={name}")
        self._fill_tab(next(tab for tab in self._tabs if tab.name == name))
        self.refresh()
        for panel, tab in self._panels:
            if tab is not None and tab.name == name:
                await panel.opened()


def _tell_failure(error: Exception) -> None:
    """What fails in answer to a browser is said there."""
    text = texts.PAGE_FAILED.format(error=f"{type(error).__name__}: {error}")
    ui.notify(text, type="negative", timeout=0, close_button=True, multi_line=True)


class Screens:
    """The screens of all browsers."""

    def __init__(self, page: PageModel) -> None:
        self._page = page
        self._screens: dict[str, Screen] = {}
        #: Those that no browser has connected to yet.
        self._expected: dict[str, Client] = {}
        #: When what presses did was drawn last, by `monotonic`.
        self._pressed_at = -math.inf
        #: Those whose browsers have just come, perhaps again.
        self._came_back: set[str] = set()

    def open(self, tab: str = "") -> None:
        """Build the screen of a browser that has just come, for a tab (by its name; else the first)."""
        client = ui.context.client
        self._make_room()
        screen = Screen(self._page, client, tab)
        screen.refresh()
        self._screens[client.id] = screen
        self._expected[client.id] = client
        client.on_connect(lambda: self._came(client.id))
        client.on_delete(lambda: self._forget(client.id))

    def _forget(self, client: str) -> None:
        self._screens.pop(client, None)
        self._expected.pop(client, None)
        self._came_back.discard(client)

    def _came(self, client: str) -> None:
        self._expected.pop(client, None)
        self._came_back.add(client)
        self._page.pressed.set()
        self._page.news.set()

    def _make_room(self) -> None:
        """Forget the oldest screens that no browser has come for: a storm of requests must not fill the memory.

        Those whose browser is away for a moment stay: what becomes of them is NiceGUI's to say.
        """
        waiting = [client for client in self._expected.values() if not client.has_socket_connection]
        for client in waiting[:-MOST_WAITING]:
            del self._expected[client.id]
            client.delete()

    async def keep_drawn(self) -> None:
        """Draw what changes, for ever. A screen that fails is told in the log and tried again with the next change."""
        await asyncio.gather(self._keep_presses_drawn(), self._keep_all_drawn())

    async def _keep_presses_drawn(self) -> None:
        while True:
            await self._page.pressed.wait()
            self._page.pressed.clear()
            self._pressed_at = monotonic()
            for screen in tuple(self._screens.values()):
                await self._tell_presses(screen)
            await asyncio.sleep(PRESSES_EVERY)

    async def _keep_all_drawn(self) -> None:
        due = monotonic() + TIME_STEP
        while True:
            wait = due - monotonic()
            with contextlib.suppress(TimeoutError):
                step = COUNTDOWN_STEP if self._page.counts_down else TIME_STEP
                await asyncio.wait_for(self._page.news.wait(), min(step, max(0.0, wait)))
            # What a press brings about is told in several parts; a browser that draws these first shows it later.
            await asyncio.sleep(PRESSES_EVERY)
            if self._page.pressed.is_set() or monotonic() < self._pressed_at + DRAWN_EVERY:
                await asyncio.sleep(DRAWN_EVERY)
            if self._page.counts_down:
                self._page.touch(Part.COUNTDOWN)
            now = monotonic()
            if now >= due:
                due = now + TIME_STEP
                self._page.touch(Part.TIME)
            self._page.news.clear()
            for screen in tuple(self._screens.values()):
                self._draw(screen)
                # Between two screens, others get their turn: answers, sockets, news.
                await asyncio.sleep(0)
            await asyncio.sleep(DRAWN_EVERY)

    async def _tell_presses(self, screen: Screen) -> None:
        if not screen.client.has_socket_connection:
            return
        came = screen.client.id in self._came_back
        self._came_back.discard(screen.client.id)
        try:
            await screen.tell_presses(whole=came)
        except Exception:
            _log.exception("presses could not be shown")

    def _draw(self, screen: Screen) -> None:
        if screen.client.is_deleted:
            self._forget(screen.client.id)
            return
        if not screen.client.has_socket_connection:
            # Not there now: all that it missed is drawn when it is back.
            return
        try:
            with screen.client:
                screen.refresh()
        except Exception:
            _log.exception("a screen could not be drawn")
