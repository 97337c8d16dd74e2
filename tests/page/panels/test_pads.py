"""The pad grid: what pads show, how they are pressed; `test_picture.py` has where they lie."""

import dataclasses
from contextlib import closing

import numpy as np
import pytest
from nicegui import ui

from midifrag.boundary import Boundary
from midifrag.events import BankChanged, LayoutChanged, PortChanged, SlotsChanged, Sounding
from midifrag.fragment.archive import Archive
from midifrag.fragment.slot_state import SlotState
from midifrag.intents import LockSlot, Panic, SelectBank, ShowBanks
from midifrag.pad_key import PadKey
from midifrag.page.model import Part
from midifrag.page.pad_looks import BUTTON_BADGES
from midifrag.page.panels import pads
from midifrag.page.panels.pad_cell import USUAL_VELOCITY
from midifrag.page.panels.pads import SOFTEST, PadsPanel
from midifrag.page.panels.panel import css_colour
from midifrag.states import JobState, PadState
from tests.page.changes import active, job, pad, record
from tests.support.shows import bank


@pytest.fixture
def page(headless):
    pads = {36: {"prompt": "rain", "colour": "red"}, 51: {"prompt": "bell", "name": "High bell"}}
    opened = headless(
        bank(pads=pads), bank("large", pads={note: {"prompt": f"sound {note}"} for note in range(11, 19)})
    )
    opened.show(PadsPanel)
    return opened


def cell(page, key=36):
    return next(one for one in page.all("pad") if one.props["data-pad"] == str(key))


def words(page, name, key=36):
    return next(one.text for one in cell(page, key).descendants() if name in one.classes)


def only(page, kind):
    (found,) = (one for one in page.client.elements.values() if isinstance(one, kind))
    return found


def velocities(page):
    return [(press.note, pytest.approx(press.velocity, abs=0.001)) for press in page.sent]


def test_before_there_is_a_bank_there_are_no_pads(page):
    assert page.all("pad") == []


def test_pads_lie_where_they_lie_on_the_controller(page):
    page.take(active())
    grid = page.one("pads").default_slot.children
    assert len(grid) == 16
    assert [at for at, one in enumerate(grid) if "pad" in one.classes] == [3, 12]
    assert (words(page, "pad-label"), words(page, "pad-note"), words(page, "pad-key")) == ("rain", "C1", "z")
    assert (words(page, "pad-label", 51), words(page, "pad-key", 51)) == ("High bell", "4")
    assert cell(page, 51).props["title"] == "D#2: bell"


def test_another_bank_has_another_grid(page):
    page.take(active())
    page.take(BankChanged("large", "Large", 1, ()))
    assert [one.props["data-pad"] for one in page.all("pad")] == [str(note) for note in range(11, 19)]
    assert page.one("pads").classes == ["pads", "large"]
    assert words(page, "pad-key", 11) == ""
    page.take(active())
    assert page.one("pads").classes == ["pads"]
    assert len(page.all("pad")) == 2


#: Two seconds a bar; the page looks a second before the bar.
BAR = Boundary(at=102.0, position=16.0, bar=5, beat=1, beat_seconds=0.5, beats=4)


@pytest.mark.parametrize("state", [PadState.QUEUED, PadState.RENDERING, PadState.WAITING])
@pytest.mark.parametrize(
    ("now", "said"),
    [(93.9, "bar 5 in 5 bars"), (98.0, "bar 5 in 2 bars"), (100.1, "bar 5 in 4 beats"), (101.6, "bar 5 now")],
)
def test_a_pad_counts_down_to_its_boundary(page, monkeypatch, state, now, said):
    monkeypatch.setattr(pads, "monotonic", lambda: now)
    page.take(active())
    page.take(pad(state, boundary=BAR))
    assert words(page, "pad-landing") == said
    assert cell(page).style["--beat"] == "0.500s"


def test_a_pad_that_has_landed_counts_down_no_more(page):
    page.take(active())
    page.take(pad(PadState.LANDED, boundary=BAR))
    assert words(page, "pad-landing") == ""


def test_a_countdown_goes_on_by_itself(page, monkeypatch):
    now = [100.1]
    monkeypatch.setattr(pads, "monotonic", lambda: now[0])
    page.take(active())
    page.take(pad(PadState.WAITING, boundary=BAR))
    now[0] = 101.1
    page.refresh()
    assert words(page, "pad-landing") == "bar 5 in 2 beats"
    assert Part.COUNTDOWN in PadsPanel.parts


def test_a_refused_press_is_seen_on_its_pad_until_somebody_has_seen_it(page):
    page.take(active())
    page.take(job(JobState.REFUSED, 1, text="16 are queued"), pad(PadState.IDLE))
    assert (words(page, "pad-state"), cell(page).props["data-state"]) == ("refused", "refused")
    assert words(page, "pad-label") == "16 are queued — rain"
    page.take(pad(PadState.QUEUED))
    assert words(page, "pad-state") == "queued"
    page.take(pad(PadState.IDLE))
    assert words(page, "pad-state") == "refused"
    page.do(page.page.saw_failures)
    page.refresh()
    assert (words(page, "pad-state"), words(page, "pad-label")) == ("", "rain")


def test_a_pad_that_is_not_told_of_is_left_as_it_was(page):
    page.take(active("opening", pad(PadState.QUEUED)))
    assert words(page, "pad-state", 51) == ""
    assert "data-state" not in cell(page, 51).props


LANDED = job(JobState.LANDED, 1, engine_seconds=4.0)


def test_a_pad_that_is_held_says_how_its_length_grows(page):
    page.take(active())
    page.take(dataclasses.replace(pad(PadState.GROWING, progress=0.4), text="3.5 s"))
    assert words(page, "pad-landing") == "3.5 s"
    assert cell(page).style["--progress"] == "40%"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((), ""),
        ((LANDED,), "≈ 4 s"),
        ((LANDED, pad(PadState.READY)), "at once"),
        ((LANDED, job(JobState.QUEUED, 2), pad(PadState.QUEUED, job=2)), "≈ 4 s"),
        ((LANDED, job(JobState.QUEUED, 2), job(JobState.QUEUED, 3), pad(PadState.QUEUED, job=3)), "≈ 8 s"),
        ((job(JobState.QUEUED, 2), pad(PadState.QUEUED, job=2)), ""),
        ((LANDED, pad(PadState.RENDERING)), ""),
        *(
            ((LANDED, pad(state)), "")
            for state in (PadState.STALLED, PadState.LANDED, PadState.HELD, PadState.REFUSED, PadState.FAILED)
        ),
    ],
)
def test_a_pad_says_when_its_next_press_lands(page, changes, said):
    page.take(active("opening", pad()))
    page.take(*changes)
    assert words(page, "pad-landing") == said


@pytest.mark.parametrize(("where", "velocity"), [(0.0, 0.15), (0.5, 0.575), (1.0, 1.0), (-3, 0.15), (7, 1.0)])
def test_a_touch_is_as_hard_as_it_is_high_on_the_pad(page, where, velocity):
    page.take(active())
    page.fire(cell(page), "pointerdown", where)
    assert velocities(page) == [(36, velocity)]


def test_velocity_can_be_fixed(page):
    page.take(active())
    slider, toggle = only(page, ui.slider), only(page, ui.toggle)
    assert not slider.enabled
    page.enter(toggle, "fixed")
    page.enter(slider, 64)
    assert slider.enabled
    page.fire(cell(page), "pointerdown", 1.0)
    page.fire(cell(page), "click")
    page.enter(toggle, "by position")
    page.fire(cell(page), "click")
    soft = SOFTEST + (1 - SOFTEST) * USUAL_VELOCITY / 127
    assert velocities(page) == [(36, 64 / 127), (36, 64 / 127), (36, soft)]


def key(page, code):
    page.fire(page.one("pads-panel"), "padkey", code)


def test_the_keys_of_a_computer_lie_as_pads_do_whatever_stands_on_them(page):
    page.take(active())
    assert [words(page, "pad-key"), words(page, "pad-key", 51)] == ["z", "4"]
    assert next(one.props["data-code"] for one in cell(page).descendants() if "pad-key" in one.classes) == "KeyZ"
    key(page, "KeyZ")
    key(page, "Digit4")
    assert [note for note, _ in velocities(page)] == [36, 51]


def test_keys_that_lie_on_no_pad_press_nothing(page):
    page.take(active())
    key(page, "KeyX")
    key(page, "Enter")
    assert page.sent == []


def test_a_take_that_is_dropped_on_a_pad_is_offered_to_be_it(headless, on_disk):
    page = headless(of=on_disk.load())
    page.show(PadsPanel)
    page.take(active())
    with closing(Archive(page.page.archive.folder)) as archive:
        archive.store(np.ones((1, 9), np.float32) / 4, 44100, record("wind", seed=5, parameters={"steps": 9}))
    page.fire(cell(page), "drop", 1)
    assert page.labelled(ui.select, "Pad").value == "36"
    page.click(page.button("Save"))
    assert page.text("asked-text").startswith("C1 in presets/opening.yaml is taken")
    page.click(page.button("Replace"))
    pad = on_disk.load().banks[0].pads[PadKey(36)]
    assert (pad.prompt, pad.seed, pad.steps) == ("wind", 5, 9)
    page.fire(cell(page), "drop", 77)
    assert "there is no take 77" in page.notices[-1]


# --- a controller as it is -------------------------------------------------------------------------------------------

SIXTEEN = {note: {"prompt": f"sound {note}"} for note in range(36, 52)}
CONTROLLERS = {"pads": {"in": "x", "surface": "launchpad"}, "box": {"in": "y", "surface": "mpd218"}}


@pytest.fixture
def stage(headless):
    opened = headless(bank(pads=SIXTEEN), bank("second", pads=SIXTEEN), ports=CONTROLLERS)
    opened.show(PadsPanel)
    opened.take(active())
    return opened


def choose(page, port):
    page.enter(page.one("pads-choice"), port)


def buttons(page):
    return [next(one.text for one in found.descendants() if one.classes == []) for found in page.all("pad-button")]


def test_a_controller_that_is_open_is_drawn_as_it_is(stage):
    assert len(stage.all("pad-hole")) == 0
    assert stage.one("pads-choice").value == ""
    stage.take(PortChanged("pads", "in", "open", ""))
    assert stage.one("pads-choice").value == "pads"
    # 8 rows of 8 and a row above, each with a place at the right; the bank's sixteen are the lower left block.
    assert len(stage.one("pads").default_slot.children) == 81
    assert (len(stage.all("pad")), len(stage.all("pad-hole")), len(stage.all("pad-none"))) == (16, 48, 3)
    children = stage.one("pads").default_slot.children
    assert children[72].props["data-pad"] == "36"


def test_a_bank_by_itself_can_be_chosen_and_another_controller(stage):
    stage.take(PortChanged("pads", "in", "open", ""))
    choose(stage, "")
    assert len(stage.one("pads").default_slot.children) == 16
    choose(stage, "box")
    assert len(stage.one("pads").default_slot.children) == 16
    assert buttons(stage) == []


def test_buttons_of_the_controller_do_what_they_do_there(stage):
    choose(stage, "pads")
    assert buttons(stage)[:8] == [str(slot) for slot in range(1, 9)]
    for at, intent in ((0, LockSlot(1, None)), (9, SelectBank(offset=1)), (-2, ShowBanks("pads")), (-1, Panic())):
        stage.fire(stage.all("pad-button")[at], "click")
        assert stage.sent[-1] == intent


def test_buttons_look_as_they_do_there(stage):
    choose(stage, "pads")
    stage.take(SlotsChanged((SlotState(1, "a", "locked"),)))
    assert stage.all("pad-button")[0].style["--led"] == css_colour("orange")
    assert stage.all("pad-button")[0].props["title"] == "locks or unlocks slot 1, filled, locked"
    stage.take(Sounding(1, 1, True, 0.0))
    assert "pulse" in stage.all("pad-button")[0].classes
    badges = [one.name for one in stage.all("pad-button")[0].descendants() if "button-badge" in one.classes]
    assert badges == [BUTTON_BADGES[state] for state in ("filled", "locked", "sounds")]
    heard = [one.text for one in stage.all("pad-button")[0].descendants() if "heard" in one.classes]
    assert heard == ["filled, locked, sounds"]


def test_side_by_side_a_pad_of_another_bank_selects_it_and_shows_what_is_under_way(stage):
    choose(stage, "pads")
    stage.take(LayoutChanged("pads", 0, 4))
    assert len(stage.all("pad")) == 32
    at_15 = stage.one("pads").default_slot.children[76]
    assert at_15.props["data-pad"] == "36"
    stage.fire(at_15, "pointerdown", 1.0)
    assert stage.sent[0] == SelectBank(slug="second")
    assert (stage.sent[1].note, stage.sent[1].velocity) == (36, 1.0)
    stage.take(dataclasses.replace(pad(PadState.QUEUED), bank="second"))
    assert at_15.props["data-state"] == "queued"
    stage.take(dataclasses.replace(pad(PadState.LANDED), bank="second"))
    assert at_15.props["data-state"] == "idle"


def test_a_set_without_such_a_controller_has_nothing_to_choose(page):
    page.take(active())
    assert not page.one("pads-choice").visible


def test_a_button_that_is_dark_there_has_no_light_here(stage):
    choose(stage, "pads")
    assert "--led" not in stage.all("pad-button")[0].style


def test_the_keys_of_a_computer_press_the_active_bank_wherever_it_is_drawn(stage):
    choose(stage, "pads")
    key(stage, "KeyZ")
    assert [note for note, _ in velocities(stage)] == [36]
    assert words(stage, "pad-key", 39) == "v"


def test_side_by_side_the_keys_of_a_computer_follow_the_active_bank(stage):
    choose(stage, "pads")
    stage.take(LayoutChanged("pads", 0, 4), BankChanged("second", "Second", 1, ()))
    key(stage, "KeyZ")
    assert [type(intent).__name__ for intent in stage.sent] == ["Press"]


def test_what_browsers_were_told_ahead_and_is_so_no_more_is_told_at_once(page):
    page.take(active("opening", pad()))
    (panel,) = page._panels
    page.page.pressed.clear()
    page.do(lambda: page.page.take(pad(PadState.QUEUED, job=1)))
    assert [one["state"] for one in page.do(panel.pressed)] == ["queued"]
    page.page.pressed.clear()
    page.take(pad(PadState.QUEUED, job=1))
    assert not page.page.pressed.is_set()
    page.do(lambda: page.page.take(pad(PadState.RENDERING, job=1)))
    assert page.do(panel.pressed)
    page.page.pressed.clear()
    page.take(pad(PadState.RENDERING, job=1, progress=0.5))
    assert page.page.pressed.is_set()
    assert ["--progress: 50%" in one["style"] for one in page.do(panel.pressed)] == [True]
