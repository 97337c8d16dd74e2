"""From a request to the exact parameters it is rendered with, or to a sentence that says why it cannot be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from midifrag.config.beginnings import cannot_begin, usual_strength
from midifrag.config.conditioning import Conditioning, read_conditioning, write_conditioning
from midifrag.config.loras import merged as merged_loras
from midifrag.config.model_inputs import (
    GUIDANCE_NAME,
    STEPS_NAME,
    ModelInput,
    hears_negative,
    missing_sentence,
    said_of,
    unsaid,
    wrong_values,
)
from midifrag.config.morphing import Morph, at, no_morph, read_morph
from midifrag.config.parameter_values import layered, values_of
from midifrag.config.parameters import PARAMETERS, RequestParameters, Value, names_of
from midifrag.config.samplers import no_sampler, samplers_for
from midifrag.engine.diffusion.samplers import SAMPLERS, Sampler
from midifrag.engine.limits import check_limits
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render
from midifrag.engine.network.architecture import prefix_tokens
from midifrag.errors import RequestError

#: Short lengths are rounded up until the transformer has a multiple of this many tokens: requests then share batches
#: and graphs, and attention is faster (on a CPU with AMX in bf16, 144 tokens take two thirds of the time of 140).
TOKENS_BUCKET = 16


@dataclass(frozen=True, kw_only=True)
class ResolvedParameters(RequestParameters):
    """A request's final parameters. ``frames`` latents are rendered, ``samples`` of their audio returned.

    ``numbers`` are what a distilled model is told of them; ``guided_scale`` is the guidance that takes a second pass, 1
    for none.
    ``strength`` is there where it begins from a sound, and ``fill`` are the seconds of which that is made anew.
    """

    prompt: str
    negative_prompt: str
    steps: int
    cfg_scale: float
    seconds: float
    seed: int
    sampler: str
    sigma_min: float
    sigma_max: float
    guidance: Literal["cfg", "apg"] = "cfg"
    schedule: Literal["classic", "model"] = "classic"
    frames: int
    samples: int
    guided_scale: float
    numbers: Mapping[str, float] = field(default_factory=dict)
    fill: tuple[float, float] | None = None

    @property
    def is_changed(self) -> bool:
        """Whether its noise begins with a sound in it; at full strength nothing of one is."""
        return self.strength is not None and self.strength < 1

    @property
    def told(self) -> Conditioning:
        """What the model is told beside prompt and length, by the names of its inputs."""
        return {**read_conditioning(self.conditioning), **self.numbers}

    @property
    def between(self) -> Morph | None:
        """The other prompt, and how much of it the sound is of."""
        return None if self.morph is None else read_morph(self.morph)

    @property
    def method(self) -> Sampler:
        """The sampler of that name."""
        return SAMPLERS[self.sampler]

    def used(self) -> dict[str, Value]:
        """The parameters under their names in `Render`; None for those that its sampler has no use for."""
        final = {"prompt": self.prompt, **values_of(self, RequestParameters)}
        final |= {} if self.method.uses_sigma_min else {"sigma_min": None}
        return final if self.method.is_flow else final | {"schedule": None}


def resolve_parameters(render: Render, model: Model) -> ResolvedParameters:
    """Fill in the model's defaults and check everything. Raises `RequestError` with what is allowed."""
    check_limits(render)
    # What has come to the model's entry since is not in a take of the archive.
    defaults = replace(model.defaults, loras=None) if render.recorded else model.defaults
    try:
        merged_loras(defaults.loras, render.loras)
    except ValueError as error:
        raise RequestError(f"loras: {error}.") from error
    try:
        values = layered(values_of(defaults, RequestParameters), values_of(render, RequestParameters))
    except ValueError as error:
        raise RequestError(f"conditioning: {error}.") from error
    values = dict.fromkeys(names_of(RequestParameters)) | values
    values["morph"] = _between(values["morph"])
    values["conditioning"] = told_beside(model.inputs, values["conditioning"], render.bpm, model.name)
    final: dict[str, Any] = {
        name: None if value is None else PARAMETERS[name].kind(value) for name, value in values.items()
    }
    sampler = SAMPLERS.get(final["sampler"])
    if sampler is None or model.objective not in sampler.objectives:
        raise RequestError(f"{no_sampler(model.name, final['sampler'], samplers_for(model.objective))}.")
    if not sampler.uses_sigma_min:
        final["sigma_max"] = min(final["sigma_max"], 1.0)
    if render.sound is None:
        final["strength"] = None
    elif final["strength"] is None:
        final["strength"] = usual_strength(render.fill)
    samples = round(final["seconds"] * model.sample_rate)
    numbers, guided_scale = heard_parameters(model, final, straight=_is_straight(sampler, final))
    resolved = ResolvedParameters(
        prompt=render.prompt,
        frames=0,
        samples=samples,
        numbers=numbers,
        guided_scale=guided_scale,
        fill=render.fill,
        **final,
    )
    resolved = replace(resolved, frames=frames_for(model, resolved.seconds, samples))
    problem = next(_problems(resolved, model), None)
    if problem is not None:
        raise RequestError(problem)
    return resolved


def _between(said: str | None) -> str | None:
    """What a request says of another prompt; None where that is nothing. Raises `RequestError`."""
    try:
        return at(said)
    except ValueError as error:
        raise RequestError(f"morph: {error}.") from error


def heard_parameters(model: Model, final: Mapping[str, Any], *, straight: bool) -> tuple[dict[str, float], float]:
    """What a model is told of its guidance and its steps, and the guidance that is left for a second pass (1: none).

    A model that hears its guidance has both of its passes in one. A negative prompt takes two all the same, each of
    them told of no guidance. Steps that are not ``straight`` from one noise level to the next are told as the most.
    """
    heard = {one.name: one for one in model.inputs if one.is_parameter}
    scale, numbers = float(final[GUIDANCE_NAME]), dict[str, float]()
    if STEPS_NAME in heard:
        most = heard[STEPS_NAME].high
        numbers[STEPS_NAME] = heard[STEPS_NAME].heard(final[STEPS_NAME]) if straight else most
    if GUIDANCE_NAME not in heard:
        return numbers, scale
    if final["negative_prompt"] and hears_negative(model.config):
        return numbers | {GUIDANCE_NAME: heard[GUIDANCE_NAME].heard(1.0)}, scale
    return numbers | {GUIDANCE_NAME: scale}, 1.0


def _is_straight(sampler: Sampler, final: Mapping[str, Any]) -> bool:
    """Whether a step goes from one noise level to the next as a model that hears their number was taught to."""
    return sampler.name == "euler" and final["sigma_max"] >= 1 and final.get("schedule") != "model"


def told_beside(inputs: Sequence[ModelInput], said: str | None, bpm: float | None, model: str) -> str | None:
    """What a model is told beside prompt and length, with the tempo where nothing is ``said`` of it.

    Raises `RequestError` for what it cannot be told, and for what nobody says.
    """
    values, unknown = said_of(inputs, said)
    for one in inputs:
        if one.is_tempo and one.name not in values and bpm is not None:
            values[one.name] = bpm
    missing = [one for one in unsaid(inputs, said) if one.name not in values]
    missing += [one for one in inputs if one.is_tempo and one.name not in values]
    if missing:
        raise RequestError(f"{missing_sentence(missing[0], model, unknown)}.")
    wrong = next(wrong_values(inputs, values), None)
    if wrong is not None:
        raise RequestError(f"conditioning: {wrong}.")
    return write_conditioning(values)


def _problems(resolved: ResolvedParameters, model: Model) -> Iterator[str]:
    """Why the model can never render this, whatever the table of parameters allows."""
    low, high = resolved.sigma_min, resolved.sigma_max
    if resolved.between is not None and not any(one.kind == "text" for one in model.inputs):
        yield f"morph: {no_morph(model.name)}."
    for name in ("guidance", "schedule"):
        if getattr(resolved, name) not in PARAMETERS[name].words:
            yield f"{name}: {getattr(resolved, name)!r} is not {' or '.join(PARAMETERS[name].words)}."
    if resolved.steps < 1:
        yield f"steps: {resolved.steps} is below 1."
    if high <= 0:
        yield f"sigma_max: {high:g} is not above 0."
    if resolved.method.uses_sigma_min and not 0 < low <= high:
        yield f"sigma_min: {low:g} is not between 0 and sigma_max, {high:g}."
    if resolved.method.uses_sigma_min and resolved.steps > 1 and low == high:
        yield f"sigma_min and sigma_max are both {high:g}; {resolved.steps} steps need a range."
    if resolved.strength is not None and not 0 <= resolved.strength <= 1:
        yield f"strength: {resolved.strength:g} is not between 0 and 1."
    wants = "part" if resolved.fill is not None else "sound" if resolved.strength is not None else None
    if wants is not None and wants not in model.begins_from:
        yield f"{cannot_begin(model.name, wants, model.begins_from)}."
    if resolved.fill is not None and not 0 <= resolved.fill[0] < resolved.fill[1] <= resolved.seconds:
        first, last = resolved.fill
        yield f"fill: {first:g} to {last:g} s is no part of {resolved.seconds:g} s."
    if resolved.samples < 1:
        yield f"seconds: {resolved.seconds:g} is shorter than one sample."
    if resolved.seconds > model.max_seconds:
        yield f"seconds: {resolved.seconds:g} is more than {model.name} renders, {model.max_seconds:g}."


def frames_for(model: Model, seconds: float, samples: int) -> int:
    """How many latents are rendered for so many seconds, which are this many samples of audio."""
    longest = model.sample_size // model.downsampling
    if model.variable is not None:
        return model.variable.rendered(seconds)
    if not model.short_latents:
        return longest
    dit = model.module.model.model
    before, patch = prefix_tokens(dit), int(dit.patch_size)
    needed = math.ceil(samples / model.downsampling / patch)
    tokens: int = math.ceil((needed + before) / TOKENS_BUCKET) * TOKENS_BUCKET
    return min(longest, (tokens - before) * patch)
