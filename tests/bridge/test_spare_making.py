"""How spares are asked for, prepared and dropped, and what presses make of them."""

import numpy as np
import pytest

from midifrag.bridge.items import Reload
from midifrag.bridge.jobs import request
from midifrag.config.parameters import Preset
from midifrag.engine.messages import Cancel, Cancelled, Died, Failed, Progress, Promote, Rendered, Started
from midifrag.events import BankChanged, JobChanged, PadChanged
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.writer_commands import LandTake, Prepare
from midifrag.fragment.writer_events import Held
from midifrag.intents import Panic, SendTake, SetParameter
from midifrag.pad_key import PadKey
from tests.bridge.sound_rigs import last, read, rig_of, sound
from tests.support.bridges import Rig, with_spares
from tests.support.shows import bank, loaded, one_pad

KEY = PadKey(36)
AUDIO = np.ones((2, 441), np.float32)


def spare_of(rig):
    """What the engine was asked for last, which is a spare."""
    render = rig.engines.renders()[-1]
    assert render.spare
    return render


def prompts(rig):
    return [one.prompt for one in rig.engines.renders()]


def test_an_idle_engine_renders_a_spare_and_a_press_lands_it_at_once():
    rig = with_spares(one_pad(fragment={"loop": True}))
    spare = spare_of(rig)
    rig.clock.time = 1001.0
    rig.say(Started(spare.job))
    rig.clock.time = 1002.0
    rig.say(Rendered(spare.job, AUDIO, 8000, {"seed": 5}, 0.5, ("unknown words: zither",)))
    assert rig.pad_states() == ["ready"]
    assert rig.writes == [Prepare(AUDIO, 8000, FragmentOptions(loop=True))]
    rig.clock.time = 1003.0
    rig.press()
    (land,) = rig.lands()
    assert (land.audio is AUDIO, land.sample_rate, land.options.loop) == (True, 8000, True)
    made = land.record
    assert (made.spare, made.seed, made.job) == (True, 5, land.job)
    assert (made.pressed_at, made.started_at, made.rendered_at) == (1003.0, 1001.0, 1002.0)
    assert len(rig.engines.sent) == 1
    rig.landed(land.job)
    assert rig.pad_states() == ["ready", "queued", "landed"]
    assert (rig.jobs()[-1].spare, rig.jobs()[-1].text) == (True, "unknown words: zither")


def test_a_spare_whose_engine_never_said_that_it_began_counts_from_when_it_was_asked_for():
    rig = with_spares()
    rig.clock.time = 1002.0
    rig.rendered(spare_of(rig))
    rig.press()
    assert rig.lands()[0].record.started_at == 1000.0


def test_a_press_for_a_spare_goes_to_the_writer_before_it_is_told():
    rig = with_spares()
    rig.rendered(spare_of(rig))
    rig.happened.clear()
    rig.press()
    assert [type(item) for item in rig.happened] == [LandTake, JobChanged, PadChanged]


def test_spares_are_rendered_one_by_one():
    rig = with_spares(bank())
    rig.bridge.housekeeping()
    assert prompts(rig) == ["rain"]


def test_no_spare_is_begun_while_an_archived_take_lands():
    rig = with_spares()
    rig.say(Cancelled(spare_of(rig).job))
    rig.bridge.handle(SendTake(12, 4))
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 1
    rig.landed(2, 4, 12)
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 2


def test_room_is_made_for_the_pad_that_was_pressed_last():
    rig = with_spares(bank(), count=1)
    rig.rendered(spare_of(rig))
    rig.clock.time += 1.0
    rig.press(37)
    rig.finish(rig.engines.renders()[-1])
    rig.bridge.housekeeping()
    rig.rendered(spare_of(rig))
    rig.press(37)
    assert [land.record.spare for land in rig.lands()] == [False, True]


def test_a_changed_parameter_makes_a_spare_stale():
    rig = with_spares()
    rig.rendered(spare_of(rig))
    rig.bridge.handle(SetParameter("steps", 3))
    rig.bridge.housekeeping()
    assert rig.pad_states() == ["ready", "idle"]
    assert spare_of(rig).steps == 3
    rig.bridge.handle(SetParameter("steps", None))
    rig.press()
    assert rig.lands() == []


@pytest.mark.parametrize("hears", [True, False])
def test_another_tempo_makes_a_spare_stale_where_its_model_hears_it(hears):
    spares = {"spares": {"enabled": True}}
    rig = Rig(loaded(one_pad(), engine=spares))
    rig.engines.hears_tempo = hears
    rig.ready()
    assert spare_of(rig).bpm == 120
    rig.rendered(spare_of(rig))
    rig.bridge.handle(Reload(loaded(one_pad(), engine=spares, tempo=133)))
    rig.bridge.housekeeping()
    assert [one.bpm for one in rig.engines.renders()] == ([120, 133] if hears else [120])
    rig.press()
    assert bool(rig.lands()) is not hears
    rig.press()
    assert [one.bpm for one in rig.engines.renders() if not one.spare] == [133]


def test_a_changed_parameter_stops_the_spare_that_is_on_its_way():
    rig = with_spares()
    stale = spare_of(rig)
    rig.bridge.handle(SetParameter("steps", 3))
    rig.bridge.housekeeping()
    assert rig.engines.sent[1:] == [("sketch", Cancel(stale.job)), ("sketch", spare_of(rig))]
    assert spare_of(rig).steps == 3
    rig.rendered(stale)
    assert (rig.writes, rig.pad_states()) == ([], [])


def test_a_press_takes_over_the_spare_that_is_on_its_way():
    rig = with_spares(bank())
    spare = spare_of(rig)
    rig.press()
    assert rig.engines.sent[-1] == ("sketch", Promote(spare.job))
    assert (len(rig.engines.sent), rig.pad_states()) == (2, ["queued"])
    rig.finish(spare)
    assert rig.pad_states() == ["queued", "rendering", "rendering", "landed"]
    assert not rig.jobs()[-1].spare
    assert rig.lands()[0].record.job == spare.job


def test_a_ready_spare_is_taken_before_one_on_its_way():
    rig = with_spares()
    renders = rig.bridge.renders
    rig.rendered(spare_of(rig))
    wish = renders.wishes.of("opening", KEY, Preset(prompt="rain"), "sketch", FragmentOptions())
    renders.spares.expect(request(wish.preset, 99, 0, spare=True), wish, 1000.0)
    rig.press()
    assert rig.lands()[0].record.spare
    assert [coming.render.job for coming in renders.spares.coming] == [99]


def test_a_press_on_a_spare_that_has_begun_is_shown_rendering():
    rig = with_spares()
    begun = spare_of(rig)
    rig.say(Started(begun.job))
    rig.clock.time = 1001.0
    rig.press()
    assert rig.pad_states() == ["queued", "rendering"]
    assert rig.jobs()[-1].times.started == 1001.0
    rig.say(Progress(begun.job, 1, 2))
    rig.rendered(begun)
    rig.landed(begun.job)
    assert rig.pad_states() == ["queued", "rendering", "rendering", "landed"]


def test_a_spare_that_fails_is_told_once_and_keeps_no_other_pad_from_its_own():
    rig = with_spares(bank())
    rig.say(Failed(spare_of(rig).job, "11 s at most", AUDIO, 44100))
    for _ in range(3):
        rig.bridge.housekeeping()
    assert prompts(rig) == ["rain", "short kick"]
    assert rig.notices() == [("warning", "a spare for pad 36 failed: 11 s at most")]
    assert rig.writes == []


def test_a_press_gives_what_failed_one_more_try():
    rig = with_spares()
    rig.say(Failed(spare_of(rig).job, "out of memory"))
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 1
    rig.press()
    pressed = rig.engines.renders()[-1]
    assert not pressed.spare
    rig.finish(pressed)
    rig.bridge.housekeeping()
    assert spare_of(rig).job != pressed.job


def test_a_spare_that_died_with_its_engine_does_not_kill_the_next_one():
    rig = with_spares(bank())
    rig.say(Died("killed", (spare_of(rig).job,), restarting=True))
    rig.ready()
    rig.bridge.housekeeping()
    assert prompts(rig) == ["rain", "short kick"]
    assert rig.notices() == []


def test_a_spare_that_was_cancelled_may_be_rendered_again():
    rig = with_spares()
    rig.say(Cancelled(spare_of(rig).job))
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 2


def test_panic_drops_spares_that_are_ready_and_those_on_their_way():
    rig = with_spares(bank())
    rig.rendered(spare_of(rig))
    coming = spare_of(rig)
    rig.bridge.handle(Panic())
    assert rig.engines.cancels() == [coming.job]
    assert rig.bridge.renders.spares.coming == ()
    rig.press(36)
    assert len(rig.lands()) == 0
    assert not rig.engines.renders()[-1].spare


def test_a_press_stops_the_spare_of_another_model():
    rig = two_models()
    rig.ready("small")
    spare = spare_of(rig)
    rig.press(37)
    assert rig.engines.sent[1] == ("small", Cancel(spare.job))
    assert rig.engines.renders()[-1].prompt == "wind"
    rig.rendered(spare)
    assert rig.writes == []


def test_a_press_leaves_the_spare_of_its_own_model_to_the_engine():
    rig = with_spares(bank())
    rig.press(37)
    assert rig.engines.cancels() == []
    assert len(rig.bridge.renders.spares.coming) == 1


def test_spares_are_rendered_by_the_model_that_renders_for_a_lost_one():
    rig = Rig(loaded(one_pad(model="pocket"), engine={"spares": {"enabled": True}}))
    rig.engines.fallback["pocket"] = "sketch"
    rig.ready("sketch")
    assert rig.engines.sent == [("sketch", spare_of(rig))]
    rig.rendered(spare_of(rig))
    rig.press()
    assert rig.lands()[0].record.model == "sketch"


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
    rig.bridge.handle(Reload(loaded(one_pad(fragment={"bits": 24}), engine={"spares": {"enabled": True}})))
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


def test_a_promoted_spare_is_queued_again_as_the_press_that_it_is():
    rig = with_spares()
    (spare,) = rig.engines.renders()
    rig.press()
    rig.say(Died("killed", (spare.job,), restarting=True))
    again = rig.engines.renders()[-1]
    assert (again.job, again.seed, again.spare) == (spare.job, spare.seed, False)


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
    back = rig.told(BankChanged)[-1]
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


def test_a_spare_that_finds_no_room_is_neither_prepared_nor_shown():
    rig = with_spares(bank(), megabytes=1)
    rig.rendered(rig.engines.renders()[0], frames=200_000)
    assert rig.writes == []
    assert rig.pad_states() == rig.pad_states(PadKey(37)) == []


def test_no_spare_is_made_of_a_sound_that_is_too_short_and_the_press_says_why():
    rig = rig_of(spares=True, **{"from": "slot 1", "fill": [1.5, 2.5]})
    rig.bridge.housekeeping()
    read(rig, found=sound(seconds=1.0))
    rig.bridge.housekeeping()
    assert (rig.engines.renders(), rig.notices()) == ([], [])
    rig.press()
    assert last(rig).text == "fill begins at 1.5 s, and slot 1 is 1.00 s long; say less"
