"""One pad on the screen: how it says its state; `test_pads.py` has how it is pressed."""

import pytest

from midifrag.config.pads import Pad
from midifrag.pad_key import PadKey
from midifrag.page.pad_looks import BADGES, surface_colour
from midifrag.page.panels.pad_cell import Cell
from midifrag.page.panels.panel import led, own_colour
from midifrag.states import PadState
from tests.page.changes import pad


class Grid:
    """Is pressed."""

    def __init__(self):
        self.pressed = []

    def press(self, slug, key, position):
        self.pressed.append((slug, key, position))

    async def take_dropped(self, slug, key, number):
        self.pressed.append((slug, key, number))


def made(page, grid=None, **keys):
    with page.client:
        return Cell(grid or Grid(), "opening", PadKey(36), Pad(prompt="rain", **keys), ("KeyZ", "z"))


@pytest.mark.parametrize(
    ("state", "said", "motion"),
    [
        (PadState.IDLE, "", "still"),
        (PadState.READY, "ready", "still"),
        (PadState.QUEUED, "queued", "still"),
        (PadState.RENDERING, "rendering", "pulse"),
        (PadState.STALLED, "stalled", "still"),
        (PadState.GROWING, "held down", "pulse"),
        (PadState.WAITING, "waiting", "blink"),
        (PadState.LANDED, "landed", "still"),
        (PadState.SOUNDING, "sounding", "pulse"),
        (PadState.HELD, "held", "blink"),
        (PadState.REFUSED, "refused", "blink"),
        (PadState.FAILED, "failed", "still"),
    ],
)
def test_a_pad_says_its_state_by_word_badge_and_edge_and_keeps_its_colour(headless, state, said, motion):
    page = headless()
    shown = page.do(lambda: made(page, colour="red"))
    page.do(lambda: shown.show(shown.look(pad(state, progress=0.25, colour="red"), "")))
    button = page.one("pad")
    assert page.text("pad-state") == said
    assert page.text("pad-icon") == BADGES[state]
    assert page.one("pad-badge").visible == bool(said)
    assert button.classes == ["pad", f"is-{state}", motion]
    assert button.props["data-state"] == state
    assert button.style["--progress"] == "25%"
    assert button.style["--led"] == led(pad(state, colour="red"))
    # Whatever its state is, it looks like itself.
    assert button.style["--own"] == own_colour("red")
    assert button.style["--surface"] == surface_colour("red")


@pytest.mark.parametrize("state", [PadState.HELD, PadState.REFUSED, PadState.FAILED])
def test_a_pad_says_why_as_long_as_it_shows_that(headless, state):
    page = headless()
    cell = page.do(lambda: made(page, name="Rain"))
    page.do(lambda: cell.show(cell.look(pad(state, text="out of memory"), "")))
    assert page.text("pad-label") == "out of memory — Rain"
    page.do(lambda: cell.show(cell.look(pad(PadState.QUEUED, text="queued again"), "≈ 2 s")))
    assert (page.text("pad-label"), page.text("pad-landing")) == ("Rain", "≈ 2 s")


def test_a_pad_says_why_an_earlier_take_landed(headless):
    page = headless()
    cell = page.do(lambda: made(page))
    page.do(lambda: cell.show(cell.look(pad(PadState.LANDED, text="silent", fallback=True), "")))
    assert page.text("pad-label") == "silent — rain"
    page.do(lambda: cell.show(cell.look(pad(PadState.LANDED, text="too quiet"), "")))
    assert page.text("pad-label") == "rain"


def test_it_is_pressed_where_it_is_touched_and_as_usual_by_key(headless):
    page, grid = headless(), Grid()
    page.do(lambda: made(page, grid))
    page.fire(page.one("pad"), "pointerdown", 0.25)
    page.click(page.one("pad"))
    assert grid.pressed == [("opening", PadKey(36), 0.25), ("opening", PadKey(36), 100 / 127)]


def test_a_look_is_told_once_and_once_more_to_whoever_may_have_missed_it(headless):
    page = headless()
    cell = page.do(lambda: made(page, colour="red"))
    queued = cell.look(pad(PadState.QUEUED, colour="red"), "2 s")
    told = cell.tell(queued)
    assert told == {
        "id": page.one("pad").id,
        "state": "queued",
        "word": "queued",
        "badge": "schedule",
        "label": "rain",
        "landing": "2 s",
        "classes": "pad is-queued still",
        "style": queued.style,
    }
    assert cell.tell(queued) is None
    assert cell.tell(queued, again=True) == told
    # It is shown by NiceGUI as well, though it has been told.
    page.do(lambda: cell.show(queued))
    assert page.text("pad-state") == "queued"
    idle = cell.look(pad(colour="red"), "")
    page.do(lambda: cell.show(idle))
    assert cell.tell(idle) is None
    assert cell.tell(queued) == told


def test_what_was_told_ahead_is_told_otherwise_where_the_browser_would_leave_it(headless):
    """Vue writes what differs from what it drew, and not what is as it was before something else was told ahead."""
    page = headless()
    cell = page.do(lambda: made(page))
    idle = cell.look(pad(), "2 s")
    assert page.do(lambda: cell.show(idle))
    cell.tell(cell.look(pad(PadState.QUEUED), ""))
    queued = cell.look(pad(PadState.QUEUED), "2 s")
    assert not page.do(lambda: cell.show(queued))
    told = cell.tell(queued)
    assert told is not None
    assert told["landing"] == "2 s"
    assert page.do(lambda: cell.show(queued))
    # Also where it is as it was before all that.
    cell.tell(idle)
    assert not page.do(lambda: cell.show(queued))
    assert cell.tell(queued) == told
