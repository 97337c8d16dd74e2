"""What a performer wants is done, whoever says so."""

from __future__ import annotations

import pytest

from midifrag.engine.messages import Started
from midifrag.events import ControlChanged
from midifrag.fragment.writer_commands import Arrival, LandArchived
from midifrag.intents import (
    AnnotateTake,
    CancelJob,
    CancelPad,
    ClearQueue,
    DoWithPad,
    LockSlot,
    Panic,
    Prompt,
    Release,
    ResetValues,
    RestoreSlot,
    SendTake,
    StarTake,
    TrashTake,
)
from midifrag.midi.messages import Aftertouch, NoteOff, PortChanged
from midifrag.pad_key import PadKey
from midifrag.playback.messages import Stop
from midifrag.timeline import Signature
from tests.support.bridges import Rig, with_spares
from tests.support.shows import bank, loaded, two_banks


def test_a_release_changes_nothing():
    rig = Rig()
    rig.bridge.handle(Release(36, 1, "midifrag", 0.0))
    assert (rig.changes, rig.writes, rig.engines.sent) == ([], [], [])


def test_what_is_wanted_of_slots_and_takes_goes_to_the_writer_as_it_is():
    rig = Rig()
    wanted = [
        LockSlot(1, None),
        LockSlot(2, True),
        RestoreSlot(2),
        StarTake(3, True),
        AnnotateTake(3, "for the end"),
        TrashTake(3, True),
    ]
    for intent in wanted:
        rig.bridge.handle(intent)
    assert rig.writes == wanted


def test_an_archived_take_goes_into_the_slot_that_is_asked_for_as_the_show_cuts_fragments():
    rig = Rig(two_banks(fragments={"fade_ms": 33}))
    rig.program(5)
    rig.bridge.handle(SendTake(12, 4))
    options = rig.bridge.loaded.settings.fragments.options()
    assert rig.writes == [LandArchived(1, 12, options, 4, Arrival(bpm=120, signature=Signature()))]
    assert rig.writes[0].options.fade_ms == 33
    (job,) = rig.bridge.renders.jobs
    assert job.origin.bank == "two"


def test_a_typed_prompt_is_rendered():
    rig = Rig()
    rig.bridge.handle(Prompt("glass bell", {}, 0.0))
    assert [render.prompt for render in rig.engines.renders()] == ["glass bell"]
    rig.bridge.handle(Prompt("glass bell", {"model": "nope"}, 0.0))
    assert rig.notices() == [("error", "model: 'nope' is none of the models that there are")]


def test_a_pads_presses_are_cancelled_in_its_own_bank():
    rig = Rig(two_banks())
    for note in (36, 37, 36):
        rig.press(note)
    rig.program(5)
    rig.bridge.handle(CancelPad(PadKey(36)))
    assert rig.engines.cancels() == []
    rig.program(1)
    rig.bridge.handle(CancelPad(PadKey(36)))
    assert rig.engines.cancels() == [1, 3]


def test_one_job_is_cancelled_by_its_number():
    rig = Rig()
    for _ in range(3):
        rig.press()
    for number in (2, 99):
        rig.bridge.handle(CancelJob(number))
    assert rig.engines.cancels() == [2]


def test_clearing_the_queue_leaves_what_renders():
    rig = Rig()
    rig.press(36)
    rig.press(37)
    rig.say(Started(1))
    rig.bridge.handle(ClearQueue())
    assert rig.engines.cancels() == [2]


@pytest.mark.parametrize(
    ("is_written", "said"),
    [(False, "panic: everything is cancelled"), (True, "panic: everything is cancelled but what was rendered already")],
)
def test_panic_cancels_everything_and_says_what_still_lands(is_written, said):
    rig = Rig()
    rig.press(36)
    rig.press(37)
    rig.say(Started(1))
    if is_written:
        rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(Panic())
    assert rig.engines.cancels() == ([2] if is_written else [1, 2])
    assert rig.notices() == [("info", said)]


def test_after_a_panic_no_pad_is_ready():
    rig = with_spares()
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(Panic())
    assert rig.pad_states() == ["ready", "idle"]


# --- with what a pad landed last -------------------------------------------------------------------------------------


def landed_rig(slot=3, take=7):
    rig = Rig()
    rig.press()
    rig.finish(rig.engines.renders()[0], slot, take)
    rig.writes.clear()
    return rig


@pytest.mark.parametrize(
    ("deed", "written"),
    [
        ("lock", LockSlot(3, True)),
        ("unlock", LockSlot(3, False)),
        ("toggle_lock", LockSlot(3, None)),
        ("restore", RestoreSlot(3)),
        ("star", StarTake(7, True)),
    ],
)
def test_the_slot_that_a_pad_filled_last_and_its_take_are_found(deed, written):
    rig = landed_rig()
    rig.bridge.handle(DoWithPad(PadKey(36), deed))
    assert rig.writes == [written]


def test_what_a_pad_landed_last_is_stopped_and_muted():
    rig = landed_rig()
    rig.bridge.handle(DoWithPad(PadKey(36), "stop"))
    assert Stop(3) in rig.played
    values = []
    for deed in ("mute", "unmute", "toggle_mute"):
        rig.bridge.handle(DoWithPad(PadKey(36), deed))
        values.append(rig.told(ControlChanged)[-1])
    assert [(one.name, one.value) for one in values] == [("mute 3", 1.0), ("mute 3", 0.0), ("mute 3", 1.0)]


def test_a_pad_that_has_landed_nothing_is_told_and_nothing_is_done():
    rig = Rig()
    rig.bridge.handle(DoWithPad(PadKey(36), "lock"))
    rig.bridge.handle(DoWithPad(PadKey(99), "lock"))
    assert rig.writes == []
    assert [text for _, text in rig.notices()] == [
        "rain has landed nothing yet; nothing was done",
        "99 has landed nothing yet; nothing was done",
    ]


def test_a_slot_that_another_pad_has_filled_since_is_left_alone():
    rig = landed_rig()
    rig.press(37)
    rig.finish(rig.engines.renders()[1], slot=3, take=8)
    rig.writes.clear()
    rig.bridge.handle(DoWithPad(PadKey(36), "lock"))
    assert rig.writes == []
    assert "another pad's fragment lies in slot 3" in rig.notices()[-1][1]
    rig.bridge.handle(DoWithPad(PadKey(36), "star"))
    assert rig.writes == [StarTake(7, True)]


# --- knobs, and the pad in hand --------------------------------------------------------------------------------------

PADS = {"cc": 21, "sets": "cfg_scale", "range": [0, 10], "scope": "pad"}


def test_a_knob_of_pads_sets_the_pad_that_is_held_else_the_one_pressed_last():
    rig = Rig(loaded(controls=[PADS]))
    rig.turn(21, 127)
    assert rig.told(ControlChanged) == []
    rig.press(36)
    rig.press(37)
    rig.bridge.handle(NoteOff("midifrag", 1, 37, 0.0))
    rig.turn(21, 127)
    rig.bridge.handle(NoteOff("midifrag", 1, 36, 0.0))
    rig.turn(21, 0)
    assert [(str(one.pad), one.value) for one in rig.told(ControlChanged)] == [("36", 10), ("37", 0)]
    rig.press(36)
    rig.press(37)
    assert [render.cfg_scale for render in rig.engines.renders()[2:]] == [10, 0]


def test_a_pads_own_pressure_is_that_pads():
    rig = Rig(loaded(controls=[{**PADS, "cc": None, "aftertouch": "poly"}]))
    rig.press(36)
    rig.bridge.handle(Aftertouch("midifrag", 1, 127, 0.0, note=37))
    assert [(str(one.pad), one.value) for one in rig.told(ControlChanged)] == [("37", 10)]


def test_an_encoder_moves_what_it_sets():
    rig = Rig(
        loaded(controls=[{**PADS, "scope": "global", "relative": "twos", "clicks": 10}], defaults={"cfg_scale": 5})
    )
    rig.turn(21, 1)
    rig.turn(21, 127)
    rig.turn(21, 126)
    assert [round(one.value, 6) for one in rig.told(ControlChanged)] == [6, 5, 3]


def test_values_are_given_back_all_at_once_or_one():
    rig = Rig(loaded(controls=[PADS, {"cc": 22, "sets": "steps", "range": [1, 9]}]))
    rig.press(36)
    rig.turn(21, 127)
    rig.turn(22, 127)
    rig.bridge.handle(ResetValues("cfg_scale"))
    rig.press(36)
    assert (rig.engines.renders()[-1].cfg_scale, rig.engines.renders()[-1].steps) == (None, 9)
    told = [(one.name, one.value, one.pad) for one in rig.told(ControlChanged)[2:]]
    assert told == [("cfg_scale", None, None), ("cfg_scale", None, PadKey(36))]
    rig.turn(21, 127)
    rig.bridge.handle(ResetValues())
    rig.press(36)
    assert (rig.engines.renders()[-1].cfg_scale, rig.engines.renders()[-1].steps) == (None, None)
    assert rig.bridge.view.pad_values == {}


# --- gestures --------------------------------------------------------------------------------------------------------


def test_a_long_press_acts_when_time_has_passed_and_a_short_one_presses():
    rig = Rig(loaded(actions=[{"does": "clear_queue", "press": "long"}]))
    rig.press()
    rig.clock.time += 0.5
    rig.bridge.elapse()
    assert rig.engines.sent == []
    assert rig.bridge.due == pytest.approx(1000.6)
    rig.bridge.handle(NoteOff("midifrag", 1, 36, rig.clock.now()))
    assert len(rig.engines.renders()) == 1
    assert rig.jobs()[0].times.pressed == 1000.0
    rig.press()
    rig.clock.time += 0.6
    rig.bridge.elapse()
    assert len(rig.engines.cancels()) == 1
    rig.bridge.handle(NoteOff("midifrag", 1, 36, rig.clock.now()))
    assert len(rig.engines.renders()) == 1


def test_a_press_that_waited_in_one_bank_plays_its_pad_in_another():
    show = two_banks(actions=[{"does": "repeat", "press": "double"}])
    rig = Rig(show)
    rig.press()
    rig.program(5)
    rig.clock.time += 1.0
    rig.bridge.elapse()
    assert [render.prompt for render in rig.engines.renders()] == ["rain"]


def test_a_message_of_later_tells_what_was_pressed_before_it():
    rig = Rig(loaded(actions=[{"does": "repeat", "press": "double"}]))
    rig.press()
    rig.clock.time += 1.0
    rig.press(37)
    assert [render.prompt for render in rig.engines.renders()] == ["rain"]


@pytest.mark.parametrize("ends", [Panic(), PortChanged("midifrag", "in", "lost", "gone")])
def test_a_gesture_does_not_outlive_its_hand(ends):
    rig = Rig(loaded(actions=[{"does": "clear_queue", "press": "long"}]))
    rig.press()
    rig.bridge.handle(ends)
    assert rig.bridge.due is None
    # A press that can be told is not lost with its plug.
    assert len(rig.engines.renders()) == (0 if isinstance(ends, Panic) else 1)


def test_at_the_end_presses_that_wait_and_holds_have_an_outcome():
    pads = {36: {"prompt": "rain"}, 37: {"prompt": "swell", "hold": {"sets": "seconds", "range": [1, 8]}}}
    rig = Rig(loaded(bank(pads=pads), actions=[{"does": "star", "press": "long", "note": 36}]))
    rig.press(36)
    rig.press(37)
    rig.clock.time += 2.0
    rig.bridge.finish()
    assert [(render.prompt, render.seconds) for render in rig.engines.renders()] == [("rain", None), ("swell", 2.0)]
    rig.bridge.renders.end()
    assert {job.prompt for job in rig.jobs() if job.state.ended} == {"rain", "swell"}
