"""How long silence is endured."""

from __future__ import annotations

from midifrag.engine.hosting.hang_watch import LEAST_SECONDS, MOST_SECONDS, TIMES, Patience


def test_a_quick_worker_gets_the_least():
    patience = Patience()
    patience.wait(LEAST_SECONDS)
    assert not patience.over
    patience.wait(1.0)
    assert patience.over


def test_a_slow_worker_gets_more():
    patience = Patience()
    patience.wait(20.0)
    patience.hear()
    assert patience.limit == 20.0 * TIMES
    patience.wait(20.0 * TIMES)
    assert not patience.over
    patience.wait(1.0)
    assert patience.over


def test_nobody_waits_for_ever():
    patience = Patience()
    patience.wait(10 * MOST_SECONDS)
    patience.hear()
    assert patience.limit == MOST_SECONDS


def test_rest_is_no_silence():
    patience = Patience()
    patience.wait(2 * LEAST_SECONDS)
    patience.rest()
    assert not patience.over
    patience.hear()
    assert patience.limit == LEAST_SECONDS


def test_loading_gets_the_most():
    patience = Patience()
    patience.is_loading = True
    patience.wait(MOST_SECONDS)
    assert not patience.over
    patience.wait(1.0)
    assert patience.over
