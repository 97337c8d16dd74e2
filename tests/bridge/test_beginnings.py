"""Presses that wait for the sound that they begin from: each has an outcome, whatever becomes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from midifrag.bridge.source_book import PATIENCE
from midifrag.engine.messages import Died, Rendered
from midifrag.fragment.length import SecondsLength
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.writer_events import SlotsChanged, SoundRead
from midifrag.intents import Again, CancelPad, Panic, Prompt
from midifrag.states import JobState
from tests.bridge.sound_rigs import last, read, reads, rig_of, sound, state
from tests.support.bridges import PAD


def test_a_press_waits_for_its_sound_and_then_goes_to_its_engine_with_it() -> None:
    rig = rig_of(**{"from": "slot 1", "strength": 0.4})
    rig.press()
    assert rig.engines.renders() == []
    assert (last(rig).state, last(rig).text) == (JobState.QUEUED, "reading slot 1")
    [asked] = reads(rig)
    assert (asked.place.kind, asked.place.number, asked.place.version) == ("slot", 1, (1, 1, 1))
    read(rig)
    [render] = rig.engines.renders()
    assert (render.sound, render.strength, render.seconds, render.fill) == (sound(), 0.4, 2.0, None)
    rig.finish(render)
    [land] = rig.lands()
    assert (land.record.source, land.record.source_checksum) == ("slot 1", sound().checksum)
    assert (last(rig).state, last(rig).text) == (JobState.LANDED, "from slot 1")


def test_what_a_model_garbles_when_it_is_short_is_rendered_longer_and_cut() -> None:
    rig = rig_of(**{"from": "slot 1"})
    rig.engines.min_seconds = 4.0
    rig.press()
    read(rig)
    [render] = rig.engines.renders()
    assert render.seconds == 4.0
    rig.finish(render)
    assert rig.lands()[0].length is not None
    assert rig.lands()[0].record.cut_seconds == 2.0


@pytest.mark.parametrize(
    ("pad", "slots", "able", "words"),
    [
        ({"from": "slot 2"}, None, ("sound",), "slot 2 is empty"),
        ({"from": "slot 9"}, None, ("sound",), "there is no slot 9"),
        ({"from": "latest"}, (state(1, at=None),), ("sound",), "nothing has landed yet"),
        ({"from": "slot 1"}, None, (), "sketch cannot begin from a sound"),
        ({"from": "slot 1", "continue": 2}, None, ("sound",), "sketch makes no part of a sound anew"),
    ],
)
def test_what_cannot_be_begun_from_is_refused_at_once(
    pad: dict[str, Any], slots: tuple[SlotState, ...] | None, able: tuple[str, ...], words: str
) -> None:
    rig = rig_of(**pad)
    rig.engines.begins_from = able
    if slots is not None:
        rig.bridge.handle(SlotsChanged(slots))
    rig.press()
    assert last(rig).state is JobState.REFUSED
    assert words in last(rig).text
    assert (reads(rig), rig.engines.renders()) == ([], [])


def test_a_sound_that_cannot_be_read_fails_its_press_with_the_reason_and_what_was_told_of_it_is_told() -> None:
    rig = rig_of(**{"from": "slot 1"})
    rig.press()
    [asked] = reads(rig)
    rig.bridge.handle(SoundRead(asked.request, asked.place, None, "slot 1 is silent; nothing can begin from it"))
    assert (last(rig).state, last(rig).text) == (JobState.FAILED, "slot 1 is silent; nothing can begin from it")
    rig.press()
    read(rig, notes=("slot 1 is 200 s long",))
    rig.finish(rig.engines.renders()[0])
    assert last(rig).text == "from slot 1; slot 1 is 200 s long"


@pytest.mark.parametrize("intent", [CancelPad(PAD), Panic()])
def test_a_press_that_waits_for_its_sound_can_be_cancelled(intent: Any) -> None:
    rig = rig_of(**{"from": "slot 1"})
    rig.press()
    rig.bridge.handle(intent)
    assert last(rig).state is JobState.CANCELLED
    read(rig)
    assert rig.engines.renders() == []
    assert rig.engines.cancels() == []


def test_a_sound_whose_drive_does_not_answer_keeps_no_press_waiting_for_ever() -> None:
    rig = rig_of(**{"from": "slot 1"})
    rig.press()
    rig.clock.time += PATIENCE - 1
    rig.bridge.housekeeping()
    assert last(rig).state is JobState.QUEUED
    rig.clock.time += 2
    rig.bridge.housekeeping()
    assert last(rig).state is JobState.FAILED
    assert "slot 1 could not be read in time" in last(rig).text
    read(rig)
    assert rig.engines.renders() == []


def test_one_that_waits_at_the_end_of_a_show_has_an_outcome() -> None:
    rig = rig_of(**{"from": "slot 1"})
    rig.press()
    rig.bridge.renders.end()
    assert last(rig).state is JobState.CANCELLED


def test_a_typed_prompt_begins_from_a_sound_too() -> None:
    rig = rig_of()
    rig.bridge.handle(Prompt("bell", {"from": "slot 3", "strength": 0.2}, 1.0))
    read(rig)
    assert (rig.engines.renders()[0].prompt, rig.engines.renders()[0].strength) == ("bell", 0.2)


def test_a_variation_and_the_same_seed_begin_from_that_sound_and_not_from_what_lies_there_now() -> None:
    rig = rig_of(**{"from": "slot 1"})
    rig.press()
    read(rig)
    rig.finish(rig.engines.renders()[0])
    rig.bridge.handle(SlotsChanged((state(1, 2), state(3))))
    for how in ("variation", "same_seed"):
        rig.bridge.handle(Again(PAD, how))
        read(rig)
    kept = reads(rig)[1].place
    assert (kept.kind, kept.file) == ("kept", sound().checksum)
    seeds = [one.seed for one in rig.engines.renders()]
    assert len(reads(rig)) == 2
    assert seeds[0] != seeds[1]
    assert seeds[0] == seeds[2]
    assert [one.sound for one in rig.engines.renders()] == [sound()] * 3


def test_a_render_that_died_with_its_engine_is_queued_again_with_its_sound() -> None:
    rig = rig_of(**{"from": "slot 1", "model": "pocket"})
    rig.press()
    read(rig)
    rig.say(Died("killed", (1,), restarting=True), "pocket")
    assert [one.sound for one in rig.engines.renders()] == [sound(), sound()]


def test_what_stands_in_plays_without_a_sound_that_it_cannot_begin_from_and_says_so() -> None:
    show = {"engine": {"stand_in": "sketch"}}
    rig = rig_of(**{"from": "slot 1", "model": "pocket"}, show=show)
    rig.press()
    read(rig)
    rig.engines.begins_from = ()
    rig.engines.fallback["pocket"] = "sketch"
    rig.say(Died("killed", (1,), restarting=False), "pocket")
    again = rig.engines.renders()[-1]
    assert again.sound is None
    rig.say(Rendered(1, np.ones((2, 441), np.float32), 44100, {"seed": 5}, 0.5), "sketch")
    assert rig.lands()[0].record.source == ""
    rig.landed(1)
    assert "sketch stood in for pocket, and does not begin from slot 1" in last(rig).text


def test_a_variation_of_what_began_from_a_take_reads_that_take_of_which_nothing_else_is_kept() -> None:
    rig = rig_of(**{"from": "take 12"})
    rig.press()
    read(rig)
    rig.finish(rig.engines.renders()[0])
    rig.bridge.handle(Again(PAD, "variation"))
    assert [(one.place.kind, one.place.number) for one in reads(rig)] == [("take", 12)]
    assert [one.sound for one in rig.engines.renders()] == [sound(), sound()]


def test_what_began_from_a_sound_and_goes_back_to_its_own_engine_says_so_still() -> None:
    rig = rig_of(**{"from": "slot 1", "model": "pocket"}, show={"engine": {"stand_in": "sketch"}})
    rig.press()
    read(rig)
    rig.engines.fallback["pocket"] = "sketch"
    rig.say(Died("killed", (1,), restarting=False), "pocket")
    again = rig.engines.renders()[-1]
    assert again.sound == sound()
    rig.say(Rendered(1, np.ones((2, 441), np.float32), 44100, {"seed": 5}, 0.5), "sketch")
    rig.landed(1)
    assert last(rig).text == "sketch stood in for pocket; from slot 1"


def test_what_stands_in_and_has_no_room_for_the_part_that_is_made_anew_plays_without() -> None:
    rig = rig_of(**{"from": "slot 1", "continue": 4, "model": "pocket"}, show={"engine": {"stand_in": "sketch"}})
    rig.press()
    read(rig)
    rig.engines.longest["sketch"] = 5.0
    rig.engines.fallback["pocket"] = "sketch"
    rig.say(Died("killed", (1,), restarting=False), "pocket")
    again = rig.engines.renders()[-1]
    assert (again.seconds, again.sound, again.fill) == (5.0, None, None)
    rig.say(Rendered(1, np.ones((2, 441), np.float32), 44100, {"seed": 5}, 0.5), "sketch")
    rig.landed(1)
    assert last(rig).text == "sketch stood in for pocket, and does not begin from slot 1"


def test_a_sound_that_is_shorter_than_what_an_engine_may_be_asked_for_is_rendered_longer_and_cut() -> None:
    rig = rig_of(**{"from": "slot 1"})
    rig.press()
    read(rig, found=sound(seconds=0.05))
    [render] = rig.engines.renders()
    assert render.seconds == 0.1
    rig.finish(render)
    assert rig.lands()[0].length == SecondsLength(0.05)
