"""The log of what was asked for."""

import pytest

from midifrag.page.panels.log import LOG_LINES, LogPanel, line_of
from midifrag.states import JobState
from tests.page.changes import job


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (job(JobState.QUEUED), "queued   rain"),
        (job(JobState.RENDERING), "rendering   rain"),
        (job(JobState.RENDERING, step=3, of=8), "rendering 3/8   rain"),
        (
            job(JobState.LANDED, landed=1.5, file="/somewhere/output03.wav", archived="output007.wav"),
            "1.50 s   output03.wav   output007.wav   rain",
        ),
        (
            job(JobState.LANDED, landed=0.004, file="output03.wav", spare=True),
            "0.00 s (spare)   output03.wav      rain",
        ),
        (job(JobState.LANDED), "0.00 s         rain"),
        (job(JobState.WAITING, text="lands at bar 5"), "waiting   rain: lands at bar 5"),
        (job(JobState.HELD, text="the disk is full"), "held   rain: the disk is full"),
        (job(JobState.REFUSED, text="16 are queued"), "refused   rain: 16 are queued"),
        (job(JobState.FAILED, text="silent"), "failed   rain: silent"),
        (job(JobState.CANCELLED, text="panic"), "cancelled   rain: panic"),
    ],
)
def test_a_job_is_one_line_in_the_log(change, line):
    assert line_of(change) == (line, str(change.state))


def test_the_log_has_what_is_on_its_way_and_then_the_newest(headless):
    page = headless()
    page.show(LogPanel)
    assert page.texts("log-line")[0].startswith("The log of finished renders")
    old = range(1, LOG_LINES + 2)
    page.take(*(job(JobState.FAILED, number, prompt=f"old {number}") for number in old))
    page.take(job(JobState.QUEUED, 90), job(JobState.RENDERING, 80, prompt="bell"), job(JobState.QUEUED, 91))
    newest = [f"failed   old {number}: " for number in reversed(old)]
    assert page.texts("log-line") == ["rendering   bell", "queued   rain", *newest[: LOG_LINES - 2]]
    assert page.all("log-line")[0].classes == ["log-line", "rendering"]


def test_what_failed_stands_above_the_rest_until_it_is_seen(headless):
    page = headless()
    page.show(LogPanel)
    page.take(job(JobState.FAILED, 1, text="silent"), job(JobState.LANDED, 2, key=40), job(JobState.QUEUED, 3))
    lines = ["queued   rain", "failed   rain: silent", "0.00 s         rain"]
    assert page.texts("log-line")[:4] == [*lines, ""]
    page.do(page.page.saw_failures)
    page.refresh()
    assert page.texts("log-line")[:4] == [lines[0], lines[2], lines[1], ""]
