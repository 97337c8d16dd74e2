"""What engines say of themselves, as everybody is told; whole shows with it are in test_engine_events.py."""

import pytest

from midifrag.engine.messages import Died, Ready, Stalled, Warm, Warming
from midifrag.events import EngineChanged
from midifrag.states import EngineState
from tests.support.bridges import INFO, Rig
from tests.support.shows import loaded


@pytest.fixture
def rig():
    return Rig(loaded(model="pocket"))


def test_warming_tells_how_much_is_done(rig):
    rig.say(Warming(2, 5, "weights"), "pocket")
    assert rig.told(EngineChanged)[-1] == EngineChanged("pocket", EngineState.WARMING, "weights", 2, 5)


def test_what_stands_in_is_loaded_once_nothing_else_waits_for_the_machine(rig):
    rig.say(Warming(0, 1, "weights"), "pocket")
    assert rig.engines.sent == []
    rig.say(Ready(INFO), "pocket")
    rig.say(Stalled(6.0), "pocket")
    assert rig.engines.sent == [("sketch", Warm(()))]


def test_an_absence_is_told_once_and_so_is_its_end(rig):
    rig.say(Ready(INFO), "sketch")
    rig.say(Ready(INFO), "pocket")
    rig.say(Died("killed", (), restarting=True), "pocket")
    for _ in range(3):
        rig.clock.time += 2.5
        rig.bridge.housekeeping()
    assert rig.notices() == [("warning", "sketch stands in for pocket until it is back")]
    rig.say(Ready(INFO), "pocket")
    for _ in range(2):
        rig.bridge.housekeeping()
    assert rig.notices()[1:] == [("info", "pocket is back and renders again")]


def test_a_restarting_engine_says_so_and_a_lost_one_that_it_is(rig):
    rig.say(Died("killed", (), restarting=True), "pocket")
    assert rig.told(EngineChanged)[-1].state is EngineState.RESTARTING
    rig.say(Died("no such file", (), restarting=False), "pocket")
    assert (rig.told(EngineChanged)[-1].state, rig.told(EngineChanged)[-1].text) == (EngineState.LOST, "no such file")


def test_pads_of_an_engine_that_stalled_before_it_was_ready_say_so_no_more_when_it_is(rig):
    rig.press(36)
    rig.say(Warming(0, 1, "weights"), "pocket")
    rig.say(Stalled(6.0), "pocket")
    assert rig.jobs()[-1].text == "pocket shows no progress"
    rig.say(Ready(INFO), "pocket")
    assert (rig.jobs()[-1].state, rig.jobs()[-1].text) == ("queued", "")
