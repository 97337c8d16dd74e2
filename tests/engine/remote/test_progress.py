"""What a show hears of a job that is on its way at a server, and what the job keeps of it."""

import pytest

from midifrag.clock import ManualClock
from midifrag.engine.line import messages as line
from midifrag.engine.messages import Progress, Render, Resumed, Started
from midifrag.engine.remote.far_jobs import FarJobs
from midifrag.engine.remote.progress import how_far_it_is


class Told:
    """A job, and a server that tells of it."""

    def __init__(self):
        self.clock = ManualClock()
        self.job = FarJobs().add(Render(7, "bell", seconds=1.0, seed=1), None, 0.0, "float32")

    def hear(self, kind, *, is_ready=True, **said):
        return how_far_it_is(kind(job=self.job.id, **said), self.job, self.clock, is_ready=is_ready)


@pytest.fixture
def told():
    return Told()


def test_that_it_waits_is_news_of_its_engine_from_the_second_time_on(told):
    assert told.hear(line.Queued, ahead=1) == []
    assert told.hear(line.Queued, ahead=1) == [Resumed()]
    # Of an engine that is away nobody hears by this way that it is back.
    assert told.hear(line.Queued, ahead=1, is_ready=False) == []


def test_where_it_is_is_kept_until_it_is_elsewhere(told):
    for place, kept in (("r1", "r1"), ("", "r1"), ("r2", "r2")):
        told.hear(line.Queued, place=place)
        assert told.job.place == kept


def test_its_beginning_is_told_once_and_the_last_one_counts(told):
    assert told.hear(line.Began) == [Started(7)]
    told.clock.time += 2.0
    assert told.hear(line.Began) == []
    assert told.job.began_at == told.clock.time


def test_each_step_is_told(told):
    assert told.hear(line.Progress, step=3, of=8) == [Progress(7, 3, 8)]
