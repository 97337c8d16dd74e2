"""The page's scripts that need no page: what they compute, as the browser does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import midifrag.page.web
from midifrag.timeline import Signature, Timeline

FOLDER = Path(midifrag.page.web.__file__).parent
WORDS = {"bar_and_beat": "{bar}.{beat}", "stands": "waits"}
RUN = """
const script = document.createElement("script");
script.dataset.words = arguments[1];
script.textContent = arguments[0];
document.head.append(script);
"""


@pytest.fixture
def runs(driver):
    """An empty page that has run one of the scripts; gives what some code returns there."""
    before = driver.current_window_handle
    driver.switch_to.new_window("tab")

    def run(name):
        driver.get("data:text/html,<title>script</title>")
        driver.execute_script(RUN, (FOLDER / name).read_text("utf-8"), json.dumps(WORDS))
        return driver.execute_script

    yield run
    driver.close()
    driver.switch_to.window(before)


def test_bars_and_beats_are_counted_as_the_show_counts_them(runs):
    lines = [
        Timeline(bpm, at, position, Signature(beats, unit))
        for bpm, at, position in ((120.0, 10.0, 0.0), (92.5, 3.25, -7.0), (174.0, 0.0, 5.3))
        for beats, unit in ((4, 4), (6, 8), (7, 16))
    ]
    asked = [
        ({"bpm": one.bpm, "at": one.at, "position": one.position, "bar": one.signature.bar, "beat": one.signature.beat,
          "running": True}, moment)
        for one in lines
        for moment in (0.0, 9.99, 10.0, 10.25, 10.5, 12.0, 77.7)
    ]  # fmt: skip
    counted = runs("beats.js")("return arguments[0].map(([line, at]) => window.beatAt(line, at))", asked)
    moments = [(line, moment) for line in lines for moment in (0.0, 9.99, 10.0, 10.25, 10.5, 12.0, 77.7)]
    for (line, moment), found in zip(moments, counted, strict=True):
        bar, beat = line.bar_and_beat(moment)
        assert (found["text"], found["first"]) == (f"{bar}.{beat}", beat == 1)
        # Then, and not before, it is the next one.
        assert line.bar_and_beat(moment + found["left"] + 1e-6) != (bar, beat)
        assert line.bar_and_beat(moment + 0.9 * found["left"]) == (bar, beat)


def test_a_clock_that_stands_still_counts_nothing(runs):
    line = {"bpm": 120, "at": 0, "position": 0, "bar": 4, "beat": 1, "running": False}
    assert runs("beats.js")("return window.beatAt(arguments[0], 5)", line) == {
        "text": "waits",
        "first": False,
        "left": None,
    }
