"""A show with faults, under a fixed seed, over real ports."""

import pytest

from tests.faults.act import engines_rest
from tests.faults.campaign import Campaign, Figures
from tests.faults.moves import MOVES
from tests.support.performing import Log
from tools.jack_server import Server, realtime_allowed

#: Seconds of acts, the last of which is played to the end of its scene.
SECONDS = 30.0


@pytest.fixture
def campaign(jack_server, monkeypatch):
    """One with a JACK server of its own, which it may kill; the tests' own is found again afterwards."""
    del jack_server
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "")
    said: list[str] = []
    playing = Campaign(20261125, "pocket", Server(realtime=realtime_allowed()), said.append)
    yield playing, said
    playing.jack.stop()


@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_an_evening_with_faults(campaign, tmp_path):
    playing, said = campaign
    figures = playing.play(SECONDS, tmp_path)
    assert said == []
    assert figures.acts >= 1
    assert figures.presses > 10
    assert figures.outcomes["landed"] > 0


def test_the_line_of_figures_tells_faults_from_playing():
    figures = Figures(7, seconds=1800.0, acts=2, scenes=3)
    figures.moves.update({"press": 5, "kill_engine": 2})
    figures.outcomes.update({"landed": 4, "failed": 1})
    assert figures.faults == 2
    assert figures.line() == (
        "| 0.50 h, seed 7 | 2 shows, 3 scenes | 2 faults "
        "| 5 presses: 4 landed, 0 refused, 1 failed, 0 cancelled | 0 violations |"
    )


def test_every_move_has_a_name_of_its_own():
    assert len({move.name for move in MOVES}) == len(MOVES)


def test_an_engine_that_has_said_nothing_yet_is_not_ready():
    said = [{"event": "EngineChanged", "model": "sketch", "state": "ready"}]
    assert engines_rest(Log(said), "sketch")
    assert not engines_rest(Log(said), "sketch", "pocket")
    said.append({"event": "EngineChanged", "model": "pocket", "state": "warming"})
    assert not engines_rest(Log(said), "sketch", "pocket")
    said.append({"event": "EngineChanged", "model": "pocket", "state": "ready"})
    assert engines_rest(Log(said), "sketch", "pocket")
    assert not engines_rest(Log([]))
