"""The MIDI monitor."""

import pytest

from midifrag.page.panels.monitor import LINES, Monitor
from midifrag.page.wire import MidiSeen


@pytest.fixture
def opened(headless):
    page = headless()
    return page, page.do(Monitor)


def seen(*texts):
    return [MidiSeen(0.0, text) for text in texts]


def lines(page):
    return page.text("monitor").splitlines()


def test_the_newest_is_first_and_only_so_many_are_shown(opened):
    page, monitor = opened
    assert page.text("monitor").startswith("Nothing has arrived yet.")
    page.do(lambda: monitor.show(seen(*(f"note {number}" for number in range(1, LINES + 2)))))
    assert lines(page) == [f"note {number}" for number in range(LINES + 1, 1, -1)]


def test_it_is_held_still_and_goes_on(opened):
    page, monitor = opened
    page.do(lambda: monitor.show(seen("note 1")))
    page.click(page.one("monitor-hold"))
    page.do(lambda: monitor.show(seen("note 1", "note 2")))
    assert lines(page) == ["note 1"]
    assert (page.one("monitor-hold").text, page.one("monitor-hold").props["aria-pressed"]) == ("Go on", "true")
    page.click(page.one("monitor-hold"))
    page.do(lambda: monitor.show(seen("note 1", "note 2")))
    assert lines(page) == ["note 2", "note 1"]


def test_only_lines_with_some_words_are_shown_also_of_what_is_held(opened):
    page, monitor = opened
    page.do(lambda: monitor.show(seen("pads: note 1", "daw: CC 7", "pads: CC 7")))
    page.click(page.one("monitor-hold"))
    page.enter(page.one("monitor-words"), "cc PADS")
    assert lines(page) == ["pads: CC 7"]
    page.enter(page.one("monitor-words"), "pitch")
    assert lines(page) == ["Nothing of what has arrived has these words."]
    page.enter(page.one("monitor-words"), None)
    assert len(lines(page)) == 3
