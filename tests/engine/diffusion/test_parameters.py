"""From a request to the parameters that really render it."""

from dataclasses import replace
from typing import Any

import pytest

from midifrag.config.model_inputs import ModelInput
from midifrag.config.parameters import RequestParameters, names_of
from midifrag.engine.diffusion.parameters import resolve_parameters, told_beside
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render
from midifrag.errors import RequestError
from tests.engine.architectures import COVERED
from tests.engine.presses import press
from tests.engine.stock import loaded, run


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sampler": "dpmpp-3m-sde"}, "tiny has no sampler 'dpmpp-3m-sde'; it has euler"),
        ({"steps": 0}, "steps: 0 is below 1"),
        ({"seconds": 3.0}, "seconds: 3 is more than tiny renders, 2.048"),
        ({"seconds": 0.01, "steps": 1001}, "steps: 1001 is above 1000; seconds: 0.01 is below 0.1"),
        ({"cfg_scale": float("nan")}, "cfg_scale: nan is no number"),
        ({"sigma_max": -1.0}, "sigma_max: -1 is below 0.01"),
        ({"seed": 2**32}, "seed: 4294967296 is above 4294967295"),
        ({"conditioning": "fast"}, "conditioning: 'fast' says no value; write it as bpm=120"),
        ({"recorded": True, "seconds": 1e-9}, "shorter than one sample"),
        ({"recorded": True, "steps": 0}, "steps: 0 is below 1"),
        ({"recorded": True, "sigma_max": 0.0}, "sigma_max: 0 is not above 0"),
    ],
)
def test_impossible_requests_are_refused(model: Model, changes: dict[str, Any], words: str) -> None:
    worker = DiffusionWorker.from_model(model)
    with pytest.raises(RequestError, match=words):
        worker.submit(press(1, **changes))
    assert not worker.busy


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sigma_min": 3.0, "sigma_max": 2.0}, "sigma_min: 3 is not between 0 and sigma_max, 2"),
        ({"sigma_min": 3.0, "sigma_max": 3.0}, "sigma_min and sigma_max are both 3; 5 steps need a range"),
        ({"sigma_min": 0.0, "recorded": True}, "sigma_min: 0 is not between 0"),
    ],
)
def test_a_v_model_needs_a_range_of_noise(changes: dict[str, Any], words: str) -> None:
    worker = DiffusionWorker.from_model(loaded("v"))
    with pytest.raises(RequestError, match=words):
        worker.submit(press(1, **changes))


def test_one_step_needs_no_range() -> None:
    assert resolve_parameters(press(1, steps=1, sigma_min=3.0, sigma_max=3.0), loaded("v")).steps == 1


def test_length_decides_the_latents_only_where_the_model_allows() -> None:
    assert resolve_parameters(press(1), loaded("v")).frames == 31
    assert resolve_parameters(press(1, seconds=2.0), loaded("v")).frames == 255
    assert resolve_parameters(press(1, seconds=2.048), loaded("v")).frames == 256
    assert resolve_parameters(press(1), loaded("v", **COVERED["all of pocket's"])).frames == 28
    assert resolve_parameters(press(1), loaded("v", patch_size=2)).frames == 30
    full = loaded("v", short_latents=False)
    assert resolve_parameters(press(1), full).frames == 256
    audio = run(DiffusionWorker.from_model(full), press(1))[-1].audio
    assert audio.shape == (2, 1600)


def test_what_is_not_named_comes_from_the_model_and_all_of_it_is_told(model: Model) -> None:
    resolved = resolve_parameters(Render(1, "rain", None, 5), model)
    defaults = model.defaults
    assert resolved.used() == {
        "prompt": "rain",
        "negative_prompt": "",
        "steps": defaults.steps,
        "cfg_scale": defaults.cfg_scale,
        "sampler": defaults.sampler,
        "sigma_min": None,
        "sigma_max": 1.0,
        "seed": 5,
        "seconds": defaults.seconds,
        "guidance": "cfg",
        "schedule": "classic",
        "conditioning": None,
        "loras": None,
        "morph": None,
        "strength": None,
    }
    assert set(resolved.used()) == {"prompt", *names_of(RequestParameters)}
    assert resolved.samples == defaults.seconds * model.sample_rate
    assert resolved.method.name == defaults.sampler


@pytest.mark.parametrize("name", ["guidance", "schedule"])
def test_a_way_that_there_is_not(model: Model, name: str) -> None:
    with pytest.raises(RequestError, match=f"{name}: 'other' is not (cfg or apg|classic or model)"):
        resolve_parameters(Render(1, "rain", None, 5, **{name: "other"}), model)


INPUTS = (
    ModelInput("prompt", "text"),
    ModelInput("seconds_total", "number", 0, 512),
    ModelInput("bpm", "number", 40, 240),
    ModelInput("energy", "number"),
    ModelInput("bars", "int", 4, 16),
)


@pytest.mark.parametrize(
    ("said", "bpm", "told"),
    [
        ("energy=1, bars=5", 120, "bars=5, bpm=120, energy=1"),
        ("Energy=1, bars=5, bpm=90", 120, "bars=5, bpm=90, energy=1"),
        ("energy=1, bars=5, bpm=90, size=3", None, "bars=5, bpm=90, energy=1"),
    ],
)
def test_what_a_model_is_told_beside_the_prompt(said: str, bpm: float | None, told: str) -> None:
    assert told_beside(INPUTS, said, bpm, "m") == told


@pytest.mark.parametrize(
    ("said", "bpm", "reason"),
    [
        ("bars=5", 120, "m wants a number for energy, from 0 to 1: say conditioning: {energy: 0}."),
        ("energy=1, bars=5", None, "m wants a number for bpm, from 40 to 240: say conditioning: {bpm: 40}."),
        ("energy=high, bars=5", 120, "conditioning: energy is a number from 0 to 1, and not high."),
        ("energy=1, bars=16", 120, "conditioning: bars: the model has no row for 16 in its table of 13."),
    ],
)
def test_what_a_model_cannot_be_told_is_refused_before_it_is_asked(said: str, bpm: float | None, reason: str) -> None:
    with pytest.raises(RequestError) as error:
        told_beside(INPUTS, said, bpm, "m")
    assert str(error.value) == reason


def test_a_model_s_own_values_give_way_to_a_request_s(model: Model) -> None:
    own = replace(model, defaults=replace(model.defaults, conditioning="seconds_start=3"))
    assert resolve_parameters(press(1), own).told == {"seconds_start": 3.0}
    assert resolve_parameters(press(1, conditioning="seconds_start=1"), own).told == {"seconds_start": 1.0}


def test_what_is_named_wins(model: Model) -> None:
    asked = press(1, steps=3, cfg_scale=2.0, sampler="pingpong", seconds=0.5, sigma_max=0.8, negative_prompt="hum")
    used = resolve_parameters(asked, model).used()
    assert {name: used[name] for name in ("steps", "cfg_scale", "sampler", "seconds", "sigma_max")} == {
        "steps": 3,
        "cfg_scale": 2.0,
        "sampler": "pingpong",
        "seconds": 0.5,
        "sigma_max": 0.8,
    }
    assert used["negative_prompt"] == "hum"
    assert resolve_parameters(press(1, sigma_min=0.25), loaded("v")).used()["sigma_min"] == 0.25


def test_noise_above_one_means_nothing_to_a_flow(model: Model) -> None:
    assert resolve_parameters(press(1, sigma_max=500.0), model).sigma_max == 1.0


def test_a_record_is_rendered_again_beyond_today_s_limits(model: Model) -> None:
    beyond = {"cfg_scale": -100.0, "seconds": 0.05}
    with pytest.raises(RequestError, match=r"^cfg_scale: -100 is below 0; seconds: 0.05 is below 0.1\.$"):
        resolve_parameters(press(1, **beyond), model)
    used = resolve_parameters(press(1, recorded=True, **beyond), model).used()
    assert (used["cfg_scale"], used["seconds"]) == (-100.0, 0.05)


def test_loras_lie_over_those_of_the_model_s_entry_and_a_take_of_the_archive_has_its_own(model: Model) -> None:
    entry = "dusty=0.5 from /dusty.safetensors; vinyl=1 from /vinyl.safetensors"
    mine = replace(model, defaults=replace(model.defaults, loras=entry))
    asked = Render(1, "rain", None, 5, loras="dusty=0.8")
    both = "dusty=0.8 from /dusty.safetensors; vinyl=1 from /vinyl.safetensors"
    assert resolve_parameters(asked, mine).loras == both
    whole = "dusty=0.8 from /dusty.safetensors"
    assert resolve_parameters(replace(asked, loras=whole, recorded=True), mine).loras == whole
    assert resolve_parameters(Render(1, "rain", None, 5, recorded=True), mine).loras is None
    with pytest.raises(RequestError, match=r"^loras: "):
        resolve_parameters(replace(asked, loras="dusty", recorded=True), mine)
    with pytest.raises(RequestError, match=r"^loras: has 18 LoRAs; 16 are the most"):
        resolve_parameters(replace(asked, loras="; ".join(f"other{number}=1" for number in range(16))), mine)
