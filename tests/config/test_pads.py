"""What pads and their defaults may say, and what a press makes of it."""

import pytest
from pydantic import ValidationError

from midifrag.config.pads import Pad, PadDefaults, Parameters, resolve, told_name


def test_levels_give_way_pad_first_then_bank_then_show_and_live_values_win():
    pad = Pad(prompt="rain", steps=5)
    preset = resolve(pad, Parameters(steps=6, cfg_scale=2), Parameters(cfg_scale=3, seconds=4), values={"seconds": 9})
    assert (preset.steps, preset.cfg_scale, preset.seconds, preset.seed) == (5, 2, 9, "random")


def test_two_lengths_of_one_level_are_a_mistake():
    for level in (Parameters, lambda **said: Pad(prompt="rain", **said)):
        assert level(bars=2).bars == 2
        with pytest.raises(ValueError, match="stands beside seconds; a length is one of seconds, bars and beats"):
            level(seconds=2, beats=3)
        with pytest.raises(ValueError, match="stands beside bars"):
            level(bars=2, beats=3)


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"land": "3 bars"}, "'now', 'beat', 'bar', '2 bars' or '4 bars'"),
        ({"lead_ms": -1}, "greater than or equal to 0"),
        ({"lead_ms": 2001}, "less than or equal to 2000"),
        ({"fallback": "first"}, "'last'"),
    ],
)
def test_what_a_pad_cannot_say_of_its_landing(keys, what):
    with pytest.raises(ValidationError, match=what):
        Pad.model_validate({"prompt": "rain", **keys})


def test_defaults_know_where_fragments_land_but_no_fallback():
    assert PadDefaults.model_validate({"land": "2 bars", "steps": 4}).land == "2 bars"
    with pytest.raises(ValidationError, match="fallback"):
        PadDefaults.model_validate({"fallback": "last"})


def test_a_name_with_a_placeholder_is_told_as_what_was_rendered():
    assert told_name("Rain", "rain on tin") == "Rain"
    assert told_name("Beat {bpm}", "a beat at 92 BPM") == "a beat at 92 BPM"
    assert told_name("beat in {key}", "") == "beat in {key}"
    assert told_name("{oddly}", "x") == "{oddly}"
    assert told_name("", "rain") == "rain"
