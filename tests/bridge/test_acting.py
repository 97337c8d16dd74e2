"""What a performer wants is done, whoever says so."""

from __future__ import annotations

import pytest

from midifrag.engine.messages import Started
from midifrag.fragment.writer_commands import Arrival, LandArchived
from midifrag.intents import (
    AnnotateTake,
    CancelJob,
    CancelPad,
    ClearQueue,
    LockSlot,
    Panic,
    Prompt,
    Release,
    RestoreSlot,
    SendTake,
    StarTake,
)
from midifrag.pad_key import PadKey
from midifrag.timeline import Signature
from tests.support.bridges import Rig, with_spares
from tests.support.shows import two_banks


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
