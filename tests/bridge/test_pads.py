import pytest

from midifrag.bridge.pads import ENDED_SHOWS_FOR
from midifrag.engine.messages import Failed, Progress, Started
from midifrag.events import BankChanged, PadChanged
from midifrag.intents import Panic, SetParameter
from midifrag.pad_key import PadKey
from midifrag.states import PadState
from tests.support.bridges import Rig, with_spares
from tests.support.shows import bank, loaded, one_pad, two_banks


def housekeeping_after(rig, seconds):
    rig.clock.time += seconds
    rig.bridge.housekeeping()


def told_pads(rig):
    """The pads of the bank that was told last, and what they show."""
    last = rig.told(BankChanged)[-1]
    return {str(pad.pad): pad.state.value for pad in last.pads}


# --- busy pads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ended", ["refused", "failed", "landed"])
def test_a_pad_goes_back_to_what_it_is_busy_with_after_another_press_of_it_ended(ended):
    rig = Rig(loaded(queue={"size": 1 if ended == "refused" else 2}))
    rig.press()
    rig.press()
    if ended == "failed":
        rig.say(Failed(1, "out of memory"))
    elif ended == "landed":
        rig.rendered(rig.engines.renders()[0])
        rig.landed(1)
    assert rig.pad_states()[-1] == ended
    before = len(rig.changes)
    housekeeping_after(rig, ENDED_SHOWS_FOR - 0.5)
    assert len(rig.changes) == before
    housekeeping_after(rig, 0.5)
    housekeeping_after(rig, 9.0)
    assert rig.pad_states()[-2:] == [ended, "queued"]
    assert len(rig.changes) == before + 1


def test_a_busy_pad_goes_back_to_how_far_it_is():
    rig = Rig(loaded(queue={"size": 1}))
    rig.press()
    rig.press()
    rig.say(Started(1))
    rig.say(Progress(1, 1, 4))
    rig.press()
    rig.press()
    assert rig.pad_states()[-1] == "refused"
    housekeeping_after(rig, ENDED_SHOWS_FOR)
    last = rig.changes[-1]
    assert (last.state, last.job, last.progress, last.text) == (PadState.RENDERING, 1, 0.25, "")


def test_a_pad_whose_press_failed_or_landed_keeps_showing_it_until_there_is_news():
    rig = Rig()
    rig.press(36)
    rig.press(37)
    first, second = rig.engines.renders()
    rig.finish(first)
    rig.say(Failed(second.job, "out of memory"))
    before = len(rig.changes)
    housekeeping_after(rig, 9.0)
    assert len(rig.changes) == before


# --- spares ----------------------------------------------------------------------------------------------------------


def test_a_pad_becomes_ready_when_its_spare_is_there():
    rig = with_spares(one_pad(colour="red"))
    rig.clock.time = 1007.0
    rig.rendered(rig.engines.renders()[0])
    assert rig.changes[-1] == PadChanged("opening", PadKey(36), None, 1, 36, PadState.READY, "red", 1007.0)


def test_only_the_pad_whose_spare_it_is_becomes_ready():
    rig = with_spares(bank())
    rig.rendered(rig.engines.renders()[0])
    assert (rig.pad_states(PadKey(36)), rig.pad_states(PadKey(37))) == (["ready"], [])


def test_a_landed_pad_shows_its_next_spare_after_a_while():
    rig = with_spares(one_pad(seed=1))
    rig.rendered(rig.engines.renders()[0])
    rig.press()
    rig.landed(rig.lands()[-1].job)
    housekeeping_after(rig, ENDED_SHOWS_FOR - 0.5)
    assert rig.pad_states()[-1] == "landed"
    rig.clock.time += 0.5
    before = rig.changes[-1]
    rig.bridge.housekeeping()
    assert rig.changes[-1] == PadChanged("opening", PadKey(36), "midifrag", 1, 36, PadState.READY, None, 1001.5)
    assert (before.job, before.state) == (2, PadState.LANDED)


def test_a_spare_that_comes_while_its_pad_shows_a_landing_waits_for_its_turn():
    rig = with_spares()
    rig.rendered(rig.engines.renders()[0])
    rig.press()
    rig.landed(rig.lands()[-1].job)
    rig.bridge.housekeeping()
    rig.rendered(rig.engines.renders()[-1])
    assert rig.pad_states()[-1] == "landed"
    housekeeping_after(rig, ENDED_SHOWS_FOR)
    assert rig.pad_states()[-1] == "ready"


def fail(rig, reason="out of memory"):
    job = rig.engines.renders()[-1].job
    rig.say(Started(job))
    rig.say(Failed(job, reason))


def test_a_failure_and_its_reason_stay_when_the_next_spare_comes_until_the_next_press():
    rig = with_spares()
    rig.press()
    fail(rig)
    rig.bridge.housekeeping()
    rig.rendered(rig.engines.renders()[-1])
    for _ in range(3):
        housekeeping_after(rig, ENDED_SHOWS_FOR)
    (shown,) = rig.bridge.everything()[1].pads
    assert (rig.pad_states()[-1], shown.state, shown.text) == ("failed", PadState.FAILED, "out of memory")
    rig.press()
    rig.landed(rig.lands()[-1].job)
    housekeeping_after(rig, ENDED_SHOWS_FOR)
    assert rig.pad_states()[-3:] == ["failed", "queued", "landed"]


def test_a_failure_goes_when_another_bank_comes():
    rig = with_spares(bank("one", {36: {"prompt": "rain"}}, program=1), bank("two", program=2))
    rig.press()
    fail(rig)
    rig.program(1)
    assert rig.pad_states()[-1] == "failed"
    rig.program(2)
    rig.program(1)
    assert told_pads(rig) == {"36": "idle"}


def test_a_failure_that_nobody_could_see_is_shown_when_its_bank_returns():
    rig = with_spares(bank("one", {36: {"prompt": "rain"}}, program=1), bank("two", program=2))
    rig.press()
    job = rig.engines.renders()[-1].job
    rig.program(2)
    rig.say(Failed(job, "out of memory"))
    rig.program(1)
    assert told_pads(rig) == {"36": "failed"}


def test_a_pad_that_is_left_failed_and_busy_returns_busy():
    rig = Rig(two_banks())
    rig.press()
    rig.press()
    rig.say(Failed(1, "out of memory"))
    assert rig.pad_states()[-1] == "failed"
    rig.program(5)
    rig.program(1)
    assert told_pads(rig) == {"36": "queued", "37": "idle"}


def test_a_spare_that_comes_ends_the_showing_of_a_refusal_once_it_was_seen():
    rig = with_spares(bank(), show={"queue": {"size": 1}})
    rig.press(36)
    rig.clock.time += 1.0
    rig.press(37)
    assert rig.pad_states(PadKey(37)) == ["refused"]
    rig.finish(rig.engines.renders()[0])
    rig.bridge.housekeeping()
    rig.rendered(rig.engines.renders()[-1])
    housekeeping_after(rig, ENDED_SHOWS_FOR - 0.5)
    assert rig.pad_states(PadKey(37)) == ["refused"]
    housekeeping_after(rig, 0.5)
    assert rig.pad_states(PadKey(37)) == ["refused", "ready"]


def test_a_pad_shows_ready_only_while_its_spare_is_there():
    rig = with_spares()
    rig.rendered(rig.engines.renders()[0])
    assert rig.pad_states() == ["ready"]
    rig.bridge.handle(Panic())
    assert rig.pad_states() == ["ready", "idle"]


def test_a_spare_for_what_the_pad_no_longer_asks_for_is_not_shown():
    rig = with_spares()
    rig.bridge.handle(SetParameter("steps", 3))
    rig.rendered(rig.engines.renders()[0])
    assert rig.pad_states() == []


def test_a_spare_of_a_bank_that_rests_is_shown_when_that_bank_returns():
    rig = with_spares(bank("one", {36: {"prompt": "rain"}}, program=1), bank("two", program=2))
    rig.program(2)
    rig.rendered(rig.engines.renders()[0])
    assert rig.pad_states() == []
    rig.program(1)
    assert told_pads(rig) == {"36": "ready"}


# --- banks -----------------------------------------------------------------------------------------------------------


def test_a_press_of_another_bank_keeps_its_state_for_when_that_bank_returns():
    rig = Rig(two_banks())
    rig.press()
    (render,) = rig.engines.renders()
    rig.program(5)
    rig.finish(render)
    before = len(rig.changes)
    housekeeping_after(rig, 9.0)
    assert len(rig.changes) == before
    rig.program(1)
    assert told_pads(rig) == {"36": "landed", "37": "idle"}


def test_a_bank_that_comes_is_told_with_what_is_true_now():
    rig = with_spares(bank("one", program=1), bank("two", {36: {"prompt": "wind"}}, program=2), count=2)
    for _ in range(2):
        rig.rendered(rig.engines.renders()[-1])
        rig.bridge.housekeeping()
    rig.program(2)
    rig.bridge.housekeeping()
    rig.rendered(rig.engines.renders()[-1])
    rig.program(1)
    assert told_pads(rig) == {"36": "idle", "37": "ready"}


def test_a_bank_is_told_with_since_when_its_pads_show_what_they_show():
    rig = Rig(two_banks())
    rig.press()
    rig.program(5)
    rig.clock.time = 1007.0
    rig.program(1)
    assert [pad.time for pad in rig.told(BankChanged)[-1].pads] == [1000.0, 1007.0]
