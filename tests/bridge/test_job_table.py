"""All jobs that are on their way, and who asks for which of them."""

from __future__ import annotations

import pytest

from midifrag.boundary import Boundary
from midifrag.bridge.job_table import REMEMBERED, JobTable
from midifrag.bridge.jobs import Origin
from midifrag.states import JobKind, JobState
from tests.bridge.made_jobs import KEY, PAD, PRESSED, TYPED, render_job, take_job
from tests.support.bridges import Rig
from tests.support.shows import loaded, one_pad

BAR = Boundary(at=102.0, position=16.0, bar=5, beat=1, beat_seconds=0.5, beats=4)


def table(*jobs):
    made = JobTable()
    for job in jobs:
        made.add(job)
    return made


def test_numbers_are_given_once_and_jobs_stay_in_the_order_of_their_presses():
    jobs = JobTable()
    assert [jobs.next_number() for _ in range(3)] == [1, 2, 3]
    first, second, taken = render_job(2), render_job(1), take_job(3)
    for job in (first, second, taken):
        jobs.add(job)
    assert list(jobs) == [first, second, taken]
    assert (jobs.get(2), jobs.get(9)) == (first, None)
    assert (jobs.render_job(1), jobs.render_job(3), jobs.render_job(9)) == (second, None, None)
    jobs.drop(first)
    jobs.drop(first)
    assert list(jobs) == [second, taken]


@pytest.mark.parametrize(
    ("keys", "pending", "waiting"),
    [
        ({}, True, True),
        ({"cancelling": True}, False, False),
        ({"state": JobState.RENDERING}, True, False),
        ({"state": JobState.RENDERING, "writing": True}, False, False),
        ({"state": JobState.QUEUED, "writing": True}, False, False),
        ({"state": JobState.HELD}, False, False),
    ],
)
def test_a_job_is_pending_while_an_engine_works_for_it_and_waits_until_it_starts(keys, pending, waiting):
    job = render_job(**keys)
    jobs = table(job)
    assert (jobs.pending(), jobs.waiting()) == ([job] if pending else [], int(waiting))


def test_archived_takes_are_neither_pending_nor_waiting():
    jobs = table(take_job())
    assert (jobs.pending(), jobs.waiting()) == ([], 0)


def test_the_jobs_of_a_pad_are_those_of_its_bank():
    elsewhere = render_job(3, Origin(JobKind.PAD, "second", "Rain", PAD))
    mine, typed, written = render_job(1), render_job(2, TYPED), render_job(4, writing=True)
    jobs = table(mine, typed, elsewhere, written)
    assert jobs.pending("opening", KEY) == [mine]
    assert jobs.pending() == [mine, typed, elsewhere]
    assert jobs.on_pad("opening", KEY) == [mine, written]


def test_a_take_is_landing_while_it_is_written_unless_a_disk_holds_it_back():
    job = render_job()
    jobs = table(render_job(2), job)
    assert not jobs.landing()
    job.writing = True
    assert jobs.landing()
    job.state = JobState.HELD
    assert not jobs.landing()


def test_takes_are_counted_that_are_written_and_not_ready_to_land():
    jobs = table(render_job(1), *(render_job(number, writing=True) for number in (2, 3)), take_job(4, writing=True))
    assert jobs.written() == 3
    for number, state in ((2, JobState.HELD), (3, JobState.WAITING)):
        jobs.get(number).state = state
    assert jobs.written() == 1


def test_takes_that_wait_for_a_boundary_or_will_are_all_or_those_of_a_pad():
    elsewhere = Origin(JobKind.PAD, "second", "Rain", PAD)
    mine, other = (render_job(number, origin, writing=True) for number, origin in ((1, PRESSED), (2, elsewhere)))
    rendering, at_once = render_job(3), render_job(4, writing=True)
    for job in (mine, other, rendering):
        job.boundary = BAR
    jobs = table(mine, other, rendering, at_once)
    assert jobs.awaiting() == [mine, other]
    assert jobs.awaiting("opening", KEY) == [mine]
    assert jobs.awaiting("second", KEY) == [other]


@pytest.mark.parametrize("rule", ["ignore", "cancel", "replace"])
def test_a_take_that_is_being_written_is_no_longer_in_the_way_of_the_next_press(rule):
    rig = Rig(loaded(one_pad(on_repress=rule)))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    rig.press()
    assert len(rig.engines.renders()) == 2
    assert rig.engines.cancels() == []


def test_jobs_of_a_model_are_those_that_its_engine_still_works_for():
    waits, other, done = render_job(1), render_job(2), render_job(3, state=JobState.LANDED)
    other.model = "small"
    jobs = table(waits, other, done, take_job(4))
    assert jobs.of("pocket") == [waits]
    assert jobs.of("small") == [other]
    assert jobs.of("sketch") == []


def test_a_job_that_is_over_is_recalled_once():
    jobs = JobTable()
    first, second = render_job(1), render_job(2)
    jobs.remember(first)
    jobs.remember(second)
    assert jobs.recall(3) is None
    assert jobs.recall(1) is first
    assert jobs.recall(1) is None
    assert jobs.recall(2) is second
    assert list(jobs) == []


def test_only_the_latest_jobs_are_remembered():
    jobs = JobTable()
    for number in range(1, REMEMBERED + 3):
        jobs.remember(render_job(number))
    recalled = [number for number in range(1, REMEMBERED + 3) if jobs.recall(number) is not None]
    assert recalled == list(range(3, REMEMBERED + 3))
