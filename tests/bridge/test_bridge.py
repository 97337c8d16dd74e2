from pathlib import Path

import numpy as np
import pytest

from midifrag.bridge.bridge import Introduce, Reload
from midifrag.bridge.pads import ENDED_SHOWS_FOR
from midifrag.engine.messages import Cancelled, Died, Failed, Promote, Render, Rendered, Started, Warm
from midifrag.events import BankChanged, ControlChanged, Notice
from midifrag.fragment.messages import (
    ArchiveOnly,
    GivenUp,
    Held,
    LandArchived,
    Landed,
    LandFailed,
    SlotsChanged,
    SlotState,
)
from midifrag.intents import (
    CancelPad,
    ClearQueue,
    LockSlot,
    Panic,
    Prompt,
    RestoreSlot,
    SelectBank,
    SendTake,
    SetParameter,
)
from midifrag.pad_key import PadKey
from midifrag.states import NoticeLevel
from tests.support.bridges import Rig
from tests.support.shows import bank, loaded

SPARES = {"engine": {"spares": {"enabled": True}}}


# --- presses -------------------------------------------------------------------------------------------------------


def test_a_press_becomes_a_request_with_the_preset_and_all_control_values():
    show = loaded(
        bank(pads={36: {"prompt": "rain", "cfg_scale": 3}}, defaults={"steps": 9}),
        defaults={"seconds": 2},
        controls=[{"cc": 21, "sets": "cfg_scale", "range": [1, 12]}],
    )
    rig = Rig(show)
    rig.press()
    rig.turn(21, 127)
    rig.press()
    first, second = rig.engines.renders()
    assert (first.prompt, first.seconds, first.steps, first.cfg_scale) == ("rain", 2, 9, 3)
    assert second.cfg_scale == 12
    assert first.seed != second.seed


def test_feedback_is_queued_rendering_landed_in_order_and_landed_only_after_the_file():
    rig = Rig()
    rig.press()
    (render,) = rig.engines.renders()
    assert rig.pad_states() == ["queued"]
    rig.say(Started(render.job))
    rig.rendered(render)
    assert rig.pad_states() == ["queued", "rendering"]
    rig.landed(render.job)
    assert rig.pad_states() == ["queued", "rendering", "landed"]
    assert rig.jobs()[-1].slot == 1
    assert {"pressed", "queued", "started", "rendered", "landed"} <= rig.jobs()[-1].times.reached().keys()


def test_twelve_notes_at_one_instant_are_twelve_jobs():
    rig = Rig(loaded(bank(pads={n: {"prompt": f"bell {n}"} for n in range(36, 48)})))
    for note in range(36, 48):
        rig.press(note)
    assert [r.prompt for r in rig.engines.renders()] == [f"bell {n}" for n in range(36, 48)]


def test_what_an_engine_has_to_say_of_a_take_is_told_when_it_lands():
    rig = Rig()
    rig.ready()
    rig.press()
    (render,) = rig.engines.renders()
    rig.say(Rendered(render.job, np.ones((2, 100), np.float32), 44100, {}, 0.1, ("unknown words: zither",)))
    rig.landed(render.job)
    assert rig.jobs()[-1].text == "unknown words: zither"


def test_an_unmapped_note_does_nothing():
    rig = Rig()
    rig.press(99)
    assert rig.engines.renders() == []


def test_velocity_sets_a_parameter():
    rig = Rig(loaded(bank(pads={36: {"prompt": "x", "velocity": {"sets": "steps", "range": [10, 137]}}})))
    rig.press(velocity=127)
    rig.press(velocity=1)
    assert [r.steps for r in rig.engines.renders()] == [137, 11]


@pytest.mark.parametrize(
    ("rule", "renders", "cancels"), [("queue", 2, 0), ("replace", 2, 1), ("ignore", 1, 0), ("cancel", 1, 1)]
)
def test_press_rules(rule, renders, cancels):
    rig = Rig(loaded(bank(pads={36: {"prompt": "x", "on_repress": rule}})))
    rig.press()
    rig.press()
    assert (len(rig.engines.renders()), len(rig.engines.cancels())) == (renders, cancels)


def test_a_choke_group_cancels_the_others_of_the_group_only():
    pads = {
        36: {"prompt": "a", "choke": "x"},
        37: {"prompt": "b", "choke": "x"},
        38: {"prompt": "c"},
    }
    rig = Rig(loaded(bank(pads=pads)))
    for note in (36, 38, 37):
        rig.press(note)
    assert rig.engines.cancels() == [rig.engines.renders()[0].job]


def test_a_full_queue_refuses_on_the_pad_and_forgets_nothing_else():
    rig = Rig(loaded(queue={"size": 2}))
    for _ in range(3):
        rig.press()
    assert len(rig.engines.renders()) == 2
    assert rig.pad_states() == ["queued", "queued", "refused"]
    assert "queue is full (2 " in rig.jobs()[-1].text


def test_a_typed_prompt_is_rendered_and_a_wrong_one_says_what_is_wrong():
    rig = Rig()
    rig.bridge.handle(Prompt("glass bell", {"steps": 5, "slot": 3}, rig.clock.now()))
    (render,) = rig.engines.renders()
    assert (render.prompt, render.steps) == ("glass bell", 5)
    rig.rendered(render)
    assert rig.lands()[0].slot == 3
    rig.bridge.handle(Prompt("glass bell", {"steps": 0}, rig.clock.now()))
    assert isinstance(rig.changes[-1], Notice)
    assert "steps" in rig.changes[-1].text


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_failed_render_turns_the_pad_red_and_its_audio_is_archived_with_the_reason():
    rig = Rig()
    rig.press()
    (render,) = rig.engines.renders()
    import numpy as np

    rig.say(Failed(render.job, "NaN at step 3", np.full((2, 8), np.nan, np.float32), 44100))
    assert rig.pad_states()[-1] == "failed"
    (write,) = rig.writes
    assert isinstance(write, ArchiveOnly)
    assert write.reason == "NaN at step 3"


def test_a_silent_take_turns_the_pad_red():
    rig = Rig()
    rig.press()
    (render,) = rig.engines.renders()
    rig.rendered(render)
    rig.bridge.handle(LandFailed(render.job, "silent", 7))
    assert rig.pad_states()[-1] == "failed"
    assert rig.jobs()[-1].take == 7


def test_a_held_take_says_so_and_lands_later():
    rig = Rig()
    rig.press()
    (render,) = rig.engines.renders()
    rig.rendered(render)
    rig.bridge.handle(Held(render.job, "disk full", "slot"))
    assert rig.pad_states()[-1] == "held"
    rig.landed(render.job)
    assert rig.pad_states()[-1] == "landed"


def test_a_take_that_is_given_up_after_its_press_was_over_is_told():
    rig = Rig()
    rig.press()
    (render,) = rig.engines.renders()
    rig.rendered(render)
    rig.bridge.handle(Landed(render.job, 1, Path("output01.wav"), None, 1.0, 0.0, 0.01))
    rig.bridge.handle(Held(render.job, "disk full", "archive"))
    rig.bridge.handle(GivenUp(render.job, "too many takes wait"))
    assert rig.changes[-1] == Notice(NoticeLevel.ERROR, "the take of job 1 is lost: too many takes wait")
    assert rig.pad_states()[-1] == "landed"


def test_a_cancelled_press_goes_dark_only_when_the_engine_let_go():
    rig = Rig()
    rig.press()
    (render,) = rig.engines.renders()
    rig.bridge.handle(CancelPad(PadKey(36)))
    assert rig.pad_states()[-1] == "queued"
    rig.say(Cancelled(render.job))
    assert rig.pad_states()[-1] == "idle"
    assert rig.jobs()[-1].state == "cancelled"


def test_a_replaced_press_leaves_its_pad_to_the_one_that_replaced_it():
    rig = Rig(loaded(bank(pads={36: {"prompt": "x", "on_repress": "replace"}})))
    rig.press()
    rig.press()
    first, second = rig.engines.renders()
    rig.say(Cancelled(first.job))
    assert rig.pad_states() == ["queued", "queued", "queued"]
    assert rig.jobs()[-1].state == "cancelled"
    rig.bridge.handle(CancelPad(PadKey(36)))
    rig.say(Cancelled(second.job))
    assert rig.pad_states()[-1] == "idle"


@pytest.mark.parametrize("rule", ["ignore", "cancel", "replace"])
def test_a_take_that_is_being_written_is_no_longer_in_the_way_of_the_next_press(rule):
    rig = Rig(loaded(bank(pads={36: {"prompt": "x", "on_repress": rule}})))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    rig.press()
    assert len(rig.engines.renders()) == 2
    assert rig.engines.cancels() == []


def test_a_pad_goes_back_to_what_it_is_busy_with_after_another_press_of_it_ended():
    rig = Rig(loaded(queue={"size": 1}))
    rig.press()
    rig.press()
    assert rig.pad_states() == ["queued", "refused"]
    rig.clock.time += ENDED_SHOWS_FOR
    rig.bridge.housekeeping()
    rig.bridge.housekeeping()
    assert rig.pad_states() == ["queued", "refused", "queued"]


def test_a_take_that_was_rendered_while_it_was_cancelled_is_archived_and_does_not_land():
    rig = Rig()
    rig.press()
    (render,) = rig.engines.renders()
    rig.bridge.handle(CancelPad(PadKey(36)))
    rig.rendered(render)
    assert rig.lands() == []
    assert isinstance(rig.writes[0], ArchiveOnly)
    assert rig.pad_states()[-1] == "idle"


@pytest.mark.parametrize(("rule", "states"), [("queue", ["queued", "queued"]), ("fail", ["queued", "failed"])])
def test_requests_of_a_dead_engine_follow_the_pads_rule(rule, states):
    rig = Rig(loaded(bank(pads={36: {"prompt": "x", "on_lost": rule}})))
    rig.press()
    (render,) = rig.engines.renders()
    rig.say(Died("killed", (render.job,), restarting=True))
    assert rig.pad_states() == states
    assert len(rig.engines.renders()) == (2 if rule == "queue" else 1)


def test_a_request_that_kills_its_engine_twice_is_given_up():
    rig = Rig()
    rig.press()
    job = rig.engines.renders()[0].job
    rig.say(Died("killed", (job,), restarting=True))
    rig.say(Died("killed", (job,), restarting=True))
    assert rig.pad_states()[-1] == "failed"


def test_a_lost_engine_is_replaced_by_its_fallback():
    rig = Rig(loaded(model="pocket"))
    rig.press()
    job = rig.engines.renders()[0].job
    rig.engines.fallback["pocket"] = "sketch"
    rig.say(Died("no such model", (job,), restarting=False), "pocket")
    assert rig.engines.renders() == [rig.engines.renders()[0]] * 2
    assert [model for model, command in rig.engines.sent if isinstance(command, Render)] == ["pocket", "sketch"]


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


# --- banks and controls ----------------------------------------------------------------------------------------------


def two_banks(**show):
    return loaded(bank("one", program=1), bank("two", {36: {"prompt": "wind"}}, program=5), **show)


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


def test_a_press_of_another_bank_keeps_its_state_for_when_that_bank_returns():
    rig = Rig(two_banks())
    rig.press()
    (render,) = rig.engines.renders()
    rig.program(5)
    rig.finish(render)
    rig.program(1)
    back = [c for c in rig.changes if isinstance(c, BankChanged)][-1]
    assert {pad.pad: pad.state.value for pad in back.pads} == {PadKey(36): "landed", PadKey(37): "idle"}


def test_a_bank_control_sets_nothing_in_another_bank():
    show = loaded(
        bank("one", controls=[{"cc": 1, "sets": "steps", "range": [1, 128]}], program=1), bank("two", program=2)
    )
    rig = Rig(show)
    rig.turn(1, 127)
    rig.program(2)
    rig.press()
    rig.program(1)
    rig.press()
    assert [r.steps for r in rig.engines.renders()] == [None, 128]


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
    rig.bridge.handle(Reload(loaded(bank(pads={36: {"prompt": "rain"}}))))
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


def test_a_prompt_for_a_model_that_is_not_there_says_so():
    rig = Rig()
    rig.bridge.handle(Prompt("rain", {"model": "nope"}, 0.0))
    assert rig.engines.sent == []
    assert "nope" in rig.changes[-1].text


# --- slots -----------------------------------------------------------------------------------------------------------


def test_slot_actions_go_to_the_writer():
    rig = Rig()
    rig.bridge.handle(SlotsChanged((SlotState(1, "output01.wav", "locked"), SlotState(2, "output02.wav"))))
    rig.bridge.handle(LockSlot(1, None))
    rig.bridge.handle(LockSlot(2, True))
    rig.bridge.handle(RestoreSlot(2))
    assert rig.writes == [LockSlot(1, None), LockSlot(2, True), RestoreSlot(2)]


def test_an_archived_take_can_be_sent_to_a_slot():
    rig = Rig()
    rig.bridge.handle(SendTake(12, 4))
    (command,) = rig.writes
    assert isinstance(command, LandArchived)
    assert (command.take, command.slot) == (12, 4)
    rig.landed(command.job, 4, 12)
    assert rig.jobs()[-1].state.value == "landed"


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


def test_a_panic_while_a_take_is_sent_starts_no_engine():
    rig = Rig()
    rig.bridge.handle(SendTake(12, 4))
    rig.bridge.handle(Panic())
    assert rig.engines.sent == []
    (command,) = rig.writes
    rig.landed(command.job, 4, 12)
    assert rig.jobs()[-1].state.value == "landed"


def test_a_pads_own_fragment_options_win_over_the_shows():
    pads = {36: {"prompt": "x", "fragment": {"loop": True}, "slot": 5}}
    rig = Rig(loaded(bank(pads=pads), fragments={"fade_ms": 33}))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    (land,) = rig.lands()
    assert (land.options.loop, land.options.fade_ms, land.slot) == (True, 33, 5)


# --- spares ----------------------------------------------------------------------------------------------------------


def spare_rig(**pad):
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain", **pad}}), **SPARES))
    rig.ready()
    return rig


def test_an_idle_engine_renders_a_spare_and_a_press_lands_it_at_once():
    rig = spare_rig()
    (render,) = rig.engines.renders()
    assert render.spare
    rig.say(Started(render.job))
    rig.rendered(render)
    assert rig.pad_states() == ["ready"]
    (prepare,) = rig.writes
    rig.press()
    (land,) = rig.lands()
    assert (prepare.audio is land.audio, prepare.sample_rate) == (True, land.sample_rate)
    assert land.record.spare
    assert land.record.seed == render.seed
    rig.landed(land.job)
    assert rig.pad_states()[-2:] == ["queued", "landed"]
    assert rig.jobs()[-1].spare


def test_a_spare_is_prepared_as_its_pad_wants_its_fragment():
    rig = spare_rig(fragment={"loop": True, "bits": 24})
    rig.rendered(rig.engines.renders()[0])
    (prepare,) = rig.writes
    rig.press()
    assert prepare.options == rig.lands()[0].options
    assert (prepare.options.loop, prepare.options.bits) == (True, 24)


def test_a_spare_is_prepared_anew_when_its_fragment_is_wanted_in_another_way():
    rig = spare_rig()
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(Reload(loaded(bank(pads={36: {"prompt": "rain", "fragment": {"bits": 24}}}), **SPARES)))
    rig.bridge.housekeeping()
    assert [prepare.options.bits for prepare in rig.writes] == [16, 24]
    assert rig.writes[0].audio is rig.writes[1].audio
    assert len(rig.engines.renders()) == 1


def test_no_spare_is_begun_while_a_take_is_written():
    rig = spare_rig()
    rig.rendered(rig.engines.renders()[0])
    rig.press()
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 1
    rig.bridge.handle(Held(rig.lands()[0].job, "the disk is full", "slot"))
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 2


def test_a_changed_parameter_makes_a_spare_stale():
    rig = spare_rig()
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(SetParameter("steps", 3))
    rig.bridge.housekeeping()
    assert rig.pad_states() == ["ready", "idle"]
    assert rig.engines.renders()[-1].steps == 3


def test_a_press_takes_over_the_spare_that_is_on_its_way():
    rig = spare_rig()
    (render,) = rig.engines.renders()
    rig.press()
    assert rig.engines.sent[-1] == ("sketch", Promote(render.job))
    rig.finish(render)
    assert rig.pad_states() == ["queued", "rendering", "rendering", "landed"]
    assert not rig.jobs()[-1].spare


def test_a_fixed_seed_needs_no_second_spare():
    rig = spare_rig(seed=7)
    (render,) = rig.engines.renders()
    rig.rendered(render)
    for slot in (1, 2):
        rig.press()
        rig.landed(rig.lands()[-1].job, slot)
        rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 1
    assert len(rig.lands()) == 2


def test_no_spare_is_rendered_while_a_press_waits():
    rig = spare_rig()
    (first,) = rig.engines.renders()
    rig.rendered(first)
    rig.press()
    rig.press()
    count = len(rig.engines.renders())
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == count
    assert not rig.engines.renders()[-1].spare


def test_a_landed_pad_shows_its_next_spare_after_a_while():
    rig = spare_rig(seed=1)
    rig.rendered(rig.engines.renders()[0])
    rig.press()
    rig.landed(rig.lands()[-1].job)
    rig.bridge.housekeeping()
    assert rig.pad_states()[-1] == "landed"
    rig.clock.time += ENDED_SHOWS_FOR
    rig.bridge.housekeeping()
    assert rig.pad_states()[-1] == "ready"


def test_spares_stay_within_their_budget():
    rig = Rig(loaded(bank(), engine={"spares": {"enabled": True, "megabytes": 1}}))
    rig.ready()
    first = rig.engines.renders()[0]
    rig.say(Rendered(first.job, __import__("numpy").ones((2, 200_000), "float32"), 44100, {}, 0.1))
    assert rig.pad_states() == []
    assert rig.pad_states(PadKey(37)) == []


# --- watching --------------------------------------------------------------------------------------------------------


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
