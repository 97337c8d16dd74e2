"""The oracle: stock inference on the same weights."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from midifrag.config.model_defaults import Defaults
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
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
        downsampling=module.pretransform.downsampling_ratio,
        defaults=DEFAULTS[objective],
        short_latents=short_latents,
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
    beside: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Tensor:
    """What stock generation makes, (channels, samples); ``fresh`` replaces its Brownian tree's noise.

    ``beside`` is what the model is told beside prompt and length.
    """
    from stable_audio_tools.inference import generation

    inpaints = model.config["model_type"] == "diffusion_cond_inpaint"
    generate = generation.generate_diffusion_cond_inpaint if inpaints else generation.generate_diffusion_cond

    def told(text: str) -> list[dict[str, Any]]:
        return [{"prompt": text, "seconds_start": 0, "seconds_total": seconds, **(beside or {})}]

    tree = mock.patch("k_diffusion.sampling.BrownianTreeNoiseSampler", return_value=lambda *_: fresh())
    with silence_output(), contextlib.redirect_stderr(io.StringIO()), tree if fresh else contextlib.nullcontext():
        return generate(
            model.module,
            conditioning=told(prompt),
            negative_conditioning=told(negative_prompt) if negative_prompt else None,
            sample_size=frames * model.downsampling,
            seed=seed,
            device="cpu",
            **settings,
        )[0]


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
