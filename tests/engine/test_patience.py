"""How long silence is endured."""

from __future__ import annotations

from midifrag.engine.patience import LEAST_SECONDS, TIMES, Patience


def test_a_quick_worker_gets_the_least():
    patience = Patience()
    patience.wait(LEAST_SECONDS)
    assert not patience.over
    patience.wait(1.0)
    assert patience.over


def test_a_slow_worker_gets_more():
    patience = Patience()
    patience.wait(30.0)
    patience.hear()
    assert patience.limit == 30.0 * TIMES
    patience.wait(30.0 * TIMES)
    assert not patience.over
    patience.wait(1.0)
    assert patience.over


def test_rest_is_no_silence():
    patience = Patience()
    patience.wait(2 * LEAST_SECONDS)
    patience.rest()
    assert not patience.over
    patience.hear()
    assert patience.limit == LEAST_SECONDS
