from pathlib import Path

import numpy as np
import pytest

from midifrag.bridge.bridge import Reload
from midifrag.engine.messages import Cancelled, Died, Failed, Progress, Promote, Render, Rendered, Started
from midifrag.events import BankChanged, Notice
from midifrag.fragment.messages import ArchiveOnly, GivenUp, Held, LandArchived, Landed, LandFailed
from midifrag.intents import CancelPad, Panic, SendTake, SetParameter
from midifrag.pad_key import PadKey
from midifrag.states import NoticeLevel
from tests.support.bridges import Rig, with_spares
from tests.support.shows import bank, loaded, one_pad

SPARES = {"engine": {"spares": {"enabled": True}}}


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


def test_what_an_engine_has_to_say_of_a_take_is_told_when_it_lands():
    rig = Rig()
    rig.ready()
    rig.press()
    (render,) = rig.engines.renders()
    rig.say(Rendered(render.job, np.ones((2, 100), np.float32), 44100, {}, 0.1, ("unknown words: zither",)))
    rig.landed(render.job)
    assert rig.jobs()[-1].text == "unknown words: zither"


def test_a_failed_render_turns_the_pad_red_and_its_audio_is_archived_with_the_reason():
    rig = Rig()
    rig.press()
    (render,) = rig.engines.renders()
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
    rig = Rig(loaded(one_pad(on_repress="replace")))
    rig.press()
    rig.press()
    first, second = rig.engines.renders()
    rig.say(Cancelled(first.job))
    assert rig.pad_states() == ["queued", "queued", "queued"]
    assert rig.jobs()[-1].state == "cancelled"
    rig.bridge.handle(CancelPad(PadKey(36)))
    rig.say(Cancelled(second.job))
    assert rig.pad_states()[-1] == "idle"


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
    rig = Rig(loaded(one_pad(on_lost=rule)))
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


# --- archived takes --------------------------------------------------------------------------------------------------


def test_an_archived_take_can_be_sent_to_a_slot():
    rig = Rig()
    rig.bridge.handle(SendTake(12, 4))
    (command,) = rig.writes
    assert isinstance(command, LandArchived)
    assert (command.take, command.slot) == (12, 4)
    rig.landed(command.job, 4, 12)
    assert rig.jobs()[-1].state.value == "landed"


def test_a_panic_while_a_take_is_sent_starts_no_engine():
    rig = Rig()
    rig.bridge.handle(SendTake(12, 4))
    rig.bridge.handle(Panic())
    assert rig.engines.sent == []
    (command,) = rig.writes
    rig.landed(command.job, 4, 12)
    assert rig.jobs()[-1].state.value == "landed"


# --- spares ----------------------------------------------------------------------------------------------------------


def test_an_idle_engine_renders_a_spare_and_a_press_lands_it_at_once():
    rig = with_spares()
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
    rig = with_spares(one_pad(fragment={"loop": True, "bits": 24}))
    rig.rendered(rig.engines.renders()[0])
    (prepare,) = rig.writes
    rig.press()
    assert prepare.options == rig.lands()[0].options
    assert (prepare.options.loop, prepare.options.bits) == (True, 24)


def test_a_spare_is_prepared_anew_when_its_fragment_is_wanted_in_another_way():
    rig = with_spares()
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(Reload(loaded(one_pad(fragment={"bits": 24}), **SPARES)))
    rig.bridge.housekeeping()
    assert [prepare.options.bits for prepare in rig.writes] == [16, 24]
    assert rig.writes[0].audio is rig.writes[1].audio
    assert len(rig.engines.renders()) == 1


def test_no_spare_is_begun_while_a_take_is_written():
    rig = with_spares()
    rig.rendered(rig.engines.renders()[0])
    rig.press()
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 1
    rig.bridge.handle(Held(rig.lands()[0].job, "the disk is full", "slot"))
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 2


def test_a_changed_parameter_makes_a_spare_stale():
    rig = with_spares()
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(SetParameter("steps", 3))
    rig.bridge.housekeeping()
    assert rig.pad_states() == ["ready", "idle"]
    assert rig.engines.renders()[-1].steps == 3


def test_a_press_takes_over_the_spare_that_is_on_its_way():
    rig = with_spares()
    (render,) = rig.engines.renders()
    rig.press()
    assert rig.engines.sent[-1] == ("sketch", Promote(render.job))
    rig.finish(render)
    assert rig.pad_states() == ["queued", "rendering", "rendering", "landed"]
    assert not rig.jobs()[-1].spare


def test_a_fixed_seed_needs_no_second_spare():
    rig = with_spares(one_pad(seed=7))
    (render,) = rig.engines.renders()
    rig.rendered(render)
    for slot in (1, 2):
        rig.press()
        rig.landed(rig.lands()[-1].job, slot)
        rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 1
    assert len(rig.lands()) == 2


def test_no_spare_is_rendered_while_a_press_waits():
    rig = with_spares()
    (first,) = rig.engines.renders()
    rig.rendered(first)
    rig.press()
    rig.press()
    count = len(rig.engines.renders())
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == count
    assert not rig.engines.renders()[-1].spare


def test_a_press_on_a_spare_that_has_begun_is_shown_rendering():
    rig = with_spares()
    (begun,) = rig.engines.renders()
    rig.say(Started(begun.job))
    rig.press()
    assert rig.pad_states() == ["queued", "rendering"]
    rig.say(Progress(begun.job, 1, 2))
    rig.rendered(begun)
    rig.landed(begun.job)
    assert rig.pad_states() == ["queued", "rendering", "rendering", "landed"]


def test_a_promoted_spare_is_queued_again_as_the_press_that_it_is():
    rig = with_spares()
    (spare,) = rig.engines.renders()
    rig.press()
    rig.say(Died("killed", (spare.job,), restarting=True))
    again = rig.engines.renders()[-1]
    assert (again.job, again.seed, again.spare) == (spare.job, spare.seed, False)


def test_a_spare_that_fails_is_told_once_and_keeps_no_other_pad_from_its_own():
    rig = with_spares(bank())
    rig.say(Failed(rig.engines.renders()[0].job, "11 s at most"))
    for _ in range(3):
        rig.bridge.housekeeping()
    assert [one.prompt for one in rig.engines.renders()] == ["rain", "short kick"]
    assert sum(isinstance(change, Notice) for change in rig.changes) == 1


def test_a_spare_that_died_with_its_engine_does_not_kill_the_next_one():
    rig = with_spares()
    rig.say(Died("killed", (rig.engines.renders()[0].job,), restarting=True))
    rig.ready()
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 1


def test_the_active_bank_gets_spares_though_another_one_has_filled_the_budget():
    rig = with_spares(bank("one", program=1), bank("two", {36: {"prompt": "wind"}}, program=2), count=2)
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
    rig = with_spares(bank())
    rig.press(37)
    assert rig.engines.cancels() == []


def test_a_spare_that_finds_no_room_is_neither_prepared_nor_shown():
    rig = with_spares(bank(), megabytes=1)
    rig.rendered(rig.engines.renders()[0], frames=200_000)
    assert rig.writes == []
    assert rig.pad_states() == rig.pad_states(PadKey(37)) == []
