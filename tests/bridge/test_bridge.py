import pytest

from midifrag.bridge.bridge import Introduce, Reload
from midifrag.engine.messages import Died, Started, Warm
from midifrag.events import BankChanged, ControlChanged, Notice
from midifrag.fragment.messages import SlotsChanged, SlotState
from midifrag.intents import ClearQueue, LockSlot, Panic, RestoreSlot, SelectBank, SetParameter
from midifrag.midi.messages import Tick
from midifrag.pad_key import PadKey
from midifrag.states import PadState
from tests.support.bridges import Rig, with_spares
from tests.support.shows import bank, loaded, one_pad, two_banks


def test_the_fallback_begins_before_the_next_press_and_says_so_once():
    rig = Rig(loaded(model="pocket"))
    rig.engines.fallback["pocket"] = "sketch"
    for _ in range(2):
        rig.say(Died("no such model", (), restarting=False), "pocket")
    assert rig.engines.sent == [("sketch", Warm(()))]
    notices = [change.text for change in rig.changes if isinstance(change, Notice)]
    assert notices == ["sketch renders for pocket from now on"]


def test_panic_cancels_everything_and_clear_queue_only_what_waits():
    rig = Rig()
    rig.press(36)
    rig.press(37)
    first, second = rig.engines.renders()
    rig.say(Started(first.job))
    rig.bridge.handle(ClearQueue())
    assert rig.engines.cancels() == [second.job]
    rig.bridge.handle(Panic())
    assert rig.engines.cancels() == [second.job, first.job]


def test_program_change_selects_a_bank_and_repeating_it_does_nothing():
    rig = Rig(two_banks())
    rig.program(5)
    rig.press()
    rig.program(5)
    assert rig.engines.renders()[0].prompt == "wind"
    assert [c.slug for c in rig.changes if isinstance(c, BankChanged)] == ["two"]


def test_an_unknown_program_keeps_the_bank_and_says_so():
    rig = Rig(two_banks())
    rig.program(9)
    assert rig.bridge.bank.slug == "one"
    assert "program 9" in rig.changes[-1].text


def test_next_bank_goes_round_the_set_list():
    rig = Rig(two_banks())
    for slug in ("two", "one"):
        rig.bridge.handle(SelectBank(offset=1))
        assert rig.bridge.bank.slug == slug


def test_pickup_waits_for_the_value_that_the_page_set():
    rig = Rig(loaded(controls=[{"cc": 21, "sets": "cfg_scale", "range": [0, 12.7], "takeover": "pickup"}]))
    rig.bridge.handle(SetParameter("cfg_scale", 10.0))
    rig.turn(21, 10)
    assert rig.changes[-1] == ControlChanged("cfg_scale", 10.0, waiting=True)
    rig.turn(21, 110)
    assert rig.changes[-1].value == pytest.approx(11.0)


def test_giving_a_parameter_back_to_the_presets():
    rig = Rig()
    rig.bridge.handle(SetParameter("steps", 33))
    rig.bridge.handle(SetParameter("steps", None))
    rig.press()
    assert rig.engines.renders()[0].steps is None


def test_reload_takes_over_a_new_configuration_and_keeps_the_bank():
    rig = Rig(two_banks())
    rig.program(5)
    rig.bridge.handle(Reload(loaded(bank("one", program=1), bank("two", {36: {"prompt": "storm"}}, program=5))))
    rig.press()
    assert rig.engines.renders()[0].prompt == "storm"


def test_reload_warms_what_is_new_and_only_that():
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain"}, 37: {"prompt": "bell"}})))
    rig.bridge.handle(Reload(loaded(bank(pads={36: {"prompt": "storm"}, 37: {"prompt": "bell"}}))))
    (warm,) = [command for _, command in rig.engines.sent if isinstance(command, Warm)]
    assert [render.prompt for render in warm.renders] == ["storm"]


def test_a_press_of_a_pad_that_is_no_longer_there_lands_without_a_light():
    rig = Rig()
    rig.press(37)
    (render,) = rig.engines.renders()
    rig.bridge.handle(Reload(loaded(one_pad())))
    rig.finish(render)
    assert rig.pad_states(PadKey(37)) == ["queued"]
    assert rig.jobs()[-1].state.value == "landed"


def test_reload_takes_over_the_tempo():
    rig = Rig(loaded(bank(pads={36: {"prompt": "beat at {bpm}"}})))
    rig.bridge.handle(Reload(loaded(bank(pads={36: {"prompt": "beat at {bpm}"}}), tempo=90)))
    assert ControlChanged("tempo", 90.0) in rig.changes
    rig.press()
    assert rig.engines.renders()[0].prompt == "beat at 90"


@pytest.mark.parametrize(
    ("name", "value"), [("volume", 3), ("steps", 0), ("cfg_scale", float("nan")), ("volume", None)]
)
def test_a_parameter_that_cannot_be_set_says_so_and_harms_no_press(name, value):
    rig = Rig()
    rig.bridge.handle(SetParameter(name, value))
    assert isinstance(rig.changes[-1], Notice)
    rig.press()
    assert len(rig.engines.renders()) == 1


def test_a_parameter_that_counts_is_set_to_a_whole_number():
    rig = Rig()
    rig.bridge.handle(SetParameter("steps", 33.4))
    rig.press()
    assert rig.engines.renders()[0].steps == 33


def test_a_banks_own_control_is_taken_back_where_it_no_longer_counts():
    own = {"controls": [{"cc": 1, "sets": "steps", "range": [1, 128]}]}
    rig = Rig(loaded(bank("one", program=1, **own), bank("two", program=2)))
    rig.turn(1, 127)
    rig.program(2)
    assert rig.changes[-1] == ControlChanged("steps", None)
    rig.program(1)
    assert rig.changes[-1] == ControlChanged("steps", 128)


def test_slot_actions_go_to_the_writer():
    rig = Rig()
    rig.bridge.handle(SlotsChanged((SlotState(1, "output01.wav", "locked"), SlotState(2, "output02.wav"))))
    rig.bridge.handle(LockSlot(1, None))
    rig.bridge.handle(LockSlot(2, True))
    rig.bridge.handle(RestoreSlot(2))
    assert rig.writes == [LockSlot(1, None), LockSlot(2, True), RestoreSlot(2)]


def test_panic_says_that_what_was_rendered_still_lands():
    rig = Rig()
    rig.ready()
    for told in ("panic: everything is cancelled but what was rendered already", "panic: everything is cancelled"):
        rig.press()
        rig.rendered(rig.engines.renders()[-1])
        if told.endswith("cancelled"):
            rig.landed(rig.engines.renders()[-1].job)
            rig.landed(rig.engines.renders()[0].job)
        rig.bridge.handle(Panic())
        assert [change.text for change in rig.changes if isinstance(change, Notice)][-1] == told


def test_a_newcomer_is_told_how_everything_stands():
    rig = Rig(two_banks())
    rig.ready()
    rig.press()
    rig.bridge.handle(SetParameter("steps", 3))
    told = []
    rig.bridge.handle(Introduce(told.extend))
    kinds = {type(change).__name__ for change in told}
    assert {"BankChanged", "EngineChanged", "ControlChanged", "JobChanged"} <= kinds
    pads = next(change for change in told if isinstance(change, BankChanged)).pads
    assert {pad.pad: pad.state.value for pad in pads} == {PadKey(36): "queued", PadKey(37): "idle"}


def test_the_pool_takes_in_what_an_engine_says_before_the_bridge_asks_it():
    rig = Rig()
    rig.engines.note = lambda model, _event: rig.engines.fallback.update({model: "sketch"})
    rig.say(Died("killed", (), restarting=False), "pocket")
    assert ("sketch", Warm(())) in rig.engines.sent


def test_one_spare_follows_another_at_once():
    rig = with_spares(bank())
    rig.rendered(rig.engines.renders()[0])
    assert [one.prompt for one in rig.engines.renders()] == ["rain", "short kick"]


def test_spares_that_are_turned_off_while_the_show_runs_are_gone():
    rig = with_spares()
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(Reload(loaded(one_pad())))
    rig.bridge.housekeeping()
    assert rig.bridge.view.pads["opening", PadKey(36)].state is PadState.IDLE
    rig.press()
    assert not rig.engines.renders()[-1].spare


def test_a_press_is_told_the_tempo_of_the_clock():
    from tests.support.bridges import Rig
    from tests.support.shows import bank, loaded

    rig = Rig(loaded(bank(pads={36: {"prompt": "beat, {bpm} bpm"}})))
    rig.press()
    for index in range(30):
        rig.bridge.handle(Tick("midifrag", index * 60 / 90 / 24))
    rig.press()
    assert [render.prompt for render in rig.engines.renders()] == ["beat, 120 bpm", "beat, 90 bpm"]
    assert rig.jobs()[-1].prompt == "beat, 90 bpm"
    assert [c.value for c in rig.changes if type(c).__name__ == "ControlChanged"] == [pytest.approx(90)]
