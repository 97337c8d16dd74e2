import dataclasses

import numpy as np

from midifrag.bridge.bridge import Reload
from midifrag.bridge.spares import SpareRack, Wish
from midifrag.config.parameters import Preset
from midifrag.config.settings import SpareSettings
from midifrag.engine.messages import Died, Failed, Progress, Render, Rendered, Started
from midifrag.events import BankChanged, Notice
from midifrag.fragment.options import FragmentOptions
from midifrag.intents import Panic, SetParameter
from midifrag.pad_key import PadKey
from midifrag.states import PadState
from tests.support.bridges import Rig
from tests.support.shows import bank, loaded

KEY = PadKey(36)


def wish(pad=KEY, **preset):
    return Wish("opening", pad, "sketch", Preset(prompt="rain", **preset))


def rendered(job, frames=1000):
    return Rendered(job, np.zeros((2, frames), np.float32), 44100, {}, 0.1)


def render(job, seed=0):
    return Render(job, "rain", 1.0, seed, spare=True)


def rack(**settings):
    return SpareRack(SpareSettings(**settings))


def test_a_spare_is_for_one_press_unless_its_seed_is_fixed():
    one = rack()
    for job, wanted in ((1, wish()), (2, wish(PadKey(37), seed=4))):
        one.expect(render(job), wanted, 0.0)
        assert one.arrived(rendered(job), 1.0).wish == wanted
    assert one.take(wish()) is not None
    assert one.take(wish()) is None
    assert one.take(wish(PadKey(37), seed=4)) is one.take(wish(PadKey(37), seed=4))


def test_what_nobody_expected_is_not_kept():
    assert rack().arrived(rendered(5), 0.0) is None


def test_another_preset_is_no_match_and_goes_stale():
    one = rack()
    one.expect(render(1), wish(), 0.0)
    one.arrived(rendered(1), 0.0)
    changed = wish(steps=3)
    assert one.take(changed) is None
    one.drop_stale([changed])
    assert not one.ready_for(wish())


def test_spares_of_another_bank_stay():
    one = rack()
    one.expect(render(1), wish(), 0.0)
    one.arrived(rendered(1), 0.0)
    other = Wish("second", PadKey(36), "sketch", Preset(prompt="x"))
    one.drop_stale([other])
    assert one.ready_for(wish())


def test_the_first_pads_get_the_spares_that_the_budget_allows():
    one = rack(count=2)
    wishes = [wish(pad) for pad in (PadKey(36), PadKey(37), PadKey(38))]
    for job in (1, 2):
        one.expect(render(job), one.next_of(wishes), 0.0)
        one.arrived(rendered(job), 0.0)
    assert [one.ready_for(wanted) for wanted in wishes] == [True, True, False]
    assert one.next_of(wishes) is None
    # The last one was pressed, and goes first now.
    wishes = [wishes[2], *wishes[:2]]
    assert one.next_of(wishes) == wishes[0]
    one.make_room(wishes)
    assert [one.ready_for(wanted) for wanted in wishes] == [False, True, False]


def test_spares_of_another_bank_give_way():
    one = rack(count=2)
    for job, pad in enumerate((PadKey(36), PadKey(37)), 1):
        one.expect(render(job), wish(pad), 0.0)
        one.arrived(rendered(job), 0.0)
    other = Wish("second", PadKey(36), "sketch", Preset(prompt="x"))
    assert one.next_of([other]) == other
    one.make_room([other])
    assert [one.ready_for(wish(pad)) for pad in (PadKey(36), PadKey(37))] == [False, True]


def test_one_whose_fragment_is_wanted_in_another_way_stays():
    one = rack()
    for job, wanted in ((1, wish()), (2, wish(PadKey(37)))):
        one.expect(render(job), wanted, 0.0)
        one.arrived(rendered(job), 0.0)
    other = dataclasses.replace(wish(PadKey(37)), options=FragmentOptions(loop=True))
    assert [spare.wish.options.loop for spare in one.adopt_options([wish(), other])] == [True]
    assert one.adopt_options([wish(), other]) == []
    assert one.take(other).rendered.job == 2


def test_one_that_is_larger_than_the_budget_is_not_kept_and_not_rendered_again():
    one = rack(megabytes=1)
    one.expect(render(1), wish(), 0.0)
    assert one.arrived(rendered(1, frames=200_000), 0.0) is None
    assert one.next_of([wish()]) is None


def test_one_that_does_not_fit_takes_no_place_of_its_bank_but_those_of_others():
    one = rack(megabytes=5)
    for job, wanted in enumerate((wish(), wish(PadKey(37))), 1):
        one.expect(render(job), wanted, 0.0)
        one.arrived(rendered(job, frames=200_000), 0.0)
    assert one.ready_for(wish())
    assert not one.ready_for(wish(PadKey(37)))
    other = Wish("second", PadKey(36), "sketch", Preset(prompt="x"))
    one.expect(render(3), other, 0.0)
    assert one.arrived(rendered(3, frames=200_000), 0.0) is not None
    assert not one.ready_for(wish())


def test_one_that_failed_is_tried_again_after_a_press_of_its_pad():
    one = rack()
    one.expect(render(1), wish(), 0.0)
    assert one.failed(1).wish == wish()
    assert one.next_of([wish(), wish(PadKey(37))]) == wish(PadKey(37))
    one.encourage(wish().place)
    assert one.next_of([wish(), wish(PadKey(37))]) == wish()


# --- in a bridge -----------------------------------------------------------------------------------------------------


def spare_rig(*banks, **spares):
    banks = banks or (bank(pads={36: {"prompt": "rain"}}),)
    rig = Rig(loaded(*banks, engine={"spares": {"enabled": True, **spares}}))
    rig.ready()
    return rig


def test_a_press_on_a_spare_that_has_begun_is_shown_rendering():
    rig = spare_rig()
    (begun,) = rig.engines.renders()
    rig.say(Started(begun.job))
    rig.press()
    assert rig.pad_states() == ["queued", "rendering"]
    rig.say(Progress(begun.job, 1, 2))
    rig.rendered(begun)
    rig.landed(begun.job)
    assert rig.pad_states() == ["queued", "rendering", "rendering", "landed"]


def test_a_promoted_spare_is_queued_again_as_the_press_that_it_is():
    rig = spare_rig()
    (spare,) = rig.engines.renders()
    rig.press()
    rig.say(Died("killed", (spare.job,), restarting=True))
    again = rig.engines.renders()[-1]
    assert (again.job, again.seed, again.spare) == (spare.job, spare.seed, False)


def test_a_spare_that_fails_is_told_once_and_keeps_no_other_pad_from_its_own():
    rig = spare_rig(bank())
    rig.say(Failed(rig.engines.renders()[0].job, "11 s at most"))
    for _ in range(3):
        rig.bridge.housekeeping()
    assert [one.prompt for one in rig.engines.renders()] == ["rain", "short kick"]
    assert sum(isinstance(change, Notice) for change in rig.changes) == 1


def test_a_spare_that_died_with_its_engine_does_not_kill_the_next_one():
    rig = spare_rig()
    rig.say(Died("killed", (rig.engines.renders()[0].job,), restarting=True))
    rig.ready()
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 1


def test_the_active_bank_gets_spares_though_another_one_has_filled_the_budget():
    rig = spare_rig(bank("one", program=1), bank("two", {36: {"prompt": "wind"}}, program=2), count=2)
    for _ in range(2):
        rig.rendered(rig.engines.renders()[-1])
        rig.bridge.housekeeping()
    rig.program(2)
    rig.bridge.housekeeping()
    assert rig.engines.renders()[-1].prompt == "wind"
    rig.rendered(rig.engines.renders()[-1])
    rig.program(1)
    back = [change for change in rig.changes if isinstance(change, BankChanged)][-1]
    assert {pad.pad: pad.state.value for pad in back.pads} == {PadKey(36): "idle", PadKey(37): "ready"}


def test_a_pad_shows_ready_only_while_its_spare_is_there():
    rig = spare_rig()
    rig.rendered(rig.engines.renders()[0])
    assert rig.pad_states() == ["ready"]
    rig.bridge.handle(Panic())
    assert rig.pad_states() == ["ready", "idle"]


def test_a_spare_for_what_the_pad_no_longer_asks_for_is_not_shown():
    rig = spare_rig()
    rig.bridge.handle(SetParameter("steps", 3))
    rig.rendered(rig.engines.renders()[0])
    assert rig.pad_states() == []


TWO_MODELS = {36: {"prompt": "rain", "model": "small"}, 37: {"prompt": "wind"}}


def two_models():
    return Rig(loaded(bank(pads=TWO_MODELS), engine={"spares": {"enabled": True}}))


def test_a_model_that_still_loads_gets_no_spare_and_keeps_no_other_from_its_own():
    rig = two_models()
    rig.ready("sketch")
    assert [one.prompt for one in rig.engines.renders()] == ["wind"]
    rig.rendered(rig.engines.renders()[0])
    assert len(rig.engines.renders()) == 1
    rig.ready("small")
    assert rig.engines.renders()[-1].prompt == "rain"


def test_others_do_not_take_turns_in_the_room_of_a_model_that_loads_again():
    pads = {36: {"prompt": "a", "model": "small"}, **{key: {"prompt": str(key)} for key in (37, 38, 39)}}
    rig = Rig(loaded(bank(pads=pads), engine={"spares": {"enabled": True, "count": 2}}))
    rig.ready("small")
    rig.rendered(rig.engines.renders()[-1])
    rig.say(Died("killed", (), restarting=True), "small")
    rig.ready("sketch")
    for _ in range(4):
        if rig.engines.renders()[-1].prompt != "a":
            rig.rendered(rig.engines.renders()[-1])
        rig.bridge.housekeeping()
    assert [one.prompt for one in rig.engines.renders()] == ["a", "37"]


def test_a_press_stops_the_spare_of_another_model():
    rig = two_models()
    rig.ready("small")
    (spare,) = rig.engines.renders()
    rig.press(37)
    assert rig.engines.cancels() == [spare.job]
    assert rig.engines.renders()[-1].prompt == "wind"


def test_a_press_leaves_the_spare_of_its_own_model_to_the_engine():
    rig = spare_rig(bank())
    rig.press(37)
    assert rig.engines.cancels() == []


def test_one_spare_follows_another_at_once():
    rig = spare_rig(bank())
    rig.rendered(rig.engines.renders()[0])
    assert [one.prompt for one in rig.engines.renders()] == ["rain", "short kick"]


def test_spares_that_are_turned_off_while_the_show_runs_are_gone():
    rig = spare_rig()
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(Reload(loaded(bank(pads={36: {"prompt": "rain"}}))))
    rig.bridge.housekeeping()
    assert rig.bridge.view.pads["opening", KEY].state is PadState.IDLE
    rig.press()
    assert not rig.engines.renders()[-1].spare
