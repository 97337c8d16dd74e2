import pytest

from midifrag.bridge.view import View, landing_time
from midifrag.events import EngineChanged, JobChanged, PadChanged, PadState
from tests.support.bridges import INFO


def job(number, state, **times):
    return JobChanged(number, state, "rain", "opening", "36", times)


def test_a_job_moves_from_open_to_finished_and_counts_as_latency_only_when_it_landed():
    view = View()
    view.apply(job(1, PadState.QUEUED, pressed=1.0))
    view.apply(job(2, PadState.QUEUED, pressed=1.0))
    assert list(view.jobs) == [1, 2]
    view.apply(job(1, PadState.LANDED, pressed=1.0, landed=3.5))
    view.apply(job(2, PadState.FAILED, pressed=1.0))
    assert view.jobs == {}
    assert [one.job for one in view.finished] == [1, 2]
    assert view.percentile(0.5) == pytest.approx(2.5)


def test_percentiles_of_nothing_and_of_many():
    view = View()
    assert view.percentile(0.95) is None
    for number in range(100):
        view.apply(job(number, PadState.LANDED, pressed=0.0, landed=float(number)))
    assert (view.percentile(0.5), view.percentile(0.95)) == (50.0, 95.0)


def test_what_an_engine_is_stays_known_while_it_restarts():
    view = View()
    view.apply(EngineChanged("pocket", "ready", info=INFO))
    view.apply(EngineChanged("pocket", "restarting", "killed"))
    assert view.engines["pocket"].state == "restarting"
    assert view.engines["pocket"].info is INFO


def test_pads_keep_their_last_state():
    view = View()
    pad = PadChanged("opening", "36", None, 1, 36, PadState.QUEUED, None, 0.0)
    view.apply(pad)
    assert view.pads["opening", "36"] is pad


def test_landing_time_needs_both_ends():
    assert landing_time({"pressed": 1.0}) is None
    assert landing_time({"pressed": 1.0, "landed": 1.5}) == 0.5
