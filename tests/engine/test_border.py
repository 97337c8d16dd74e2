"""Whatever an engine says, each of its jobs ends once."""

from __future__ import annotations

import pytest

from midifrag.engine.border import MOST_TOLD, Border, each_event
from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Died,
    Failed,
    Progress,
    Promote,
    Ready,
    Render,
    Rendered,
    Started,
    Warm,
    Warming,
)
from tests.engine.odd_events import AUDIO, INFO, ODD_FIELDS, RATE, take


class Crossing:
    """A border of an engine that works for jobs 1 and 2, and what came across."""

    def __init__(self):
        self.told = []
        self.border = Border("odd", self.told.append)
        self.border.take(Ready(INFO))
        for job in (1, 2):
            self.border.asked(Render(job, "rain", 0.05, 1))
        self.told.clear()

    def say(self, *said):
        for one in said:
            self.border.take(one)
        return self.told


@pytest.fixture
def crossing():
    return Crossing()


def test_what_is_right_passes(crossing):
    right = [Warming(1, 2, "x"), Started(1), Progress(1, 1, 2), Failed(1, "why"), Started(2), Cancelled(2)]
    assert crossing.say(*right) == right
    assert crossing.border.jobs == ()


@pytest.mark.parametrize(("fields", "why"), ODD_FIELDS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_odd_take_is_a_failure_with_the_engine_s_name(crossing, fields, why):
    crossing.say(take(**fields))
    (failed,) = crossing.told
    assert failed.job == 1
    assert failed.reason.startswith("the engine odd: ")
    assert why in failed.reason
    assert crossing.border.jobs == (2,)


def test_what_was_rendered_is_kept_where_something_else_was_odd(crossing):
    crossing.say(take(used=None), take(2, sample_rate=float(RATE)))
    assert [(failed.audio is AUDIO, failed.sample_rate) for failed in crossing.told] == [(True, RATE)] * 2


@pytest.mark.parametrize(
    "said",
    [Started(9), Progress(9, 1, 2), take(9), Failed(9, "why"), Cancelled(9), take(None), Progress(1, 3, 2), None],
)
def test_ids_of_others_and_what_ends_nothing_are_told_in_one_line_once(crossing, caplog, said):
    assert crossing.say(said, said) == []
    assert crossing.border.jobs == (1, 2)
    (record,) = caplog.records
    assert record.getMessage().startswith("the engine odd: ")
    assert record.exc_info is None


def test_answers_after_the_end_are_left_out(crossing):
    crossing.say(take(), take(), Failed(1, "again"), Cancelled(1), Progress(1, 1, 2), Started(1))
    assert [type(event) for event in crossing.told] == [Rendered]


def test_a_job_with_a_number_of_numpy_s_ends(crossing):
    import numpy as np

    crossing.say(take(np.int64(1), used=None), take(np.int64(2)))
    assert [(type(event), event.job) for event in crossing.told] == [(Failed, 1), (Rendered, 2)]


def test_a_death_takes_only_jobs_of_its_own_engine(crossing):
    assert crossing.say(Died("killed", (2, 9), restarting=True)) == [Died("killed", (2,), restarting=True)]
    assert crossing.border.jobs == (1,)


@pytest.mark.parametrize(
    ("said", "restarting"), [(Died(None, (1,), True), True), (Died("x", None, False), False), (Ready(None), False)]
)
def test_who_says_nothing_sensible_of_itself_is_lost_with_all_its_jobs(crossing, said, restarting):
    crossing.say(said)
    (death,) = crossing.told
    assert (death.jobs, death.restarting) == ((1, 2), restarting)
    assert death.reason.startswith("the engine odd: ")


def test_what_an_idle_engine_never_answered_is_ended(crossing):
    for command in (Cancel(2), Cancel(9), Promote(1), Warm(())):
        crossing.border.asked(command)
    crossing.border.settle()
    crossing.border.settle()
    reason = "the engine odd: it has nothing to do, and never said what became of this"
    assert crossing.told == [Failed(1, reason), Cancelled(2)]


def test_a_job_is_failed_once(crossing):
    crossing.border.fail(1, "send() raised")
    crossing.border.fail(1, "send() raised")
    assert crossing.told == [Failed(1, "the engine odd: send() raised")]


def test_an_engine_that_talks_nonsense_without_end_is_not_told_without_end(crossing, caplog):
    crossing.say(*(f"nonsense {number}" for number in range(10 * MOST_TOLD)))
    assert len(caplog.records) == MOST_TOLD


@pytest.mark.parametrize(
    ("said", "events"), [(None, []), ([], []), (Started(1), [Started(1)]), ((Started(1), 3), [Started(1), 3])]
)
def test_a_worker_may_say_nothing_one_thing_or_several(said, events):
    assert list(each_event(said)) == events
