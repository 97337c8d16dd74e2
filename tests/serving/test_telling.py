"""What is told of a job: each thing once, only as it is now, waiting again and again."""

import pytest

from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.messages import Cancelled, Died, Failed, Progress, Started
from midifrag.serving.telling import PROGRESS_GAP, WAIT_GAP, Telling
from tests.serving.asking import Desk, asked, take


class Tale:
    def __init__(self):
        self.desk = Desk()
        self.job = self.desk.jobs.ask("ann", asked(1))
        self.telling = Telling(self.job, "here")

    def due(self, ahead=0):
        return [
            (one.kind(), *(getattr(one, name) for name in ("ahead", "step", "reason") if hasattr(one, name)))
            for one in self.telling.due(self.desk.clock.now(), ahead)
        ]

    def note(self, event):
        self.desk.jobs.note(event)

    def pass_time(self, seconds):
        self.desk.clock.time += seconds


def test_that_it_waits_is_told_at_once_with_its_place():
    tale = Tale()
    [queued] = tale.telling.due(0.0, 3)
    assert (queued.ahead, queued.place) == (3, "here")


def test_that_it_waits_is_told_again_when_that_has_changed_and_every_two_seconds():
    tale = Tale()
    assert tale.due(2) == [("queued", 2)]
    assert tale.due(2) == []
    assert tale.due(1) == [("queued", 1)]
    assert tale.telling.next_at() == tale.desk.clock.now() + WAIT_GAP
    tale.pass_time(WAIT_GAP)
    assert tale.due(1) == [("queued", 1)]


def test_progress_is_told_twenty_times_a_second_as_it_is_then():
    tale = Tale()
    tale.due()
    tale.note(Started(1))
    tale.note(Progress(1, 1, 100))
    # A render that is over within the gap has none.
    assert tale.due() == [("began",)]
    tale.pass_time(PROGRESS_GAP)
    assert tale.due() == [("progress", 1)]
    for step in range(2, 9):
        tale.note(Progress(1, step, 100))
        assert not tale.telling.wakes(tale.desk.clock.now())
    assert tale.due() == []
    assert tale.telling.next_at() == tale.desk.clock.now() + PROGRESS_GAP
    tale.pass_time(PROGRESS_GAP)
    assert tale.due() == [("progress", 8)]
    tale.pass_time(PROGRESS_GAP)
    # Nothing came in the gap: the next step is told when it is there.
    assert (tale.due(), tale.telling.next_at()) == ([], None)
    tale.note(Progress(1, 9, 100))
    assert tale.telling.wakes(tale.desk.clock.now())
    assert tale.due() == [("progress", 9)]


def test_what_is_no_step_is_looked_at_at_once():
    tale = Tale()
    tale.due()
    for event in (Started(1), Progress(1, 1, 8), take(1)):
        tale.note(event)
        wakes = tale.telling.wakes(tale.desk.clock.now())
        assert wakes is not isinstance(event, Progress)
        tale.due()


def test_who_comes_late_hears_how_it_stands_and_not_how_it_came_to_that():
    tale = Tale()
    tale.note(Started(1))
    for step in range(1, 9):
        tale.note(Progress(1, step, 8))
    tale.note(take(1))
    assert tale.due() == [("queued", 0), ("began",), ("rendered",)]
    assert tale.telling.is_over


@pytest.mark.parametrize(
    ("event", "told"),
    [(Failed(1, "x" * 3000), ("failed", "x" * 2000)), (Cancelled(1), ("cancelled",))],
)
def test_each_end_is_told(event, told):
    tale = Tale()
    tale.due()
    tale.note(event)
    assert tale.due() == [told]
    assert tale.telling.is_over


def test_one_that_begins_anew_waits_and_begins_again():
    tale = Tale()
    tale.due()
    tale.note(Started(1))
    tale.note(Progress(1, 5, 8))
    tale.due()
    tale.note(Died("killed", (1,), restarting=True))
    assert tale.due() == [("queued", 0)]
    tale.pass_time(1.0)
    tale.note(Started(1))
    tale.note(Progress(1, 1, 8))
    assert tale.due() == [("began",)]
    tale.pass_time(PROGRESS_GAP)
    assert tale.due() == [("progress", 1)]


def test_an_end_without_its_take_is_a_fault_of_ours():
    tale = Tale()
    tale.job.outcome = engine.Rendered(1, take(1).audio, 8000, {}, 0.1)
    with pytest.raises(ValueError, match="without what was rendered"):
        tale.due()


def test_that_it_waits_for_uploads_is_told_once_and_again_when_these_are_others():
    tale = Tale()
    tale.due()
    for ticket in (1, 2):
        tale.job.lacking = (line.Wanted(sha256="a" * 64, ticket=ticket, have=5 * ticket),)
        [lacking] = tale.telling.due(0.0, 0)
        assert (lacking.place, lacking.uploads) == ("here", tale.job.lacking)
        assert tale.telling.due(0.0, 0) == []
    tale.job.lacking = ()
    assert tale.telling.due(0.0, 0) == []
