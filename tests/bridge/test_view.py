import pytest

from midifrag.bridge.view import View
from midifrag.events import EngineChanged, JobChanged, JobTimes, PadChanged
from midifrag.pad_key import PadKey
from midifrag.states import EngineState, JobKind, JobState, PadState
from tests.support.bridges import INFO


def job(number, state, **times):
    return JobChanged(number, JobKind.PAD, state, "rain", "opening", PadKey(36), JobTimes(**times))


def test_a_job_moves_from_open_to_finished_and_counts_as_latency_only_when_it_landed():
    view = View()
    view.apply(job(1, JobState.QUEUED, pressed=1.0))
    view.apply(job(2, JobState.QUEUED, pressed=1.0))
    assert list(view.jobs) == [1, 2]
    view.apply(job(1, JobState.LANDED, pressed=1.0, landed=3.5))
    view.apply(job(2, JobState.FAILED, pressed=1.0))
    assert view.jobs == {}
    assert [one.job for one in view.finished] == [1, 2]
    assert view.percentile(0.5) == pytest.approx(2.5)


def test_percentiles_of_nothing_and_of_many():
    view = View()
    assert view.percentile(0.95) is None
    for number in range(100):
        view.apply(job(number, JobState.LANDED, pressed=0.0, landed=float(number)))
    assert (view.percentile(0.5), view.percentile(0.95)) == (50.0, 95.0)


def test_what_an_engine_is_stays_known_while_it_restarts():
    view = View()
    view.apply(EngineChanged("pocket", EngineState.READY, info=INFO))
    view.apply(EngineChanged("pocket", EngineState.RESTARTING, "killed"))
    assert view.engines["pocket"].state == "restarting"
    assert view.engines["pocket"].info is INFO


def test_pads_keep_their_last_state():
    view = View()
    pad = PadChanged("opening", PadKey(36), None, 1, 36, PadState.QUEUED, None, 0.0)
    view.apply(pad)
    assert view.pads["opening", PadKey(36)] is pad


def test_the_time_until_a_landing_needs_one():
    assert JobTimes(1.0).until_landed is None
    assert JobTimes(1.0, landed=1.5).until_landed == 0.5
    assert JobTimes(1.0, queued=1.25).reached() == {"pressed": 1.0, "queued": 1.25}
