import math

import pytest

from midifrag.config.pads import Parameters
from midifrag.config.parameter_values import beyond_limits, layered, lengths_in, values_of
from midifrag.config.parameters import Preset, PresetParameters, RequestParameters


def test_what_is_nearer_counts_and_what_it_leaves_out_is_as_the_farther_level_says():
    assert layered({"steps": 8, "cfg_scale": 3.0, "seed": None}, {"steps": 4, "sampler": None}) == {
        "steps": 4,
        "cfg_scale": 3.0,
    }


@pytest.mark.parametrize("length", ["seconds", "bars", "beats"])
def test_a_nearer_length_replaces_any_other(length):
    assert layered({"seconds": 4.0, "bars": None, "steps": 8}, {length: 2.0}) == {"steps": 8, length: 2.0}


def test_what_a_model_is_told_and_loras_are_put_over_each_other_name_by_name():
    farther = {"conditioning": "bpm=90, mood=calm", "loras": "dusty=0.8 from /dusty.safetensors"}
    nearer = {"conditioning": "bpm=120", "loras": "tape=0.5 from /tape.safetensors"}
    merged = layered(farther, nearer)
    assert ("bpm=120" in merged["conditioning"], "mood=calm" in merged["conditioning"]) == (True, True)
    assert ("dusty=0.8" in merged["loras"], "tape=0.5" in merged["loras"]) == (True, True)


def test_values_are_those_of_the_class_that_is_asked_for():
    preset = Preset(prompt="x", bars=2, steps=9)
    assert (values_of(preset)["bars"], values_of(preset)["steps"]) == (2, 9)
    assert "bars" not in values_of(preset, RequestParameters)
    assert set(values_of(Parameters()).values()) == set(values_of(PresetParameters()).values()) == {None}


def test_lengths_are_those_that_are_said():
    assert lengths_in({"bars": 2, "seconds": None, "beats": 0.5, "steps": 4}) == ["bars", "beats"]


def test_only_numbers_have_limits():
    assert beyond_limits({"steps": 0, "cfg_scale": math.nan, "sampler": "x", "other": 5, "seed": "random"}) == {
        "steps": "0 is below 1",
        "cfg_scale": "nan is no number",
    }
