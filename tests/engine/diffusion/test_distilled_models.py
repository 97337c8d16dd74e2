"""Models that hear their guidance and their steps: one pass for two, and the sound that stock makes of them by seed."""

import copy
from typing import Any

import numpy as np
import pytest
import torch

from midifrag.engine.diffusion.parameters import resolve_parameters
from midifrag.engine.diffusion.rehearsal import RenderShape
from midifrag.engine.diffusion.shortcuts import Shortcuts
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render
from midifrag.engine.network.forward_pass import ForwardPass
from tests.engine.presses import landed, press
from tests.engine.stock import as_model, run, stock_audio
from tests.engine.tiny_models import DOWNSAMPLING, SAMPLE_RATE, module_of, shared_tokenizer, tiny_config

FRAMES = 48
SECONDS = FRAMES * DOWNSAMPLING / SAMPLE_RATE
#: Decibels between a sound and its difference from stock's.
ENOUGH = 80.0
GUIDANCE = {"id": "cfg_scale", "type": "number", "config": {"min_val": 1, "max_val": 7}}
STEPS = {"id": "steps", "type": "number", "config": {"min_val": 1, "max_val": 6}}


def hearing(*numbers: dict[str, Any], **more: Any) -> Model:
    """A model that hears ``numbers`` globally, as distillation leaves it."""
    config = tiny_config("rectified_flow", tokenizer=shared_tokenizer(), sample_size=FRAMES * DOWNSAMPLING, **more)
    config["model"]["conditioning"]["configs"] += copy.deepcopy(list(numbers))
    diffusion = config["model"]["diffusion"]
    diffusion["global_cond_ids"] += [number["id"] for number in numbers]
    diffusion["config"]["global_cond_dim"] += 32 * len(numbers)
    return as_model(module_of(config), config, short_latents=False)


@pytest.fixture(scope="module")
def guided() -> Model:
    return hearing(GUIDANCE, global_cond_type="adaLN")


def ask(job: int = 7, **changes: Any) -> Render:
    return Render(job, "rain", SECONDS, 7, **{"steps": 4, "cfg_scale": 3.0, **changes})


def apart(sound: np.ndarray, other: np.ndarray) -> float:
    """Decibels between a sound and its difference from another."""
    error = float(np.linalg.norm(sound - other))
    return float("inf") if not error else 20 * float(np.log10(np.linalg.norm(sound) / error))


def decibels(
    model: Model,
    rendered: np.ndarray,
    beside: dict[str, Any],
    *,
    scale: float = 1.0,
    steps: int = 4,
    negative: str = "",
) -> float:
    """How near a sound is to stock's, which is told ``beside``."""
    stock = stock_audio(
        model,
        seed=7,
        frames=FRAMES,
        seconds=SECONDS,
        negative_prompt=negative,
        beside=beside,
        steps=steps,
        cfg_scale=scale,
        sampler_type="euler",
        sigma_max=1.0,
    ).numpy()
    return apart(stock, rendered)


@pytest.mark.parametrize("shape", [{"global_cond_type": "adaLN"}, {}])
@pytest.mark.parametrize("scale", [1.0, 3.0, 6.5])
def test_what_hears_its_guidance_plays_what_stock_plays_in_one_pass(shape: dict[str, Any], scale: float) -> None:
    model = hearing(GUIDANCE, **shape)
    rendered = run(DiffusionWorker.from_model(model), ask(cfg_scale=scale))[-1]
    assert rendered.notes == ()
    assert rendered.used["cfg_scale"] == scale
    assert decibels(model, rendered.audio, {"cfg_scale": scale}) > ENOUGH


def test_no_row_of_it_takes_a_second_pass(guided: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = list[int]()
    forward = ForwardPass.__call__

    def counted(self: ForwardPass, inputs: Any, guided_rows: Any) -> torch.Tensor:
        passes.append(len(inputs.latents) + len(guided_rows))
        return forward(self, inputs, guided_rows)

    monkeypatch.setattr(ForwardPass, "__call__", counted)
    run(DiffusionWorker.from_model(guided), ask(cfg_scale=5.0))
    assert passes == [1] * 4
    passes.clear()
    run(DiffusionWorker.from_model(guided), ask(cfg_scale=5.0, negative_prompt="hum"))
    assert passes == [2] * 4


def test_each_request_of_a_batch_has_its_own_guidance(guided: Model) -> None:
    scales = {1: 1.0, 2: 2.5, 3: 7.0}
    alone = {job: run(DiffusionWorker.from_model(guided), ask(job, cfg_scale=scale)) for job, scale in scales.items()}
    worker = DiffusionWorker.from_model(guided)
    together = landed(run(worker, *(ask(job, cfg_scale=scale) for job, scale in scales.items())))
    assert worker.counters.denoiser_calls == 4
    for job, events in alone.items():
        assert apart(together[job], events[-1].audio) > ENOUGH
    assert max(apart(together[1], together[2]), apart(together[2], together[3])) < ENOUGH


def test_each_request_of_a_batch_has_its_own_steps_and_as_many_passes_as_it_needs() -> None:
    model = hearing(GUIDANCE, STEPS, global_cond_type="adaLN")
    asked = {1: {"steps": 1}, 2: {"steps": 6, "cfg_scale": 6.0}, 3: {"steps": 3, "negative_prompt": "hum"}}
    alone = {job: run(DiffusionWorker.from_model(model), ask(job, **changes)) for job, changes in asked.items()}
    worker = DiffusionWorker.from_model(model)
    together = landed(run(worker, *(ask(job, **changes) for job, changes in asked.items())))
    assert worker.counters.denoiser_calls == 6
    for job, events in alone.items():
        assert apart(together[job], events[-1].audio) > ENOUGH


@pytest.mark.parametrize(("asked", "heard"), [(9.0, 7.0), (0.5, 1.0)])
def test_guidance_beyond_what_it_learned_is_clamped_and_told(guided: Model, asked: float, heard: float) -> None:
    rendered = run(DiffusionWorker.from_model(guided), ask(cfg_scale=asked))[-1]
    assert rendered.notes == (f"cfg_scale {asked:g} is heard as {heard:g}: the model knows it from 1 to 7",)
    assert decibels(guided, rendered.audio, {"cfg_scale": heard}) > ENOUGH


def test_a_negative_prompt_takes_two_passes_without_guidance_in_them(guided: Model) -> None:
    rendered = run(DiffusionWorker.from_model(guided), ask(cfg_scale=9.0, negative_prompt="hum"))[-1]
    assert rendered.notes == ()
    assert decibels(guided, rendered.audio, {"cfg_scale": 1.0}, scale=9.0, negative="hum") > ENOUGH


def test_what_conditioning_says_of_it_does_nothing_and_is_told(guided: Model) -> None:
    plain = run(DiffusionWorker.from_model(guided), ask())[-1]
    said = run(DiffusionWorker.from_model(guided), ask(conditioning="cfg_scale=6"))[-1]
    assert said.notes == ("conditioning says cfg_scale for nothing: the parameter cfg_scale does",)
    np.testing.assert_array_equal(said.audio, plain.audio)


@pytest.mark.parametrize(("steps", "heard"), [(2, 2.0), (6, 6.0), (8, 6.0)])
def test_what_hears_its_steps_is_told_them(steps: int, heard: float) -> None:
    model = hearing(GUIDANCE, STEPS, global_cond_type="adaLN")
    rendered = run(DiffusionWorker.from_model(model), ask(steps=steps))[-1]
    assert rendered.notes == ()
    assert decibels(model, rendered.audio, {"cfg_scale": 3.0, "steps": heard}, steps=steps) > ENOUGH
    assert decibels(model, rendered.audio, {"cfg_scale": 3.0, "steps": 4.0}, steps=steps) < ENOUGH


@pytest.mark.parametrize("changes", [{"sampler": "dpmpp"}, {"sampler": "rk4"}, {"sigma_max": 0.5}])
def test_samplers_whose_steps_it_was_not_taught_are_told_as_the_most(changes: dict[str, Any]) -> None:
    resolved = resolve_parameters(ask(**changes), hearing(GUIDANCE, STEPS))
    assert resolved.told == {"cfg_scale": 3.0, "steps": 6.0}


def test_all_guidances_are_of_one_shape_to_warm(guided: Model) -> None:
    shapes = {RenderShape.of(resolve_parameters(ask(cfg_scale=scale), guided)) for scale in (1.0, 3.0, 7.0)}
    assert shapes == {RenderShape(FRAMES, guided=False, has_negative=False)}


def test_an_interval_of_guidance_changes_nothing_where_guidance_costs_nothing(guided: Model) -> None:
    worker = DiffusionWorker.from_model(guided, guidance_interval=(0.3, 0.7))
    assert worker.runner.shortcuts == Shortcuts((0.3, 0.7))
    part, whole = run(worker, ask())[-1], run(DiffusionWorker.from_model(guided), ask())[-1]
    np.testing.assert_array_equal(part.audio, whole.audio)


def test_other_models_are_guided_as_before() -> None:
    resolved = resolve_parameters(ask(), hearing())
    assert (resolved.guided_scale, resolved.told) == (3.0, {})
    assert landed(run(DiffusionWorker.from_model(hearing()), press(1)))[1].any()
