"""Bars and beats on their way through the bridge: asked for, cut in the time of the landing, kept as spares."""

import dataclasses

import numpy as np
import pytest

from midifrag.bridge.items import Reload
from midifrag.config.lengths import Limits
from midifrag.engine.messages import Died, Ready, Rendered
from midifrag.events import ControlChanged, Notice
from midifrag.fragment.length import MusicalLength, SecondsLength
from midifrag.fragment.writer_commands import LandArchived, Prepare
from midifrag.intents import Prompt, SendTake, SetParameter
from midifrag.midi.messages import Tick
from midifrag.states import NoticeLevel
from midifrag.timeline import Signature
from tests.support.bridges import INFO, Rig, with_spares
from tests.support.shows import loaded, one_pad

AUDIO = np.ones((2, 441), np.float32)


def clock(rig, bpm, start):
    """A second of a MIDI clock."""
    for number in range(49):
        rig.bridge.handle(Tick("daw", start + number * 60 / bpm / 24))


def of_clock(length):
    """A length at the tempo of a clock, as it is meant: sums of its ticks are off in the last digits."""
    return dataclasses.replace(length, bpm=round(length.bpm, 9))


def test_a_press_asks_for_the_seconds_of_its_bars_and_some_more():
    rig = Rig(loaded(one_pad(bars=2), tempo=92.5))
    rig.press()
    (render,) = rig.engines.renders()
    assert 8 * 60 / 92.5 + 0.45 <= render.seconds < 8 * 60 / 92.5 + 0.75
    rig.rendered(render)
    (land,) = rig.lands()
    assert land.length == MusicalLength(2, "bars", 92.5)
    assert (land.record.bars, land.record.beats, land.record.bpm, land.record.signature) == (2, None, 92.5, "4/4")


def test_the_signature_is_the_show_s():
    rig = Rig(loaded(one_pad(bars=1), time={"signature": "6/8"}))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    assert rig.lands()[0].length == MusicalLength(1, "bars", 120, Signature(6, 8))
    assert rig.lands()[0].length.seconds == 1.5


def test_a_fragment_is_cut_at_the_tempo_of_its_landing():
    rig = Rig(loaded(one_pad(bars=2), tempo=120))
    rig.press()
    clock(rig, 100, 5.0)
    rig.rendered(rig.engines.renders()[0])
    (land,) = rig.lands()
    assert of_clock(land.length) == MusicalLength(2, "bars", 100, made_at=120)
    # The record is of the sound.
    assert land.record.bpm == 120


def test_an_archived_take_is_cut_at_the_tempo_that_is_now():
    rig = Rig(loaded(tempo=97.25, time={"signature": "3/4"}))
    rig.bridge.handle(SendTake(12, 4))
    (command,) = rig.writes
    assert isinstance(command, LandArchived)
    assert (command.arrival.bpm, command.arrival.signature) == (97.25, Signature(3, 4))


def test_a_typed_prompt_may_have_bars_and_not_two_lengths():
    rig = Rig(loaded(one_pad(seconds=3)))
    rig.bridge.handle(Prompt("bell for {bars} bars", {"bars": 4}, 0.0))
    (render,) = rig.engines.renders()
    assert (render.prompt, render.seconds) == ("bell for 4 bars", 8.5)
    rig.bridge.handle(Prompt("bell", {"bars": 4, "seconds": 2}, 0.0))
    assert rig.changes[-1] == Notice(
        NoticeLevel.ERROR, "bars: stands beside seconds; a length is one of seconds, bars and beats"
    )


def test_a_control_sets_bars_and_other_lengths_give_way_to_the_one_that_was_set_last():
    controls = [{"cc": 1, "sets": "bars", "range": [1, 8]}, {"cc": 2, "sets": "seconds", "range": [1, 4]}]
    rig = Rig(loaded(one_pad(seconds=3), controls=controls))
    rig.turn(1, 127)
    assert rig.changes[-1] == ControlChanged("bars", 8)
    rig.press()
    assert rig.engines.renders()[-1].seconds == 16.5
    rig.turn(2, 0)
    assert rig.changes[-2:] == [ControlChanged("seconds", 1), ControlChanged("bars", None)]
    rig.press()
    assert rig.engines.renders()[-1].seconds == 1
    rig.bridge.handle(SetParameter("beats", 4))
    assert rig.changes[-2:] == [ControlChanged("beats", 4), ControlChanged("seconds", None)]
    rig.press()
    assert rig.engines.renders()[-1].seconds == 2.5
    rig.bridge.handle(SetParameter("beats", None))
    rig.press()
    assert rig.engines.renders()[-1].seconds == 3


def test_who_stands_in_is_asked_for_its_own_least():
    rig = Rig(loaded(one_pad(seconds=1), model="pocket"))
    rig.engines.info = lambda model: dataclasses.replace(
        INFO, model=model, min_seconds=4.0 if model == "sketch" else 0.0
    )
    rig.press()
    (own,) = rig.engines.renders()
    rig.engines.fallback["pocket"] = "sketch"
    rig.say(Died("lost", (own.job,), restarting=False), "pocket")
    again = rig.engines.renders()[-1]
    assert (rig.engines.sent[-1][0], again.seconds) == ("sketch", 4.0)
    rig.rendered(again)
    assert rig.lands()[0].length == SecondsLength(1.0)


# --- spares ----------------------------------------------------------------------------------------------------------


def spare_for(pad, **show):
    rig = with_spares(one_pad(**pad), show={"tempo": 120, **show})
    render = rig.engines.renders()[-1]
    assert render.spare
    rig.say(Rendered(render.job, AUDIO, 44100, {"seed": 5}, 0.5))
    return rig


def asked(rig):
    return len(rig.engines.renders())


def test_a_spare_is_prepared_as_it_is_to_be_cut_and_cut_anew_when_the_tempo_moves():
    rig = spare_for({"bars": 2, "fragment": {"stretch": True}})
    clock(rig, 122, 5.0)
    for _ in range(3):
        rig.bridge.housekeeping()
        rig.clock.time += 0.5
    prepared = [command for command in rig.writes if isinstance(command, Prepare)]
    assert [of_clock(one.length) for one in prepared] == [
        MusicalLength(2, "bars", 120),
        MusicalLength(2, "bars", 122, made_at=120),
    ]
    assert asked(rig) == 1
    rig.press()
    assert of_clock(rig.lands()[0].length) == MusicalLength(2, "bars", 122, made_at=120)
    assert (rig.lands()[0].record.bpm, rig.lands()[0].record.spare) == (120, True)


def test_a_tempo_that_moves_on_has_spares_cut_anew_only_when_it_is_steady():
    rig = spare_for({"bars": 2})
    for bpm in (122, 124, 126, 128):
        clock(rig, bpm, rig.clock.time)
        rig.clock.time += 0.9
        rig.bridge.housekeeping()
    assert [one.length.bpm for one in rig.writes] == [120]
    rig.clock.time += 1.0
    rig.bridge.housekeeping()
    rig.bridge.housekeeping()
    assert [one.length.bpm for one in rig.writes] == [120, 128]


@pytest.mark.parametrize(
    ("pad", "value", "stays"),
    [
        ({"bars": 2}, ("bars", 1), True),
        ({"bars": 2}, ("beats", 8), True),
        ({"bars": 2}, ("bars", 3), False),
        ({"bars": 2}, ("seconds", 4), False),
        ({"bars": 2, "seed": 7}, ("bars", 1), False),
        ({"bars": 2, "seed": 7}, ("beats", 8), True),
        ({"seconds": 4}, ("bars", 1), False),
        ({"bars": 2, "prompt": "{bars} bars of rain"}, ("bars", 1), False),
    ],
)
def test_a_spare_stays_as_long_as_its_sound_can_be_cut_to_what_is_wanted(pad, value, stays):
    rig = spare_for(pad)
    rig.bridge.handle(SetParameter(*value))
    rig.bridge.housekeeping()
    assert (asked(rig) == 1) is stays
    rig.press()
    assert bool(rig.lands()) is stays


@pytest.mark.parametrize(
    ("prompt", "bpm", "stays"),
    [("rain", 124, True), ("rain", 112, True), ("rain", 60, False), ("rain at {bpm}", 124, False)],
)
def test_a_spare_of_another_tempo_stays_where_it_is_long_enough_and_its_prompt_says_nothing_of_it(prompt, bpm, stays):
    rig = spare_for({"prompt": prompt, "bars": 2})
    clock(rig, bpm, 5.0)
    rig.bridge.housekeeping()
    assert (asked(rig) == 1) is stays


@pytest.mark.parametrize(("stretch", "stays"), [(True, False), (False, True)])
def test_a_spare_that_would_be_stretched_needs_enough_of_its_own_tempo(stretch, stays):
    """Two bars at 120 are cut from the take of one at 60, but not stretched from it."""
    rig = spare_for({"bars": 1, "fragment": {"stretch": stretch}}, tempo=60)
    clock(rig, 120, 5.0)
    rig.bridge.handle(SetParameter("bars", 2))
    rig.bridge.housekeeping()
    assert (asked(rig) == 1) is stays


def test_a_take_of_all_that_a_model_renders_serves_more_bars_than_that():
    rig = Rig(loaded(one_pad(bars=3), engine={"spares": {"enabled": True}}))
    info = dataclasses.replace(INFO, max_seconds=5.0)
    rig.engines.info = lambda _model: info
    rig.say(Ready(info))
    (spare,) = rig.engines.renders()
    assert spare.seconds == 5.0
    rig.say(Rendered(spare.job, AUDIO, 44100, {"seed": 5}, 0.5))
    rig.bridge.handle(SetParameter("bars", 4))
    rig.bridge.housekeeping()
    assert asked(rig) == 1


def test_a_spare_on_its_way_becomes_the_press_of_a_shorter_length():
    rig = with_spares(one_pad(bars=2))
    (coming,) = rig.engines.renders()
    rig.bridge.handle(SetParameter("bars", 1))
    clock(rig, 118, 5.0)
    rig.bridge.housekeeping()
    rig.press()
    assert rig.engines.cancels() == []
    rig.rendered(dataclasses.replace(coming, spare=False))
    assert of_clock(rig.lands()[0].length) == MusicalLength(1, "bars", 118, made_at=120)


def test_a_spare_of_a_length_in_seconds_is_cut_to_others_of_the_same_take():
    """Of a model that renders no less, one take is as good for one second as for two."""
    rig = Rig(loaded(one_pad(seconds=1), engine={"spares": {"enabled": True}}))
    info = dataclasses.replace(INFO, min_seconds=4.0)
    rig.engines.info = lambda _model: info
    rig.say(Ready(info))
    (spare,) = rig.engines.renders()
    rig.say(Rendered(spare.job, AUDIO, 44100, {"seed": 5}, 0.5))
    rig.bridge.handle(SetParameter("seconds", 2))
    rig.bridge.housekeeping()
    assert asked(rig) == 1
    rig.press()
    assert rig.lands()[0].length == SecondsLength(2)


def test_another_signature_or_tempo_of_the_set_is_used_at_once():
    rig = Rig(loaded(one_pad(bars=1)))
    rig.bridge.handle(Reload(loaded(one_pad(bars=1), tempo=90, time={"signature": "3/4"})))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    assert rig.lands()[0].length == MusicalLength(1, "bars", 90, Signature(3, 4))


def test_a_set_may_know_better_than_an_engine_what_that_renders_well():
    show = dataclasses.replace(loaded(one_pad(beats=1)), limits={"sketch": Limits(6.0, 9.0)})
    rig = Rig(show)
    rig.press()
    assert rig.engines.renders()[-1].seconds == 6.0
    rig.engines.info = lambda _model: None
    rig.bridge.handle(SetParameter("bars", 8))
    rig.press()
    assert rig.engines.renders()[-1].seconds == 9.0
