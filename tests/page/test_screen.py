"""A browser's screen, as the table of panels says it, and the screens of all browsers."""

import asyncio
import contextlib
import itertools

import pytest
from nicegui import Client, core, ui

from midifrag.events import Notice
from midifrag.pad_key import PadKey
from midifrag.page import screen
from midifrag.page.model import Part
from midifrag.page.panels import table
from midifrag.page.panels.panel import Panel
from midifrag.page.panels.table import Area, Row, Tab
from midifrag.page.screen import MOST_WAITING, Screen, Screens
from midifrag.states import EngineState, JobState, NoticeLevel, PadState
from tests.page.changes import active, engine, job, pad


class Own(Panel):
    """A panel that is none of the page's own: it counts what it is told."""

    parts = frozenset({Part.NOTICES})

    def __init__(self, page, play):
        super().__init__(page, play)
        self.times_opened = 0
        self.label = ui.label().classes("own-text")

    def refresh(self):
        self.label.text = f"{len(self.page.view.notices)} messages"

    async def opened(self):
        self.times_opened += 1
        self.play("/own.wav", "own")


def notice(text="hello"):
    return Notice(NoticeLevel.INFO, text)


def opened_screen(page):
    return page.do(lambda: Screen(page.page, page.client))


@pytest.mark.parametrize("area", [Area.TOP, Area.BOTTOM])
def test_a_panel_of_ones_own_is_one_row(headless, monkeypatch, area):
    monkeypatch.setattr(table, "PANELS", (*table.PANELS, Row(Own, area)))
    page = headless()
    shown = opened_screen(page)
    page.do(shown.refresh)
    assert page.text("own-text") == "0 messages"
    page.take(notice())
    assert page.text("own-text") == "0 messages"
    page.do(shown.refresh)
    assert page.text("own-text") == "1 messages"


def test_a_tab_of_ones_own_is_drawn_while_it_is_open(headless, monkeypatch):
    own = Tab("own", "Own", "star")
    monkeypatch.setattr(table, "PANELS", (*table.PANELS, Row(Own, Area.MAIN, own), Row(Own, Area.SIDE, own)))
    page = headless()
    shown = opened_screen(page)
    page.take(notice())
    page.do(shown.refresh)
    # Nothing of it is built before.
    assert page.texts("own-text") == []
    tabs = page.one("tabs")
    page.enter(tabs, "own")
    assert page.texts("own-text") == ["1 messages", "1 messages"]
    panels = [panel for panel, _ in shown._panels if isinstance(panel, Own)]
    assert [panel.times_opened for panel in panels] == [1, 1]
    page.take(notice())
    page.enter(tabs, "play")
    page.do(shown.refresh)
    assert page.texts("own-text") == ["1 messages", "1 messages"]


def test_a_page_that_comes_is_only_its_first_tab(headless):
    page = headless()
    opened_screen(page)
    assert [page.all(name) for name in ("archive-sheet", "engine-boxes", "editor")] == [[], [], []]
    built = []
    for name in ("archive", "engine", "set", "archive", "play"):
        page.enter(page.one("tabs"), name)
        built.append(len(page.client.elements))
    assert built[0] < built[1] < built[2] == built[3] == built[4]


def test_a_page_may_come_with_another_tab_open(headless):
    page = headless()
    shown = page.do(lambda: Screen(page.page, page.client, "osc"))
    page.do(shown.refresh)
    assert page.one("tabs") is not None
    assert page.text("osc-state").startswith("OSC is off.")
    assert page.all("pads-panel") == []
    page.enter(page.one("tabs"), "play")
    assert len(page.all("pads-panel")) == 1


def test_a_reload_comes_back_to_the_tab_that_was_open(headless):
    page = headless()
    opened_screen(page)
    page.enter(page.one("tabs"), "archive")
    assert "/?tab=archive" in page.told("run_javascript")[-1]["code"]


def test_a_tab_that_there_is_not_is_the_first(headless):
    page = headless()
    page.do(lambda: Screen(page.page, page.client, "<b>"))
    assert len(page.all("pads-panel")) == 1


def test_what_has_not_changed_is_not_drawn_again(headless, monkeypatch):
    drawn = []
    monkeypatch.setattr(Own, "refresh", lambda panel: drawn.append(panel))
    monkeypatch.setattr(table, "PANELS", (*table.PANELS, Row(Own, Area.TOP)))
    page = headless()
    shown = opened_screen(page)
    for change in (None, None, engine(), notice(), None):
        if change:
            page.take(change)
        page.do(shown.refresh)
    assert len(drawn) == 2


def test_the_shipped_screen_has_its_tabs_in_order_and_everything_in_its_place(headless):
    page = headless()
    opened_screen(page)
    tabs = [one.props["name"] for one in page.client.elements.values() if isinstance(one, ui.tab)]
    assert tabs == ["play", "archive", "engine", "set", "learn", "osc"]
    assert classes_in(page.one("top")) == ["brand", "banks", "time", "status", "panic"]
    assert classes_in(page.one("bottom")) == ["notices", "player"]
    assert classes_in(page.one("play")) == ["pads-panel", "side"]
    assert classes_in(page.one("side")) == ["prompt", "log", "slots-place"]


def classes_in(element):
    return [child.classes[0] for child in element.default_slot.children]


def test_a_whole_screen_shows_what_happens(headless):
    page = headless()
    shown = opened_screen(page)
    page.take(active(), engine(EngineState.READY, "sketch on cpu"), job(JobState.QUEUED), notice("the disk is full"))
    page.do(shown.refresh)
    assert page.text("status-engine") == "sketch, ready"
    assert page.text("notice") == "the disk is full"
    assert "active" in page.one("bank").classes
    page.do(lambda: shown._player("/takes/1.wav", "rain"))
    assert page.text("player-title") == "rain"
    for name in ("archive", "engine", "set", "play"):
        page.enter(page.one("tabs"), name)
    assert page.text("sheet-count") == "No takes that fit."


class Typed(Own):
    """A panel in which somebody types."""

    def __init__(self, page, play):
        super().__init__(page, play)
        self.text = ""

    @property
    def unsaved(self):
        return self.text


def typed_screen(headless, monkeypatch):
    """A screen whose tab Own is open, and the panel on it."""
    own = Tab("own", "Own", "star")
    monkeypatch.setattr(table, "PANELS", (*table.PANELS, Row(Typed, Area.MAIN, own)))
    page = headless()
    shown = opened_screen(page)
    page.enter(page.one("tabs"), "own")
    return page, next(panel for panel, _ in shown._panels if isinstance(panel, Typed))


def test_who_leaves_a_tab_on_which_something_is_typed_is_asked(headless, monkeypatch):
    page, panel = typed_screen(headless, monkeypatch)
    tabs = page.one("tabs")
    panel.text = "C1"
    for answer, ends in (("Stay here", "own"), ("Leave it for later", "play")):
        page.enter(tabs, "play")
        assert tabs.value == "own"
        assert (
            page.texts("asked-text")[-1] == "Not saved yet: C1. It stays here for later, as long as this page is open."
        )
        page.click(page.button(answer))
        assert tabs.value == ends
    # What is typed elsewhere keeps nobody here.
    page.enter(tabs, "engine")
    assert tabs.value == "engine"


def test_the_tab_that_was_clicked_last_is_open_also_where_the_browser_shows_it_still(headless):
    """To a browser, a click on the tab that it shows is none, though the answer to another click is on its way."""
    page = headless()
    opened_screen(page)
    tabs = page.one("tabs")
    page.enter(tabs, "archive")
    play = next(one for one in page.client.elements.values() if isinstance(one, ui.tab) and one.props["name"] == "play")
    page.fire(play, "stay")
    assert tabs.value == "play"
    assert "/?tab=play" in page.told("run_javascript")[-1]["code"]


def test_who_clicks_two_tabs_one_after_the_other_is_asked_once_and_goes_to_the_second(headless, monkeypatch):
    page, panel = typed_screen(headless, monkeypatch)
    tabs = page.one("tabs")
    panel.text = "C1"
    page.enter(tabs, "play")
    page.enter(tabs, "engine")
    assert [one.value for one in page.client.elements.values() if isinstance(one, ui.dialog)] == [False, True]
    page.click(page.button("Leave it for later"))
    assert tabs.value == "engine"


def test_a_browser_knows_what_is_not_saved_and_keeps_it(headless, monkeypatch):
    page, panel = typed_screen(headless, monkeypatch)
    mark = page.one("unsaved-mark")
    panel.text = "C1"
    page.do(panel.unsaved_changed)
    assert mark.props["data-unsaved"] == "C1"
    panel.text = ""
    page.do(panel.unsaved_changed)
    assert mark.props["data-unsaved"] is None
    kept = '[{"bank": "opening", "pad": "36", "version": null, "typed": {"prompt": "half typed"}}]'
    page.fire(mark, "drafts", kept)
    assert page.page.edits.drafts(page.client.id)["opening", PadKey(36)].typed == {"prompt": "half typed"}
    assert page.page.versions[Part.EDITS] == 2
    assert "half typed" in mark.props["data-drafts"]


def test_what_fails_in_answer_to_a_browser_is_said_there(headless, monkeypatch):
    page = headless()
    opened_screen(page)
    monkeypatch.setattr(page.page, "put", lambda _intent: 1 / 0)
    page.click(page.one("panic"))
    assert "This did not work: ZeroDivisionError" in page.notices[0]
    page.failures.clear()


# --- all browsers ----------------------------------------------------------------------------------------------------


class Browsers:
    """Browsers that come and go."""

    def __init__(self, page):
        self.page = page
        self.screens = page.do(lambda: Screens(page.page))

    def come(self, connected=True):
        return self.page.do(lambda: self._come(connected))

    async def _come(self, connected):
        client = Client(ui.page("/"))
        client.tab_id = "tab" if connected else None
        with client:
            self.screens.open()
        return client

    def text(self, client, name):
        return next(one.text for one in client.elements.values() if name in one.classes)

    def draw(self, until):
        """Keep drawn until something is so."""

        async def keep():
            keeping = asyncio.ensure_future(self.screens.keep_drawn())
            while not until():
                assert not keeping.done()
                await asyncio.sleep(0)
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping

        self.page.do(keep)


@pytest.fixture
def browsers(headless, monkeypatch):
    monkeypatch.setattr(screen, "DRAWN_EVERY", 0.0)
    monkeypatch.setattr(screen, "PRESSES_EVERY", 0.0)
    made = Browsers(headless())
    yield made
    for one in list(Client.instances.values()):
        if one is not made.page.client:
            made.page.do(one.delete)


def test_every_browser_is_drawn(browsers):
    clients = [browsers.come(), browsers.come()]
    assert [browsers.text(one, "notice") for one in clients] == ["Nothing to report."] * 2
    browsers.page.take(notice())
    browsers.draw(until=lambda: [browsers.text(one, "notice") for one in clients] == ["hello"] * 2)


def test_a_browser_that_is_not_there_gets_what_it_missed_when_it_is_back(browsers):
    away, here = browsers.come(connected=False), browsers.come()
    browsers.page.take(notice())
    browsers.draw(until=lambda: browsers.text(here, "notice") == "hello")
    assert browsers.text(away, "notice") == "Nothing to report."
    away.tab_id = "back"
    browsers.page.do(lambda: [away.safe_invoke(handler) for handler in away.connect_handlers])
    browsers.draw(until=lambda: browsers.text(away, "notice") == "hello")


def test_a_screen_that_fails_is_told_and_keeps_nobody_else_waiting(browsers, monkeypatch, caplog):
    broken, whole = browsers.come(), browsers.come()
    draw = Screen.refresh
    monkeypatch.setattr(Screen, "refresh", lambda self: 1 / 0 if self.client is broken else draw(self))
    browsers.page.take(notice())
    browsers.draw(until=lambda: browsers.text(whole, "notice") == "hello")
    assert "a screen could not be drawn" in caplog.text
    monkeypatch.undo()
    browsers.page.take(notice("again"))
    browsers.draw(until=lambda: browsers.text(broken, "notice") == "again")


@pytest.fixture
def told(browsers, monkeypatch):
    """What browsers are told past NiceGUI: the browser, the states of its pads, and what its notice says then."""
    said = []

    async def emit(kind, data, room):
        client = Client.instances[room]
        if kind == "pads":
            said.append((client, [one["state"] for one in data], browsers.text(client, "notice")))

    monkeypatch.setattr(core.sio, "emit", emit)
    return said


def test_what_a_press_does_is_told_every_browser_before_all_else_is_drawn(browsers, told):
    clients = [browsers.come(), browsers.come()]
    browsers.page.take(active("opening", pad()))
    browsers.draw(until=lambda: all(pad_state(one) == "idle" for one in clients))
    told.clear()
    browsers.page.take(notice(), pad(PadState.QUEUED))
    browsers.draw(until=lambda: [browsers.text(one, "notice") for one in clients] == ["hello", "hello"])
    assert told == [(one, ["queued"], "Nothing to report.") for one in clients]
    # And so that it stays.
    assert [pad_state(one) for one in clients] == ["queued", "queued"]


def pad_state(client):
    return next((one.props.get("data-state") for one in client.elements.values() if "data-pad" in one.props), None)


def test_all_else_is_drawn_however_often_somebody_presses(browsers, told):
    client = browsers.come()
    browsers.page.take(active("opening", pad()))
    browsers.draw(until=lambda: pad_state(client) == "idle")
    states = itertools.cycle([PadState.QUEUED, PadState.RENDERING])

    def pressed_on():
        browsers.page.page.take(pad(next(states)))
        return browsers.text(client, "notice") == "hello"

    browsers.page.take(notice())
    browsers.draw(until=pressed_on)
    assert told


def test_a_browser_that_comes_back_is_told_how_all_pads_look(browsers, told):
    client = browsers.come()
    browsers.page.take(active("opening", pad(), pad(PadState.QUEUED, 37)))
    browsers.draw(until=lambda: pad_state(client) == "idle")
    client.tab_id = None
    told.clear()
    browsers.page.take(pad(PadState.QUEUED))
    browsers.draw(until=lambda: not browsers.page.page.pressed.is_set())
    assert told == []
    client.tab_id = "back"
    browsers.page.do(lambda: [client.safe_invoke(handler) for handler in client.connect_handlers])
    browsers.draw(until=lambda: told)
    assert len(told[0][1]) == sum("data-pad" in one.props for one in client.elements.values())
    assert told[0][1][0] == "queued"


def test_presses_that_cannot_be_told_are_said_and_keep_nobody_else_waiting(browsers, told, monkeypatch, caplog):
    broken, whole = browsers.come(), browsers.come()
    tell = Screen.tell_presses
    monkeypatch.setattr(
        Screen, "tell_presses", lambda self, **how: 1 / 0 if self.client is broken else tell(self, **how)
    )
    browsers.page.take(active("opening", pad()))
    browsers.draw(until=lambda: pad_state(whole) == "idle")
    told.clear()
    browsers.page.take(pad(PadState.QUEUED))
    browsers.draw(until=lambda: told)
    assert [one for one, *_ in told] == [whole]
    assert "presses could not be shown" in caplog.text


def test_browsers_that_are_gone_are_forgotten(browsers):
    gone, stays = browsers.come(), browsers.come()
    browsers.page.do(gone.delete)
    assert set(browsers.screens._screens) == {stays.id}
    # Also one whose end nobody told.
    stays._deleted = True
    browsers.page.take(notice())
    browsers.draw(until=lambda: not browsers.screens._screens)
    stays._deleted = False


def test_only_so_many_screens_wait_for_a_browser(browsers):
    connected = browsers.come()
    waiting = [browsers.come(connected=False) for _ in range(MOST_WAITING + 3)]
    assert connected.id in browsers.screens._screens
    # The newest that was already there made room for the one after it.
    assert set(browsers.screens._screens) == {connected.id, *(one.id for one in waiting[-MOST_WAITING - 1 :])}


def test_a_browser_that_is_away_is_not_what_a_storm_takes_the_room_of(browsers):
    away = browsers.come()
    browsers.page.do(lambda: [away.safe_invoke(handler) for handler in away.connect_handlers])
    away.tab_id = None
    for _ in range(MOST_WAITING + 3):
        browsers.come(connected=False)
    assert away.id in browsers.screens._screens
    # NiceGUI forgets it by itself, and finds it to forget.
    browsers.page.do(away.delete)
    assert away.id not in browsers.screens._screens


def test_what_only_time_changes_is_drawn_as_it_passes(browsers, monkeypatch):
    monkeypatch.setattr(screen, "TIME_STEP", 1.0)
    now = iter(range(100))
    monkeypatch.setattr(screen, "monotonic", lambda: float(next(now)))
    before = browsers.page.page.versions[Part.TIME]
    browsers.page.page.news.set()
    browsers.draw(until=lambda: browsers.page.page.versions[Part.TIME] > before)
