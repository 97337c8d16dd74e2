from dataclasses import replace

from midifrag.events import EngineChanged, JobTimes
from midifrag.states import EngineState


def test_the_time_until_a_landing_needs_one():
    assert JobTimes(1.0).until_landed is None
    assert JobTimes(1.0, landed=1.5).until_landed == 0.5
    assert JobTimes(1.0, queued=1.25).reached() == {"pressed": 1.0, "queued": 1.25}


def test_how_long_an_engine_does_not_answer_is_told_in_seconds():
    away = EngineChanged("pocket", EngineState.RESTARTING, since=1000.0)
    assert EngineChanged("pocket", EngineState.READY).wait(1012.0) == ""
    assert (away.wait(1012.4), away.wait(999.0)) == ("12 s", "0 s")
    assert replace(away, expected=39.6).wait(1012.0) == "12 s of about 40 s"
