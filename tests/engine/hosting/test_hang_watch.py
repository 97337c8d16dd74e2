"""How long silence is endured."""

from __future__ import annotations

import threading

from midifrag.engine.hosting.hang_watch import (
    MAX_SILENCE,
    MIN_SILENCE,
    SLOWEST_FACTOR,
    Activity,
    HangDetector,
    HangWatch,
)


def test_a_quick_worker_gets_the_least():
    detector = HangDetector()
    detector.add_silence(MIN_SILENCE)
    assert not detector.is_hanging
    detector.add_silence(1.0)
    assert detector.is_hanging


def test_a_slow_worker_gets_more():
    detector = HangDetector()
    detector.add_silence(20.0)
    detector.heard()
    assert detector.limit == 20.0 * SLOWEST_FACTOR
    detector.add_silence(20.0 * SLOWEST_FACTOR)
    assert not detector.is_hanging
    detector.add_silence(1.0)
    assert detector.is_hanging


def test_nobody_waits_for_ever():
    detector = HangDetector()
    detector.add_silence(10 * MAX_SILENCE)
    detector.heard()
    assert detector.limit == MAX_SILENCE


def test_rest_is_no_silence():
    detector = HangDetector()
    detector.add_silence(2 * MIN_SILENCE)
    detector.reset()
    assert not detector.is_hanging
    detector.heard()
    assert detector.limit == MIN_SILENCE


def test_loading_gets_the_most():
    detector = HangDetector()
    detector.is_loading = True
    detector.add_silence(MAX_SILENCE)
    assert not detector.is_hanging
    detector.add_silence(1.0)
    assert detector.is_hanging


class Watched:
    """A worker that a test says the activity of, looked at every 20 s."""

    def __init__(self, activity=Activity.BUSY):
        self.activity, self.ended = activity, 0
        self.watch = HangWatch(20.0, lambda: self.activity, self.end)

    def end(self):
        self.ended += 1

    def looks(self, count):
        return [self.watch.look() for _ in range(count)]


def test_a_busy_worker_that_says_nothing_is_ended_once():
    worker = Watched()
    assert worker.looks(4) == [False, False, False, True]
    assert worker.ended == 1
    assert worker.watch.hung_seconds == MIN_SILENCE


def test_every_word_is_a_sign_of_life():
    worker = Watched()
    for _ in range(10):
        assert worker.looks(3) == [False] * 3
        worker.watch.heard()
    assert worker.ended == 0
    assert worker.watch.hung_seconds is None


def test_an_idle_worker_may_be_silent_for_ever():
    worker = Watched(Activity.IDLE)
    assert not any(worker.looks(1000))
    worker.activity = Activity.BUSY
    assert worker.looks(4) == [False, False, False, True]


def test_a_worker_that_loads_may_be_silent_for_long():
    worker = Watched(Activity.LOADING)
    assert not any(worker.looks(30))
    assert worker.looks(1) == [True]
    assert worker.watch.hung_seconds == MAX_SILENCE


def test_the_thread_looks_until_it_is_stopped_or_has_seen_enough():
    enough = HangWatch(0.001, lambda: Activity.BUSY, lambda: None)
    enough.look = lambda: True
    enough.start()
    enough.join()
    seen = threading.Semaphore(0)
    stopped = HangWatch(0.001, lambda: Activity.BUSY, lambda: None)
    stopped.look = lambda: bool(seen.release())
    stopped.start()
    for _ in range(3):
        seen.acquire()
    stopped.stop()
    stopped.join()
