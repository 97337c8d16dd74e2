"""What follows from what engines say of themselves and of jobs: who plays, what is told, and which spares are made."""

from dataclasses import replace

from midifrag.bridge.items import FromEngine
from midifrag.engine.messages import Died, Failed, Ready, Resumed, Stalled, Warm, Warming
from midifrag.events import EngineChanged
from midifrag.states import EngineState
from tests.support.bridges import INFO, Rig, with_spares
from tests.support.shows import bank, loaded, one_pad

# --- engines ---------------------------------------------------------------------------------------------------------


def test_an_engine_is_told_as_it_loads_and_dies():
    rig = Rig(loaded(model="pocket"))
    events = [
        Warming(1, 3, "weights"),
        Ready(INFO),
        Stalled(5.0),
        Resumed(),
        Died("killed", (), restarting=True),
        Warming(0, 3, "weights"),
        Died("no such model", (), restarting=False),
    ]
    for event in events:
        rig.clock.time += 10.0
        rig.say(event, "pocket")
    info = replace(INFO, model="pocket")
    assert rig.told(EngineChanged) == [
        EngineChanged("pocket", EngineState.WARMING, "weights", 1, 3),
        EngineChanged("pocket", EngineState.READY, INFO.summary, info=INFO),
        EngineChanged("pocket", EngineState.STALLED, "no progress for 5 s", since=1025.0),
        EngineChanged("pocket", EngineState.READY, info.summary, info=info),
        # It took 20 s from the start.
        EngineChanged("pocket", EngineState.RESTARTING, "killed", since=1050.0, expected=20.0),
        EngineChanged("pocket", EngineState.WARMING, "weights", 0, 3, since=1050.0, expected=20.0),
        EngineChanged("pocket", EngineState.LOST, "no such model"),
    ]


def test_jobs_of_a_dead_engine_are_queued_again_before_what_stands_in_is_asked_for_more():
    rig = Rig(loaded(model="pocket"))
    rig.press()
    rig.engines.fallback["pocket"] = "sketch"
    rig.say(Died("no such model", (1,), restarting=False), "pocket")
    assert rig.engines.sent[1:] == [("sketch", rig.engines.renders()[0]), ("sketch", Warm(()))]


def test_what_takes_over_begins_before_the_next_press_and_says_so_once():
    rig = Rig(loaded(model="pocket"))
    rig.engines.fallback |= {"pocket": "sketch", "small": "sketch"}
    for model in ("pocket", "pocket", "small"):
        rig.say(Died("no such model", (), restarting=False), model)
    assert rig.engines.sent == [("sketch", Warm(()))]
    assert rig.notices() == [("warning", "sketch renders for pocket from now on")]


def test_a_lost_engine_without_another_has_nobody_who_takes_over():
    rig = Rig()
    rig.say(Died("killed", (), restarting=False), "sketch")
    assert (rig.engines.sent, rig.notices()) == ([], [])


def test_the_pool_takes_in_what_an_engine_says_before_anybody_asks_it():
    rig = Rig(loaded(model="pocket"))
    noted = []

    def note(model, event):
        noted.append((model, event))
        rig.engines.fallback[model] = "sketch"

    rig.engines.note = note
    death = Died("killed", (), restarting=False)
    rig.bridge.handle(FromEngine("pocket", death))
    assert noted == [("pocket", death)]
    assert ("sketch", Warm(())) in rig.engines.sent


# --- spares ----------------------------------------------------------------------------------------------------------


def test_one_spare_follows_another_at_once():
    rig = with_spares(bank())
    rig.rendered(rig.engines.renders()[0])
    assert [one.prompt for one in rig.engines.renders()] == ["rain", "short kick"]
    assert rig.pad_states() == ["ready"]


def test_pads_settle_when_an_engine_dies():
    rig = with_spares(one_pad(model="pocket"))
    rig.ready("pocket")
    rig.rendered(rig.engines.renders()[0])
    rig.engines.fallback["pocket"] = "sketch"
    rig.say(Died("killed", (), restarting=False), "pocket")
    assert rig.pad_states() == ["ready", "idle"]
    assert rig.engines.sent[-1] == ("sketch", rig.engines.renders()[-1])


def test_an_end_that_is_no_spares_starts_none_before_housekeeping():
    rig = with_spares()
    rig.press()
    rig.say(Failed(1, "out of memory"))
    assert len(rig.engines.renders()) == 1
