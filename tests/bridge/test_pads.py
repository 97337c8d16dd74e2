from midifrag.bridge.pads import ENDED_SHOWS_FOR
from midifrag.events import BankChanged
from midifrag.intents import Panic, SetParameter
from midifrag.pad_key import PadKey
from tests.support.bridges import Rig, with_spares
from tests.support.shows import loaded, one_pad, two_banks


def test_a_pad_goes_back_to_what_it_is_busy_with_after_another_press_of_it_ended():
    rig = Rig(loaded(queue={"size": 1}))
    rig.press()
    rig.press()
    assert rig.pad_states() == ["queued", "refused"]
    rig.clock.time += ENDED_SHOWS_FOR
    rig.bridge.housekeeping()
    rig.bridge.housekeeping()
    assert rig.pad_states() == ["queued", "refused", "queued"]


def test_a_press_of_another_bank_keeps_its_state_for_when_that_bank_returns():
    rig = Rig(two_banks())
    rig.press()
    (render,) = rig.engines.renders()
    rig.program(5)
    rig.finish(render)
    rig.program(1)
    back = [c for c in rig.changes if isinstance(c, BankChanged)][-1]
    assert {pad.pad: pad.state.value for pad in back.pads} == {PadKey(36): "landed", PadKey(37): "idle"}


def test_a_landed_pad_shows_its_next_spare_after_a_while():
    rig = with_spares(one_pad(seed=1))
    rig.rendered(rig.engines.renders()[0])
    rig.press()
    rig.landed(rig.lands()[-1].job)
    rig.bridge.housekeeping()
    assert rig.pad_states()[-1] == "landed"
    rig.clock.time += ENDED_SHOWS_FOR
    rig.bridge.housekeeping()
    assert rig.pad_states()[-1] == "ready"


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
