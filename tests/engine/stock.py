"""The oracle: stock inference on the same weights."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from midifrag.config.model_defaults import VARIABLE, Defaults
from midifrag.config.variable_length import variable_length
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.load import leave_out_decoding_noise
from midifrag.engine.loading.model import Model, can_encode
from midifrag.engine.loading.silence_output import silence_output
from midifrag.engine.messages import Render
from tests.engine.tiny_models import tiny_model

DEFAULTS = {
    "v": Defaults(6, 4.0, 1.0, "dpmpp-2m", 0.3, 50.0),
    "rectified_flow": Defaults(6, 3.0, 1.0, "euler", 0.0, 1.0),
    "rf_denoiser": Defaults(4, 1.0, 1.0, "pingpong", 0.0, 1.0),
}


def loaded(objective: str = "v", *, short_latents: bool = True, precision: str = "fp32", **config: Any) -> Model:
    """A tiny model as the loader would hand it over."""
    module, whole = tiny_model(objective, **config)
    return as_model(module, whole, short_latents=short_latents, precision=precision)


def as_model(module: Any, config: dict[str, Any], *, short_latents: bool = True, precision: str = "fp32") -> Model:
    """Wrap a module and its configuration."""
    objective = module.diffusion_objective
    leave_out_decoding_noise(module)
    ratio = module.pretransform.downsampling_ratio
    variable = variable_length(config, {}, ratio)
    return Model(
        name="tiny",
        module=module,
        config=config,
        checksum="0" * 64,
        device=torch.device("cpu"),
        precision=precision,
        objective=objective,
        sample_rate=config["sample_rate"],
        channels=config["audio_channels"],
        sample_size=config["sample_size"],
        downsampling=ratio,
        defaults=DEFAULTS[objective] if variable is None else replace(VARIABLE[objective].defaults, seconds=1.0),
        short_latents=short_latents,
        variable=variable,
        encodes=can_encode(module),
    )


def stock_audio(
    model: Model,
    *,
    seed: int,
    frames: int,
    seconds: float,
    prompt: str = "rain",
    negative_prompt: str = "",
    fresh: Callable[[], Tensor] | None = None,
    guidance: str | None = None,
    schedule: str | None = None,
    beside: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Tensor:
    """What stock generation makes, (channels, samples); ``fresh`` replaces its Brownian tree's noise.

    ``guidance`` and ``schedule`` are as midifrag names them, and as the model's defaults have them.

    ``beside`` is what the model is told beside prompt and length.
    """
    from stable_audio_tools.inference import generation

    inpaints = model.config["model_type"] == "diffusion_cond_inpaint"
    generate = generation.generate_diffusion_cond_inpaint if inpaints else generation.generate_diffusion_cond

    def told(text: str) -> list[dict[str, Any]]:
        return [{"prompt": text, "seconds_start": 0, "seconds_total": seconds, **(beside or {})}]

    guidance, schedule = guidance or model.defaults.guidance, schedule or model.defaults.schedule
    if schedule == "classic":
        settings["dist_shift"] = classic_schedule(model, frames, settings.get("sampler_type"))
    sampling = "stable_audio_tools.inference.sampling"
    with contextlib.ExitStack() as stack:
        stack.enter_context(silence_output())
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        if fresh:
            tree = f"{sampling}.K.sampling.BrownianTreeNoiseSampler"
            stack.enter_context(mock.patch(tree, return_value=lambda *_: fresh()))
        if schedule == "classic":
            stack.enter_context(mock.patch(f"{sampling}.sample_flow_dpmpp", classic_dpmpp))
        return generate(
            model.module,
            conditioning=told(prompt),
            negative_conditioning=told(negative_prompt) if negative_prompt else None,
            sample_size=frames * model.downsampling,
            seed=seed,
            device="cpu",
            apg_scale=1.0 if guidance == "apg" else 0.0,
            **settings,
        )[0]


def classic_schedule(model: Model, frames: int, sampler: str | None) -> Any:
    """The flow schedule of stable-audio-tools 0.0.19, as 0.0.20 can be told it."""
    from stable_audio_tools.inference.sampling import IdentityDistributionShift, LogSNRShift

    trained = model.module.dist_shift
    if sampler != "rk4":
        return LogSNRShift(rate=0, anchor_logsnr=-6.0, logsnr_end=2.0)
    if trained is None:
        return IdentityDistributionShift()

    class Unclamped:
        def shift(self, times: Tensor, _length: object) -> Tensor:
            slope = (trained.max_shift - trained.base_shift) / (trained.max_length - trained.min_length)
            mu = -(trained.base_shift + slope * (frames - trained.min_length))
            return 1 - math.exp(mu) / (math.exp(mu) + (1 / (1 - times) - 1))

    return Unclamped()


def classic_dpmpp(model: Any, x: Tensor, sigmas: Tensor, disable_tqdm: bool, callback: object, **told: Any) -> Tensor:
    """``sample_flow_dpmpp`` of stable-audio-tools 0.0.19: of pure noise it does not go by what came before."""
    del disable_tqdm, callback
    before = None
    for index, (t, following) in enumerate(itertools.pairwise(sigmas)):
        denoised = x - t * model(x, t.expand(x.shape[0]), **told)
        h = ((1 - following) / following).log() - ((1 - t) / t).log()
        estimate = denoised
        if before is not None and following > 0:
            last = ((1 - t) / t).log() - ((1 - sigmas[index - 1]) / sigmas[index - 1]).log()
            estimate = (1 + h / (2 * last)) * denoised - h / (2 * last) * before
        x = following / t * x - (1 - following) * (-h).expm1() * estimate
        before = denoised
    return x


def run(worker: DiffusionWorker, *renders: Render, ticks: int = 10_000) -> list[Any]:
    """Submit the renders, tick until nothing is left, and return all events."""
    for render in renders:
        worker.submit(render)
    events: list[Any] = []
    for _ in range(ticks):
        if not worker.busy:
            return events
        events += worker.tick()
    raise AssertionError("the worker never came to rest")
