"""Tempo, bar and beat on the page."""

import pytest

from midifrag.clock import monotonic
from midifrag.events import TimeChanged
from midifrag.intents import Tap
from midifrag.page.panels import time as panel
from midifrag.page.panels.time import TimePanel
from midifrag.timeline import Signature, Timeline

LINE = Timeline(92.5, 10.0, 9.0, Signature(3, 4), source="midi:daw")


@pytest.fixture
def at(monkeypatch):
    """Sets the time of day."""

    def set_time(now):
        monkeypatch.setattr(panel, "monotonic", lambda: now)

    set_time(10.0)
    return set_time


def test_before_anything_is_known_there_is_no_tempo(headless):
    page = headless()
    page.show(TimePanel)
    assert [page.text(name) for name in ("time-tempo", "time-beat", "time-source")] == ["–", "", ""]


def test_it_shows_tempo_bar_beat_and_whose_clock_it_is(headless, at):
    page = headless()
    page.show(TimePanel)
    page.take(TimeChanged(LINE))
    assert [page.text(name) for name in ("time-tempo", "time-beat", "time-source")] == ["92.5", "4.1", "midi:daw"]
    assert page.one("time-numbers").props["title"] == "3/4, kept by midi:daw"
    assert page.one("time-numbers").props["data-first"] == "true"
    at(LINE.moment_of(10.0))
    page.refresh()
    assert page.text("time-beat") == "4.2"
    assert page.one("time-numbers").props["data-first"] == "false"


def test_a_clock_that_stands_still_says_so(headless, at):
    page = headless()
    page.show(TimePanel)
    page.take(TimeChanged(Timeline(120, 10.0, running=False)))
    assert page.text("time-beat") == "waits"
    assert page.one("time-numbers").props["title"] == "4/4, kept by internal, which waits for a start"


def test_a_tap_is_sent_with_its_moment(headless):
    page = headless()
    page.show(TimePanel)
    before = monotonic()
    page.click(page.one("tap"))
    (tap,) = page.sent
    assert isinstance(tap, Tap)
    assert before <= tap.time <= monotonic()
