"""What all panels say and do alike."""

import pytest
from nicegui import ui

from midifrag.events import EngineChanged
from midifrag.page.panels import panel
from midifrag.page.panels.panel import (
    Panel,
    age,
    css_colour,
    device_words,
    engine_line,
    icon_button,
    lands_in,
    led,
    own_colour,
    set_prop,
)
from midifrag.states import EngineState, PadState
from midifrag.surface.driver import DEFAULT_COLOUR
from midifrag.surface.palette import COLOURS
from tests.page.changes import engine, pad

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "now"), (0, "now"), (4.9, "now"), (5, "5 s"), (12, "10 s"), (59, "55 s"), (60, "1 min"), (3599, "59 min"),
        (3600, "1 h"), (86399, "23 h"), (86400, "1 d"), (864000, "10 d"),
    ],
)  # fmt: skip
def test_an_age_is_told_in_coarse_steps(monkeypatch, seconds, said):
    monkeypatch.setattr(panel.time, "time", lambda: NOW)
    assert age(NOW - seconds) == said


def test_what_never_landed_has_no_age():
    assert age(None) == ""


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, ""), (0.0, "< 1 s"), (0.99, "< 1 s"), (1.0, "≈ 1 s"), (7.6, "≈ 8 s")]
)
def test_a_landing_is_told_as_well_as_it_is_known(seconds, said):
    assert lands_in(seconds) == said


@pytest.mark.parametrize(
    ("name", "colour"), [("red", "#fe0000"), ("white", "#fefefe"), ("orange", "#fe6400"), ("off", "#000000")]
)
def test_a_colour_is_as_bright_as_the_screen_allows(name, colour):
    assert css_colour(name) == colour


def test_every_colour_has_one_for_the_screen():
    assert all(len(css_colour(name)) == 7 for name in COLOURS)
    assert own_colour(None) == css_colour(DEFAULT_COLOUR)
    assert own_colour("blue") == css_colour("blue")


def test_a_led_has_the_colour_of_its_state_or_its_own():
    assert led(pad(PadState.QUEUED, colour="red")) == css_colour("yellow")
    assert led(pad(PadState.IDLE, colour="red")) == css_colour("red")


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (EngineState.WARMING, "sketch: warming up 3/?"),
        (EngineState.READY, "on cpu"),
        (EngineState.RESTARTING, "sketch restarts: on cpu"),
        (EngineState.STALLED, "sketch shows no progress: "),
        (EngineState.LOST, "sketch is lost: on cpu"),
    ],
)
def test_an_engine_is_one_line(state, line):
    assert engine_line(engine(state, "on cpu", done=3)) == line
    assert engine_line(engine(EngineState.WARMING, done=3, total=7)) == "sketch: warming up 3/7"


def test_an_engine_s_wait_is_told_in_seconds(monkeypatch):
    monkeypatch.setattr(EngineChanged, "wait", lambda change, _now: f"{change.since} of {change.expected}")
    away = {"since": 12, "expected": 40}
    assert engine_line(engine(EngineState.STALLED, **away)) == "sketch shows no progress: 12 of 40"
    assert engine_line(engine(EngineState.RESTARTING, "killed", **away)) == "sketch restarts, 12 of 40: killed"
    warming = engine(EngineState.WARMING, done=1, total=2, **away)
    assert engine_line(warming) == "sketch: warming up 1/2, 12 of 40"


def test_a_property_is_sent_only_when_it_is_another_one(headless, monkeypatch):
    page = headless()
    label = page.do(ui.label)
    updates = []
    monkeypatch.setattr(label, "update", lambda: updates.append(dict(label.props)))
    page.do(lambda: set_prop(label, "data-state", "ready"))
    page.do(lambda: set_prop(label, "data-state", "ready"))
    page.do(lambda: set_prop(label, "data-state", "lost"))
    assert [one["data-state"] for one in updates] == ["ready", "lost"]


def test_an_icon_says_what_it_does(headless):
    page = headless()
    button = page.do(lambda: icon_button("undo", "Put it back"))
    assert (button.props["icon"], button.props["title"], button.props["aria-label"]) == ("undo", *["Put it back"] * 2)


def test_a_panel_must_know_how_to_show_itself(headless):
    page = headless()
    with pytest.raises(NotImplementedError):
        Panel(page.page, print).refresh()


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("cpu", "this CPU"), ("cuda:0 (NVIDIA H100)", "NVIDIA H100"), ("cuda:1", "this graphics card"),
        ("mps", "this Mac's graphics"), ("4 machines", "4 machines"), ("", ""),
    ],
)  # fmt: skip
def test_a_device_is_called_as_people_call_it(device, words):
    assert device_words(device) == words
