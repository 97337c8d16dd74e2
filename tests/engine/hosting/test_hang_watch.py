"""How long silence is endured."""

from __future__ import annotations

import threading

import pytest

from midifrag.engine.hosting.hang_watch import (
    FIRST_SECONDS,
    HUNG_SECONDS,
    HUNG_STEPS,
    LOADING_SECONDS,
    MEASURED,
    STALLED_SECONDS,
    STALLED_STEPS,
    Activity,
    HangDetector,
    HangWatch,
)
from midifrag.engine.messages import Ready, Warming
from tests.engine.odd_events import INFO

BUSY = Activity.BUSY


def stepping(*steps):
    """A detector of a busy worker whose last steps took so long."""
    detector = HangDetector()
    detector.heard(BUSY, news=False)
    for seconds in steps:
        detector.add(seconds)
        detector.heard(BUSY, news=True)
    return detector


def hangs_after(detector, seconds):
    """Whether so much silence is borne, and no more."""
    detector.add(seconds)
    borne = not detector.is_hanging
    detector.add(0.25)
    return borne and detector.is_hanging


def stalls_after(detector, seconds):
    detector.add(seconds - 0.25)
    borne = not detector.is_stalled
    detector.add(0.25)
    return borne and detector.is_stalled


def test_a_quick_worker_stalls_after_five_seconds_and_hangs_after_ten():
    assert (STALLED_SECONDS, HUNG_SECONDS, HUNG_STEPS) == (5.0, 10.0, 5)
    assert stalls_after(stepping(0.25), STALLED_SECONDS)
    assert hangs_after(stepping(0.25), HUNG_SECONDS)


def test_a_slow_worker_gets_as_long_as_its_steps_take():
    assert stalls_after(stepping(1.0, 4.0, 2.0), STALLED_STEPS * 4.0)
    assert hangs_after(stepping(1.0, 4.0, 2.0), HUNG_STEPS * 4.0)


def test_one_slow_step_is_forgotten_after_a_while():
    assert hangs_after(stepping(8.0, *[0.25] * (MEASURED - 1)), HUNG_STEPS * 8.0)
    assert hangs_after(stepping(8.0, *[0.25] * MEASURED), HUNG_SECONDS)


def test_nobody_waits_for_ever():
    assert hangs_after(stepping(500.0), LOADING_SECONDS)


def test_a_first_step_and_a_later_warm_up_get_more():
    assert hangs_after(stepping(), FIRST_SECONDS)
    warming = stepping(0.25)
    warming.heard(Activity.WARMING, news=False)
    assert hangs_after(warming, FIRST_SECONDS)


def test_what_a_warm_up_takes_tells_how_long_a_first_step_may_take():
    detector = HangDetector()
    detector.add(100.0)
    detector.heard(Activity.LOADING, news=False)
    detector.add(40.0)
    detector.heard(None, news=True)
    detector.heard(BUSY, news=False)
    assert hangs_after(detector, HUNG_STEPS * 40.0)


def test_loading_gets_the_most_and_is_never_told_to_have_stalled():
    detector = HangDetector()
    assert hangs_after(detector, LOADING_SECONDS)
    assert not detector.is_stalled


def test_how_long_loading_took_says_nothing_of_steps():
    detector = HangDetector()
    detector.add(40.0)
    detector.heard(BUSY, news=True)
    detector.add(0.25)
    detector.heard(BUSY, news=True)
    assert hangs_after(detector, HUNG_SECONDS)


def test_an_idle_worker_gives_signs_too():
    detector = stepping(3.0)
    detector.heard(Activity.IDLE, news=False)
    assert not detector.is_stalled
    assert hangs_after(detector, HUNG_SECONDS)


def test_of_one_that_rests_nothing_is_expected():
    detector = stepping(0.25)
    detector.heard(Activity.RESTING, news=False)
    detector.add(10 * LOADING_SECONDS)
    assert not detector.is_hanging
    assert not detector.is_stalled


def test_signs_without_anything_that_comes_of_the_work_are_not_believed_for_ever():
    detector = stepping(1.0)
    for _ in range(int(LOADING_SECONDS)):
        detector.add(1.0)
        detector.heard(BUSY, news=False)
    assert not detector.is_hanging
    detector.add(1.0)
    assert detector.is_hanging
    detector.heard(BUSY, news=True)
    assert not detector.is_hanging


class Watched:
    """A worker that a test says the activity of, looked at every 2.5 s."""

    def __init__(self, activity=BUSY, awaited=True):
        self.ended, self.told, self.awaited = 0, [], awaited
        self.watch = HangWatch(self.end, self.told.append, lambda: self.awaited, every=2.5)
        if activity is not None:
            self.watch.heard(activity)
            self.watch.look()
        if activity is BUSY:
            self.watch.heard()

    def end(self):
        self.ended += 1

    def looks(self, count):
        return [self.watch.look() for _ in range(count)]


def test_a_busy_worker_that_says_nothing_is_told_and_ended_once():
    worker = Watched()
    # Its one step took 2.5 s, and so five of them are 12.5.
    assert worker.looks(6) == [False] * 6
    assert (worker.told, worker.ended, worker.watch.hung_seconds) == ([5.0], 0, None)
    assert worker.looks(1) == [True]
    assert (worker.told, worker.ended, worker.watch.hung_seconds) == ([5.0], 1, 15.0)


def test_every_word_is_a_sign_of_life_and_one_that_goes_on_is_told():
    worker = Watched()
    for _ in range(10):
        assert worker.looks(4) == [False] * 4
        worker.watch.heard()
    worker.looks(1)
    # Once it has shown that it takes so long, that is no news.
    assert (worker.told, worker.ended) == ([5.0, None], 0)


@pytest.mark.parametrize(("awaited", "told"), [(True, [5.0]), (False, [])])
def test_one_that_warms_up_is_told_to_have_stalled_only_while_somebody_waits(awaited, told):
    worker = Watched(Activity.WARMING, awaited)
    worker.looks(4)
    assert worker.told == told


def test_one_that_loads_may_be_silent_for_long():
    worker = Watched(None)
    assert not any(worker.looks(240))
    assert worker.looks(1) == [True]
    assert worker.told == []


def test_the_thread_looks_until_it_is_stopped_or_has_seen_enough():
    enough = HangWatch(lambda: None, every=0.001)
    enough.look = lambda: True
    enough.start()
    enough.join()
    seen = threading.Semaphore(0)
    stopped = HangWatch(lambda: None, every=0.001)
    stopped.look = lambda: bool(seen.release())
    stopped.start()
    for _ in range(3):
        seen.acquire()
    stopped.stop()
    stopped.join()


def test_one_that_is_ready_waits_for_something_to_do():
    worker = Watched(None)
    worker.watch.heard_event(Warming(1, 2, "weights"))
    worker.looks(5)
    worker.watch.heard_event(Ready(INFO))
    worker.looks(5)
    assert (worker.told, worker.ended) == ([5.0], 0)
    assert worker.looks(1) == [True]
