"""How long silence is endured."""

from __future__ import annotations

from midifrag.engine.hosting.hang_watch import MAX_SILENCE, MIN_SILENCE, SLOWEST_FACTOR, HangDetector


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
