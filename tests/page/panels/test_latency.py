"""How long presses took to land."""

import pytest

from midifrag.bridge.view import View
from midifrag.page.panels.latency import PADS, Latencies, lines_of
from midifrag.states import JobState
from tests.page.changes import job


@pytest.fixture
def view():
    return View()


def landed(view, number, seconds, **fields):
    view.apply(job(JobState.LANDED, number, landed=seconds, **fields))


def test_each_pad_has_its_own_line_the_slowest_first(view):
    for number, seconds in enumerate((0.5, 9.0, 0.7), 1):
        landed(view, number, seconds, label="Kick")
    landed(view, 4, 2.0, key=37)
    landed(view, 5, 1.0, key=None)
    view.apply(job(JobState.FAILED, 6, key=38))
    assert lines_of(view) == ["rain: 2.00 s, 1 landed", "Kick: 0.70 s, 3 landed"]


def test_only_so_many_pads_are_listed(view):
    for number in range(PADS + 3):
        landed(view, number, float(number), key=36 + number)
    assert len(lines_of(view)) == PADS


def test_the_chart_s_axes_say_what_they_are(headless, view):
    page = headless()
    shown = page.do(Latencies)
    landed(view, 1, 1.5)
    page.do(lambda: shown.show(view))
    options = page.one("chart").options
    assert (options["xAxis"]["name"], options["yAxis"]["name"]) == ("landings", "seconds")
    assert (options["xAxis"]["data"], options["series"][0]["data"]) == ([1], [1.5])
    assert page.text("latency-pads") == "rain: 1.50 s, 1 landed"
