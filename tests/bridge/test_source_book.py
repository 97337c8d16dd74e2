"""The sounds that presses begin from: which is meant, when it is read, and what is made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from midifrag.audio import SourceSound
from midifrag.bridge.source_book import KEPT_BYTES
from midifrag.engine.messages import Died
from midifrag.fragment.writer_events import SlotsChanged, SoundRead
from midifrag.states import JobState
from tests.bridge.sound_rigs import last, read, reads, rig_of, sound, state
from tests.support.bridges import Rig
from tests.support.shows import bank, loaded


def test_the_slot_is_that_of_the_press_whatever_lands_there_before_it_is_read() -> None:
    rig = rig_of(**{"from": "slot 1"})
    rig.press()
    rig.bridge.handle(SlotsChanged((state(1, 2), state(3))))
    assert reads(rig)[0].place.version == (1, 1, 1)
    rig.press()
    assert reads(rig)[1].place.version == (1, 2, 2)
    read(rig, reads(rig)[1], sound(2))
    read(rig, reads(rig)[0], sound(1))
    assert [(one.job, one.sound) for one in rig.engines.renders()] == [(2, sound(2)), (1, sound(1))]


def test_the_latest_is_what_landed_last_whoever_pressed_it() -> None:
    rig = rig_of(**{"from": "latest"})
    rig.press()
    assert (reads(rig)[0].place.number, reads(rig)[0].place.landed_at) == (3, 9.0)
    read(rig)
    rig.finish(rig.engines.renders()[0])
    assert rig.lands()[0].record.source == "slot 3 (take 12)"


def test_a_sound_that_was_read_of_the_same_version_is_not_read_again() -> None:
    rig = rig_of(**{"from": "slot 1"})
    rig.press()
    read(rig)
    rig.press()
    assert len(reads(rig)) == 1
    assert [one.sound for one in rig.engines.renders()] == [sound(), sound()]
    rig.bridge.handle(SlotsChanged((state(1, 2), state(3))))
    rig.press()
    assert len(reads(rig)) == 2


@pytest.mark.parametrize(
    ("said", "kind", "number", "file"),
    [("take 12", "take", 12, ""), ("rain.wav", "file", 0, "rain.wav"), ("input", "input", 0, "")],
)
def test_each_kind_of_source_is_read_where_it_lies(said: str, kind: str, number: int, file: str) -> None:
    rig = rig_of(**{"from": said, "seconds": 3})
    rig.press()
    [asked] = reads(rig)
    assert (asked.place.kind, asked.place.number) == (kind, number)
    assert asked.place.file.endswith(file)
    assert asked.seconds == (3 if kind == "input" else 0)
    read(rig)
    rig.press()
    # A file or an input may hold something else by now.
    assert len(reads(rig)) == (1 if kind == "take" else 2)
    assert rig.engines.renders()[0].seconds == 3
    rig.finish(rig.engines.renders()[0])
    assert rig.lands()[0].record.source_take == (12 if kind == "take" else None)


def test_an_input_is_taken_as_long_as_the_set_says_where_the_pad_says_nothing() -> None:
    rig = rig_of(**{"from": "input"}, show={"input": {"device": "default", "seconds": 5}})
    rig.press()
    assert reads(rig)[0].seconds == 5


def test_a_pad_goes_on_where_a_slot_ends() -> None:
    rig = rig_of(**{"from": "slot 1", "continue": 4})
    rig.press()
    assert (reads(rig)[0].longest, reads(rig)[0].from_end) == (186.0, True)
    read(rig)
    [render] = rig.engines.renders()
    assert (render.seconds, render.fill, render.strength) == (6.0, (2.0, 6.0), 1.0)
    rig.finish(render)
    assert rig.lands()[0].record.fill == (2.0, 6.0)


def test_a_part_is_made_anew_as_far_as_the_sound_has_it() -> None:
    rig = rig_of(**{"from": "slot 1", "fill": [1.5, 2.5]})
    rig.press()
    read(rig)
    [render] = rig.engines.renders()
    assert (render.seconds, render.fill) == (2.0, (1.5, 2.0))
    rig.finish(render)
    assert "fill ends where the sound does, after 2.00 s" in last(rig).text
    rig.bridge.handle(SlotsChanged((state(1, 2),)))
    rig.press()
    read(rig, found=sound(1, 1.0))
    assert (last(rig).state, last(rig).text) == (
        JobState.FAILED,
        "fill begins at 1.5 s, and slot 1 is 1.00 s long; say less",
    )


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"continue": 190}, "a sound and 190 s more is longer than sketch renders, 190.0 s (continue)"),
        ({"fill": [190, 200]}, "190 s lies beyond what sketch renders, 190.0 s (fill)"),
    ],
)
def test_a_part_beyond_what_the_model_renders_is_refused_before_anything_is_read(
    part: dict[str, object], told: str
) -> None:
    rig = rig_of(**{"from": "slot 1"}, **part)
    rig.press()
    assert (reads(rig), rig.engines.renders()) == ([], [])
    assert told in last(rig).text


def test_a_control_sets_the_strength_of_the_next_press() -> None:
    controls = [{"cc": 21, "sets": "strength", "range": [0, 1]}]
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain", "from": "slot 1", "strength": 0.9}}, controls=controls)))
    rig.engines.begins_from = ("sound",)
    rig.bridge.handle(SlotsChanged((state(1),)))
    rig.turn(21, 0)
    rig.press()
    read(rig)
    assert rig.engines.renders()[0].strength == 0.0


def test_a_part_that_begins_where_the_sound_ends_goes_on() -> None:
    rig = rig_of(**{"from": "slot 1", "fill": [2, 6]})
    rig.press()
    read(rig)
    assert (rig.engines.renders()[0].seconds, rig.engines.renders()[0].fill) == (6.0, (2.0, 6.0))


def test_what_an_archive_keeps_of_an_earlier_take_is_begun_from_by_its_checksum() -> None:
    rig = rig_of(**{"from": f"kept {'a' * 64}"})
    rig.press()
    assert (reads(rig)[0].place.kind, reads(rig)[0].place.file) == ("kept", "a" * 64)


# --- spares ----------------------------------------------------------------------------------------------------------


def spare_of(rig: Rig) -> None:
    """Have a spare made of what slot 1 holds now."""
    rig.bridge.housekeeping()
    read(rig)
    rig.bridge.housekeeping()
    render = rig.engines.renders()[-1]
    assert render.spare
    rig.rendered(render)


def test_a_spare_begins_from_what_lies_there_and_lands_without_a_file_being_read() -> None:
    rig = rig_of(spares=True, **{"from": "slot 1"})
    spare_of(rig)
    before = len(rig.engines.renders())
    rig.press()
    assert len(rig.engines.renders()) == before
    [land] = rig.lands()
    assert (land.record.spare, land.record.source) == (True, "slot 1")
    assert land.record.source_checksum == sound().checksum


def test_a_changed_source_drops_its_pads_spares() -> None:
    rig = rig_of(spares=True, **{"from": "slot 1"})
    spare_of(rig)
    rig.bridge.handle(SlotsChanged((state(1, 2), state(3))))
    rig.bridge.housekeeping()
    rig.press()
    assert rig.lands() == []
    read(rig, found=sound(2))
    assert rig.engines.renders()[-1].sound == sound(2)


def test_a_spare_on_its_way_becomes_the_press_with_its_sound() -> None:
    rig = rig_of(spares=True, **{"from": "slot 1"})
    rig.bridge.housekeeping()
    read(rig)
    rig.bridge.housekeeping()
    [render] = rig.engines.renders()
    rig.press()
    rig.finish(replace(render, spare=False))
    assert rig.lands()[0].record.source_checksum == sound().checksum


def test_no_spare_is_made_of_what_may_change_unseen() -> None:
    for said in ("rain.wav", "input"):
        rig = rig_of(spares=True, **{"from": said})
        rig.bridge.housekeeping()
        assert (reads(rig), rig.engines.renders()) == ([], [])


def test_a_sound_that_fails_is_not_read_again_and_again_for_a_spare() -> None:
    rig = rig_of(spares=True, **{"from": "slot 1"})
    rig.bridge.housekeeping()
    [asked] = reads(rig)
    rig.bridge.handle(SoundRead(asked.request, asked.place, None, "silent"))
    for _ in range(3):
        rig.bridge.housekeeping()
    assert len(reads(rig)) == 1


def test_a_sound_that_is_longer_than_what_is_kept_is_not_read_again_and_again_for_a_spare() -> None:
    rig = rig_of(spares=True, **{"from": "slot 1"})
    rig.bridge.housekeeping()
    long = SourceSound(np.zeros((2, KEPT_BYTES // 8 + 1), np.float32), 44100, "0" * 64)
    read(rig, found=long)
    for _ in range(3):
        rig.bridge.housekeeping()
    assert len(reads(rig)) == 1
    assert [one.sound for one in rig.engines.renders()] == [long]


def test_what_became_of_a_spare_on_its_way_is_asked_for_as_it_was_where_its_engine_dies() -> None:
    rig = rig_of(spares=True, **{"from": "slot 1", "continue": 4})
    rig.bridge.housekeeping()
    read(rig)
    rig.bridge.housekeeping()
    [render] = rig.engines.renders()
    rig.press()
    rig.engines.fallback["sketch"] = "pocket"
    rig.say(Died("killed", (render.job,), restarting=False))
    again = rig.engines.renders()[-1]
    assert (again.seconds, again.strength, again.fill) == (render.seconds, render.strength, render.fill)
