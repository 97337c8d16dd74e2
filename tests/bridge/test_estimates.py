"""How long a job takes, from what is beside it: here in turn, at a server side by side."""

import dataclasses

import pytest

from midifrag.bridge.estimates import Estimates
from midifrag.bridge.forecast import USUAL_WRITE, Forecast
from midifrag.bridge.job_table import JobTable
from midifrag.clock import ManualClock
from midifrag.states import JobState
from tests.bridge.made_jobs import TIMES, render_job

NOW = 10.0


class Room:
    """Two jobs of this machine's, one that renders and one behind it, and what is estimated of them."""

    def __init__(self):
        self.jobs, self.forecast = JobTable(), Forecast()
        self.estimates = Estimates(self.forecast, self.jobs, ManualClock(NOW), lambda model: model == "far")
        times = dataclasses.replace(TIMES, started=NOW - 1.0)
        self.running = self.add(render_job(1, state=JobState.RENDERING))
        self.running.times = times
        self.queued = self.add(render_job(2))

    def add(self, job):
        self.jobs.add(job)
        return job

    def learn(self, model, seconds):
        told = dataclasses.replace(self.running.changed(), state=JobState.LANDED, model=model, engine_seconds=seconds)
        self.forecast.learn(dataclasses.replace(told, times=TIMES))


@pytest.fixture
def room():
    return Room()


def test_nothing_is_known_of_what_was_never_rendered(room):
    assert room.estimates.of(room.queued) is None


def test_here_a_job_waits_for_what_is_before_it(room):
    room.learn("pocket", 4.0)
    assert room.estimates.of(room.running) == pytest.approx(3.0 + USUAL_WRITE)
    assert room.estimates.of(room.queued) == pytest.approx(3.0 + 4.0 + USUAL_WRITE)


def test_a_server_renders_side_by_side_and_what_it_renders_delays_nobody_here(room):
    room.learn("pocket", 4.0)
    room.learn("far", 7.0)
    far = room.add(render_job(3))
    far.model = "far"
    assert room.estimates.of(far) == pytest.approx(7.0 + USUAL_WRITE)
    last = room.add(render_job(4))
    assert room.estimates.of(last) == pytest.approx(3.0 + 4.0 + 4.0 + USUAL_WRITE)


def test_who_would_be_asked_now_comes_after_all_that_is_asked_for_here(room):
    room.learn("pocket", 4.0)
    room.learn("quick", 0.5)
    far = room.add(render_job(1_000))
    far.model = "far"
    assert room.estimates.of_asked_now(far, "quick") == pytest.approx(3.0 + 4.0 + 0.5 + USUAL_WRITE)


def test_of_who_has_rendered_nothing_yet_only_what_is_before_it_is_counted(room):
    room.learn("pocket", 4.0)
    assert room.estimates.of_asked_now(room.queued, "new") == pytest.approx(3.0 + USUAL_WRITE)


def test_each_take_that_is_with_the_writer_has_a_file_of_its_own_to_wait_for(room):
    assert room.estimates.write_seconds() == pytest.approx(USUAL_WRITE)
    room.queued.writing = True
    assert room.estimates.write_seconds() == pytest.approx(2 * USUAL_WRITE)
    room.learn("pocket", 4.0)
    assert room.estimates.of(room.running) == pytest.approx(3.0 + 2 * USUAL_WRITE)
