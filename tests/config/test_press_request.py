"""What a press asks for, under everything that has a say in it."""

import pytest

from midifrag.config.press_request import WHEN_READY, LandRequest, land_request, press_request
from midifrag.fragment.length import MusicalLength
from midifrag.pad_key import PadKey
from midifrag.timeline import Signature
from tests.support.shows import bank, loaded

BEAT = {"prompt": "beat, {bpm} bpm"}


def asked(pad, show=None, **how):
    one = bank(pads={36: pad}, defaults={"steps": 6, "cfg_scale": 2})
    return press_request((show or loaded(one)).settings, one, one.pads[PadKey(36)], **how)


def test_pad_bank_and_show_in_this_order():
    show = loaded(defaults={"cfg_scale": 3, "seconds": 4}, model="pocket")
    preset = asked({"prompt": "rain", "steps": 5}, show).preset
    assert (preset.steps, preset.cfg_scale, preset.seconds, preset.seed, preset.negative_prompt) == (
        5,
        2,
        4,
        "random",
        "",
    )


def test_live_values_win_over_the_pad_and_velocity_over_them():
    pad = {"prompt": "rain", "seconds": 2, "velocity": {"sets": "seconds", "range": [1, 11]}}
    assert asked(pad).preset.seconds == 2
    assert asked(pad, values={"seconds": 3}).preset.seconds == 3
    assert asked(pad, values={"seconds": 3, "steps": 9}, velocity=0.5).preset.seconds == pytest.approx(6)
    assert asked(pad, values={"seconds": 3, "steps": 9}, velocity=0.5).preset.steps == 9


def test_a_pad_without_velocity_is_deaf_to_it():
    assert asked({"prompt": "rain", "seconds": 2}, velocity=1.0).preset.seconds == 2


def test_the_prompt_is_told_the_tempo_or_that_of_the_show():
    assert asked(BEAT, bpm=140).preset.prompt == "beat, 140 bpm"
    assert asked(BEAT, loaded(tempo=97.4)).preset.prompt == "beat, 97 bpm"
    assert asked({"prompt": "rain {loud}"}).preset.prompt == "rain {loud}"


def test_a_pad_s_model_comes_before_the_show_s():
    assert asked({"prompt": "rain"}, loaded(model="pocket")).model == "pocket"
    assert asked({"prompt": "rain", "model": "sketch"}, loaded(model="pocket")).model == "sketch"


def test_a_pad_s_fragment_options_lie_over_the_show_s():
    show = loaded(fragments={"fade_ms": 3, "bits": 24})
    options = asked({"prompt": "rain", "fragment": {"loop": True, "fade_ms": 1}}, show).options
    assert (options.loop, options.fade_ms, options.bits) == (True, 1, 24)


def test_a_nearer_level_s_length_replaces_the_farther_one_s_whatever_that_is():
    show = loaded(defaults={"bars": 2})
    assert asked({"prompt": "rain"}, show).length == MusicalLength(2, "bars", 120)
    for pad, length in (({"seconds": 3}, None), ({"beats": 3}, MusicalLength(3, "beats", 120))):
        request = asked({"prompt": "rain", **pad}, show)
        said = {name: getattr(request.preset, name) for name in ("seconds", "bars", "beats")}
        assert said == {"seconds": None, "bars": None, "beats": None} | pad
        assert request.length == length
    one = bank(pads={36: {"prompt": "rain"}}, defaults={"seconds": 5})
    assert press_request(show.settings, one, one.pads[PadKey(36)]).preset.bars is None
    assert asked({"prompt": "rain", "seconds": 3}, show, values={"bars": 1}).preset.seconds is None


def test_velocity_s_length_replaces_what_controls_have_set():
    pad = {"prompt": "rain", "velocity": {"sets": "beats", "range": [1, 9]}}
    assert asked(pad, values={"bars": 4}, velocity=0.5).length == MusicalLength(5, "beats", 120)


def test_a_length_in_music_is_in_the_show_s_time_or_in_the_one_that_is_given():
    show = loaded(tempo=92.5, time={"signature": "7/8"})
    assert asked({"prompt": "rain", "bars": 2}, show).length == MusicalLength(2, "bars", 92.5, Signature(7, 8))
    given = asked({"prompt": "rain", "bars": 2}, show, bpm=100.5, signature=Signature(3, 4)).length
    assert given == MusicalLength(2, "bars", 100.5, Signature(3, 4))


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({}, "any key"),
        ({"show": "A minor"}, "A minor"),
        ({"bank": "F# dorian"}, "F# dorian"),
        ({"show": "A minor", "bank": "F# dorian"}, "F# dorian"),
    ],
)
def test_the_prompt_is_told_the_key_of_its_bank_or_of_the_show(keys, text):
    pads = {36: {"prompt": "{bars} bars of pad in {key}", "bars": 4}}
    one = bank(pads=pads, **({"key": keys["bank"]} if "bank" in keys else {}))
    show = loaded(one, **({"key": keys["show"]} if "show" in keys else {}))
    assert press_request(show.settings, one, one.pads[PadKey(36)]).preset.prompt == f"4 bars of pad in {text}"


def test_a_preset_knows_the_key_and_the_tempo_that_its_prompt_was_told():
    one = bank(key="A minor", pads={36: {"prompt": "in {key}"}, 37: BEAT, 38: {"prompt": "rain"}})
    asked = [press_request(loaded(one).settings, one, pad, bpm=92.6).preset for pad in one.pads.values()]
    assert [(preset.key, preset.bpm) for preset in asked] == [("A minor", None), ("", 93), ("", None)]


def test_a_length_that_a_control_sets_is_told_to_the_prompt():
    assert asked({"prompt": "{bars} bars", "bars": 4}, values={"beats": 8}).preset.prompt == "2 bars"
    assert asked({"prompt": "{bars} bars", "bars": 4}, values={"seconds": 6}).preset.prompt == "3 bars"


def test_where_a_fragment_lands_is_said_by_pad_bank_and_show_in_this_order():
    show = loaded(defaults={"land": "4 bars", "lead_ms": 30}, fragments={"lead_ms": 20})
    one = bank(pads={36: {"prompt": "rain"}, 37: {"prompt": "wind", "land": "now"}}, defaults={"land": "beat"})
    requests = [press_request(show.settings, one, pad).landing for pad in one.pads.values()]
    assert requests == [LandRequest("beat", 0.03, True), LandRequest("now", 0.03, True)]
    assert land_request(show.settings, bank()) == LandRequest("4 bars", 0.03, True)
    assert press_request(show.settings, one, one.pads[PadKey(37)], land="bar").landing.land == "bar"


def test_a_fragment_lands_when_it_is_ready_unless_something_says_otherwise():
    assert asked({"prompt": "rain"}).landing == WHEN_READY
    show = loaded(fragments={"lead_ms": 20, "protect_playing": False})
    assert asked({"prompt": "rain", "lead_ms": 5}, show).landing == LandRequest("now", 0.005, False)
    assert asked({"prompt": "rain"}, show).landing == LandRequest("now", 0.02, False)


def test_a_hand_says_how_much_of_another_prompt_there_is():
    by_velocity = {"prompt": "rain", "morph": {"to": "glass at {bpm}", "by": "velocity"}}
    assert asked(by_velocity, velocity=0.5, bpm=140).preset.morph == "0.5 to glass at 140"
    assert asked(by_velocity, velocity=0.0).preset.morph is None
    assert asked(by_velocity).preset.morph is None
    by_knob = {"prompt": "rain", "morph": {"to": "glass", "by": "cc 25"}}
    assert (
        asked(by_knob, velocity=0.5, values={"morph cc 25": 0.25, "morph cc 26": 1.0}).preset.morph == "0.25 to glass"
    )
    assert asked(by_knob, velocity=0.5).preset.morph is None
    assert asked(by_knob, values={"morph cc 25": 0.25}, share=0.75).preset.morph == "0.75 to glass"
    assert asked({"prompt": "rain", "morph": {"to": "glass", "by": 0.1}}, velocity=1.0).preset.morph == "0.1 to glass"


def test_the_nearest_level_says_towards_which_prompt():
    show = loaded(defaults={"morph": {"to": "wood", "by": 1}})
    assert asked({"prompt": "rain"}, show).preset.morph == "1 to wood"
    assert asked({"prompt": "rain", "morph": {"to": "glass", "by": 0.5}}, show).preset.morph == "0.5 to glass"
