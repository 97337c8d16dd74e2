"""Tempo, bar and beat on the page."""

import json

from midifrag.clock import monotonic
from midifrag.events import TimeChanged
from midifrag.intents import Tap
from midifrag.page.panels.time import TimePanel
from midifrag.timeline import Signature, Timeline

LINE = Timeline(92.5, 10.0, 9.0, Signature(3, 4), source="midi:daw")


def test_before_anything_is_known_there_is_no_tempo(headless):
    page = headless()
    page.show(TimePanel)
    assert [page.text(name) for name in ("time-tempo", "time-source")] == ["–", ""]
    assert "data-line" not in page.one("time-beat").props


def test_it_shows_tempo_and_whose_clock_it_is_and_has_the_browser_count(headless):
    page = headless()
    page.show(TimePanel)
    page.take(TimeChanged(LINE))
    assert [page.text(name) for name in ("time-tempo", "time-source")] == ["92.5", "midi:daw"]
    assert page.one("time-numbers").props["title"] == "3/4, kept by midi:daw"
    told = {"bpm": 92.5, "at": 10.0, "position": 9.0, "bar": 3.0, "beat": 1.0, "running": True}
    assert json.loads(page.one("time-beat").props["data-line"]) == told


def test_a_clock_that_stands_still_says_so(headless):
    page = headless()
    page.show(TimePanel)
    page.take(TimeChanged(Timeline(120, 10.0, running=False)))
    assert not json.loads(page.one("time-beat").props["data-line"])["running"]
    assert page.one("time-numbers").props["title"] == "4/4, kept by internal, which waits for a start"


def test_a_tap_is_sent_with_its_moment(headless):
    page = headless()
    page.show(TimePanel)
    before = monotonic()
    page.click(page.one("tap"))
    (tap,) = page.sent
    assert isinstance(tap, Tap)
    assert before <= tap.time <= monotonic()
