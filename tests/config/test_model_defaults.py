from __future__ import annotations

import pytest

from midifrag.config.model_defaults import OBJECTIVES, Defaults, defaults_of, min_seconds_of
from midifrag.errors import ModelError
from tests.engine.tiny_models import tiny_config


@pytest.mark.parametrize(
    ("objective", "length", "expected", "short"),
    [
        ("v", 2097152 / 44100, Defaults(100, 7.0, 47.0, "dpmpp-3m-sde", 0.3, 500.0), False),
        ("rf_denoiser", 524288 / 44100, Defaults(8, 1.0, 11.0, "pingpong", 0.0, 1.0), True),
        ("rectified_flow", 12.0, Defaults(20, 3.0, 12.0, "euler", 0.0, 1.0), False),
    ],
)
def test_each_family_has_its_defaults(objective, length, expected, short):
    assert defaults_of(tiny_config(objective), {}, length) == (expected, short)


@pytest.mark.parametrize("name", ["seed", "negative_prompt", "model", "stepps"])
def test_a_model_has_no_default_for_what_is_the_request_s_alone(name):
    known = "there are steps, cfg_scale, seconds, sampler, sigma_min, sigma_max"
    with pytest.raises(ModelError, match=rf"no default {name} \(its entry in presets.yaml\); {known}"):
        defaults_of(tiny_config("v"), {"defaults": {name: 1}}, 10.0)


def test_the_model_and_then_its_entry_have_the_last_word():
    config = tiny_config("v", midifrag={"defaults": {"steps": 12, "cfg_scale": 4}, "short_latents": True})
    defaults, short = defaults_of(config, {}, 10.0)
    assert (defaults.steps, defaults.cfg_scale, defaults.sampler, short) == (12, 4.0, "dpmpp-3m-sde", True)
    defaults, short = defaults_of(config, {"defaults": {"steps": 30}, "short_latents": False}, 10.0)
    assert (defaults.steps, defaults.cfg_scale, short) == (30, 4.0, False)


def test_a_model_of_less_than_a_second():
    assert defaults_of(tiny_config("v"), {}, 0.5)[0].seconds == 0.5


def test_every_default_sampler_is_offered():
    from midifrag.config.samplers import samplers_for

    for objective, usual in OBJECTIVES.items():
        assert usual.defaults.sampler in samplers_for(objective)


@pytest.mark.parametrize(
    ("block", "entry", "seconds"),
    [
        ({}, {}, 1.5),
        ({"min_seconds": 4}, {}, 4.0),
        ({"min_seconds": 4}, {"min_seconds": "3"}, 3.0),
        ({}, {"min_seconds": 0}, 0),
    ],
)
def test_the_least_length_is_what_its_entry_says_or_the_model_or_what_is_known_of_it(block, entry, seconds):
    assert min_seconds_of(tiny_config("v", midifrag=block), entry, 1.5) == seconds


@pytest.mark.parametrize("odd", ["long", None, [], -1, float("nan"), float("inf")])
def test_what_is_no_least_length(odd):
    with pytest.raises(ModelError, match=r"min_seconds of .* is no number of seconds"):
        min_seconds_of(tiny_config("v", midifrag={"min_seconds": odd}), {})


def test_what_a_model_is_told_beside_the_prompt_is_its_own_and_then_its_entry_s():
    config = {"model": {"diffusion": {}}, "midifrag": {"conditioning": {"bpm": 90, "energy": 1}}}
    defaults, _ = defaults_of(config, {"conditioning": "energy=0.5"}, 10.0)
    assert defaults.conditioning == "bpm=90, energy=0.5"
    assert defaults_of({"model": {"diffusion": {}}}, {}, 10.0)[0].conditioning is None
    with pytest.raises(
        ModelError, match=r"conditioning in model_config\.json holds a wrong value: must be keys and values"
    ):
        defaults_of({"model": {"diffusion": {}}, "midifrag": {"conditioning": 3}}, {}, 10.0)


@pytest.mark.parametrize(
    ("objective", "steps", "cfg_scale", "sampler"),
    [("rf_denoiser", 8, 1.0, "pingpong"), ("rectified_flow", 50, 7.0, "euler")],
)
def test_a_model_of_any_length_is_played_in_its_own_way_and_for_ten_seconds(objective, steps, cfg_scale, sampler):
    config = tiny_config(objective)
    config["model"]["diffusion"]["mask_padding_attention"] = True
    defaults, short = defaults_of(config, {}, 120.0)
    assert (defaults.steps, defaults.cfg_scale, defaults.sampler) == (steps, cfg_scale, sampler)
    assert (defaults.guidance, defaults.schedule, defaults.seconds, short) == ("apg", "model", 10.0, True)
    assert defaults_of(config, {}, 4.5)[0].seconds == 4.0


def test_how_a_model_is_guided_is_its_entry_s_word_and_one_that_there_is():
    assert defaults_of(tiny_config(), {}, 10.0)[0].guidance == "cfg"
    own = {"defaults": {"guidance": "apg", "schedule": "model"}}
    defaults, _ = defaults_of(tiny_config("rectified_flow", midifrag=own), {"defaults": {"schedule": "classic"}}, 10.0)
    assert (defaults.guidance, defaults.schedule) == ("apg", "classic")
    with pytest.raises(ModelError, match=r"default of guidance in .* is cfg or apg, and not 'both'"):
        defaults_of(tiny_config(), {"defaults": {"guidance": "both"}}, 10.0)
