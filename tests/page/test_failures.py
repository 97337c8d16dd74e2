"""What went wrong stays until somebody has seen it."""

import pytest

from midifrag.events import Notice
from midifrag.pad_key import PadKey
from midifrag.page.failures import MOST, Failures
from midifrag.states import JobState, NoticeLevel, PadState
from tests.page.changes import job

KICK = PadKey(36)
FAILED = job(JobState.FAILED, 1, text="out of memory")
REFUSED = job(JobState.REFUSED, 2, text="16 are queued")


@pytest.fixture
def failures():
    return Failures()


def said(failures):
    return [one.text for one in failures.unseen]


def test_what_failed_or_was_refused_stays_with_its_reason_the_newest_first(failures):
    assert all(failures.take(one) for one in (FAILED, REFUSED, Notice(NoticeLevel.ERROR, "the disk is gone")))
    assert said(failures) == ["the disk is gone", "rain refused: 16 are queued", "rain failed: out of memory"]
    assert failures.of_pad("opening", KICK).job is REFUSED
    assert failures.of_pad("opening", PadKey(37)) is failures.of_pad("second", KICK) is None
    assert [one.state for one in failures.unseen] == [PadState.FAILED, PadState.REFUSED, PadState.FAILED]
    failures.seen()
    assert said(failures) == []


@pytest.mark.parametrize(
    "harmless",
    [
        job(JobState.QUEUED), job(JobState.CANCELLED), job(JobState.HELD), job(JobState.LANDED, key=None),
        job(JobState.LANDED, key=37), job(JobState.LANDED, fallback=True), Notice(NoticeLevel.WARNING, "slow"),
    ],
)  # fmt: skip
def test_nothing_else_comes_or_goes(failures, harmless):
    failures.take(FAILED)
    assert not failures.take(harmless)
    assert said(failures) == ["rain failed: out of memory"]


def test_a_pad_that_lands_is_well_again(failures):
    failures.take(FAILED)
    failures.take(job(JobState.FAILED, 3, key=37, text="silent"))
    assert failures.take(job(JobState.LANDED, 4))
    assert said(failures) == ["rain failed: silent"]


def test_the_same_message_again_is_one_and_the_oldest_of_too_many_go(failures):
    for _ in range(2):
        failures.take(Notice(NoticeLevel.ERROR, "no disk"))
    assert said(failures) == ["no disk"]
    for number in range(MOST):
        failures.take(job(JobState.FAILED, number, text="silent"))
    assert said(failures) == ["rain failed: silent"] * MOST
