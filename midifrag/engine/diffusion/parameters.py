"""From a request to the exact parameters it is rendered with, or to a sentence that says why it cannot be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

from midifrag.engine.diffusion.samplers import SAMPLERS, Sampler, samplers_for
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render
from midifrag.engine.network.architecture import prefix_tokens
from midifrag.errors import RequestError

#: Short lengths are rounded up until the transformer has a multiple of this many tokens: requests then share batches
#: and graphs, and attention is faster (on a CPU with AMX in bf16, 144 tokens take two thirds of the time of 140).
TOKENS_BUCKET = 16
#: More steps than any sampler gains from; a bound so that a slipped knob cannot block the engine for an hour.
MOST_STEPS = 1000


T = TypeVar("T")
N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True)
class ResolvedParameters:
    """A request's final parameters. ``frames`` latents are rendered, ``samples`` of their audio returned."""

    sampler: Sampler
    steps: int
    cfg_scale: float
    sigma_min: float
    sigma_max: float
    seed: int
    seconds: float
    prompt: str
    negative_prompt: str
    frames: int
    samples: int

    def used(self) -> dict[str, str | int | float | None]:
        """The parameters under their names in `Render`; ``sigma_min`` is None for samplers that always end at zero."""
        return {
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "steps": self.steps,
            "cfg_scale": self.cfg_scale,
            "sampler": self.sampler.name,
            "sigma_min": self.sigma_min if self.sampler.uses_sigma_min else None,
            "sigma_max": self.sigma_max,
            "seed": self.seed,
            "seconds": self.seconds,
        }


def resolve_parameters(render: Render, model: Model) -> ResolvedParameters:
    """Fill in the model's defaults and check everything. Raises `RequestError` with what is allowed."""
    defaults = model.defaults
    name = _either(render.sampler, defaults.sampler)
    sampler = SAMPLERS.get(name)
    if sampler is None or model.objective not in sampler.objectives:
        raise RequestError(f"{model.name} has no sampler {name!r}; it has {', '.join(samplers_for(model.objective))}.")
    steps = _within("steps", _either(render.steps, defaults.steps), 1, MOST_STEPS)
    sigma_max = _within("sigma_max", _either(render.sigma_max, defaults.sigma_max), 1e-4, 1e5)
    sigma_min = _either(render.sigma_min, defaults.sigma_min)
    if sampler.uses_sigma_min:
        sigma_min = _within("sigma_min", sigma_min, 1e-6, sigma_max)
        if steps > 1 and sigma_min == sigma_max:
            raise RequestError(f"sigma_min and sigma_max are both {sigma_max:g}; {steps} steps need a range.")
    else:
        sigma_max = min(sigma_max, 1.0)
    seconds = _within("seconds", _either(render.seconds, defaults.seconds), 0, model.max_seconds)
    samples = round(seconds * model.sample_rate)
    if samples < 1:
        raise RequestError(f"seconds: {seconds:g} is shorter than one sample.")
    if not 0 <= render.seed < 2**32:
        raise RequestError(f"seed: {render.seed} is not between 0 and {2**32 - 1}.")
    return ResolvedParameters(
        sampler=sampler,
        steps=int(steps),
        cfg_scale=float(_within("cfg_scale", _either(render.cfg_scale, defaults.cfg_scale), -100, 100)),
        sigma_min=float(sigma_min),
        sigma_max=float(sigma_max),
        seed=render.seed,
        seconds=seconds,
        prompt=render.prompt,
        negative_prompt=render.negative_prompt,
        frames=frames_for(model, samples),
        samples=samples,
    )


def frames_for(model: Model, samples: int) -> int:
    """How many latents are rendered for this many samples of audio."""
    longest = model.sample_size // model.downsampling
    if not model.short_latents:
        return longest
    dit = model.module.model.model
    before, patch = prefix_tokens(dit), int(dit.patch_size)
    needed = math.ceil(samples / model.downsampling / patch)
    tokens: int = math.ceil((needed + before) / TOKENS_BUCKET) * TOKENS_BUCKET
    return min(longest, (tokens - before) * patch)


def _either(asked: T | None, default: T) -> T:
    return default if asked is None else asked


def _within(name: str, value: N, least: float, most: float) -> N:
    if not (math.isfinite(value) and least <= value <= most):
        raise RequestError(f"{name}: {value:g} is not between {least:g} and {most:g}.")
    return value
