"""What a preset gets for the parameters it does not name: one table, and a model's own word on top of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from midifrag.config.conditioning import as_conditioning, merged
from midifrag.config.names import meant
from midifrag.config.parameter_values import beyond_limits
from midifrag.config.parameters import PARAMETERS, RequestParameters, names_of
from midifrag.config.variable_length import is_variable
from midifrag.errors import ModelError

#: What a model was trained for, as its model_config.json says it.
Objective: TypeAlias = Literal["v", "rectified_flow", "rf_denoiser"]


@dataclass(frozen=True)
class Defaults(RequestParameters):
    """What a preset gets for a parameter that it does not name."""

    steps: int
    cfg_scale: float
    seconds: float
    sampler: str
    sigma_min: float
    sigma_max: float
    guidance: Literal["cfg", "apg"] = field(default="cfg", kw_only=True)
    schedule: Literal["classic", "model"] = field(default="classic", kw_only=True)


@dataclass(frozen=True, slots=True)
class ObjectiveDefaults:
    """How models trained for one objective are played. ``defaults.seconds`` is replaced by the model's own length."""

    defaults: Defaults
    short_latents: bool


#: ``v`` is what Stable Audio Open 1.0 is (its values are the ones of its model card and of the tool midifrag grew out
#: of), ``rf_denoiser`` Stable Audio Open small. Flow times run from 1 to 0, so their σ bounds are those.
OBJECTIVES: dict[Objective, ObjectiveDefaults] = {
    "v": ObjectiveDefaults(Defaults(100, 7.0, 47.0, "dpmpp-3m-sde", 0.3, 500.0), short_latents=False),
    "rectified_flow": ObjectiveDefaults(Defaults(20, 3.0, 47.0, "euler", 0.0, 1.0), short_latents=False),
    "rf_denoiser": ObjectiveDefaults(Defaults(8, 1.0, 11.0, "pingpong", 0.0, 1.0), short_latents=True),
}


#: How models that render any length are played: ``rf_denoiser`` is what is meant for few steps, the other its base.
VARIABLE: dict[Objective, ObjectiveDefaults] = {
    "rectified_flow": ObjectiveDefaults(
        Defaults(50, 7.0, 10.0, "euler", 0.0, 1.0, guidance="apg", schedule="model"), short_latents=True
    ),
    "rf_denoiser": ObjectiveDefaults(
        Defaults(8, 1.0, 10.0, "pingpong", 0.0, 1.0, guidance="apg", schedule="model"), short_latents=True
    ),
}
#: The usual length of a take of theirs, in seconds.
VARIABLE_SECONDS = 10.0


def objective_of(config: Mapping[str, Any]) -> Objective:
    """The training objective that a model_config.json names. Raises `ModelError` for one that cannot be played."""
    name = config["model"]["diffusion"].get("diffusion_objective", "v")
    for objective in OBJECTIVES:
        if objective == name:
            return objective
    near = meant(name, list(OBJECTIVES)) or "."
    raise ModelError(f"The model's diffusion_objective is {name!r}; midifrag plays {', '.join(OBJECTIVES)}{near}")


def defaults_of(config: Mapping[str, Any], source: Mapping[str, Any], max_seconds: float) -> tuple[Defaults, bool]:
    """Defaults and whether short latents are allowed, from the objective's row, overridden by two places.

    The model's own ``"midifrag": {"defaults": {…}, "short_latents": true, "conditioning": {…}}`` block in
    model_config.json comes second, and the same keys of the model's entry in presets.yaml last. Raises `ModelError`.
    """
    objective = objective_of(config)
    usual = VARIABLE.get(objective, OBJECTIVES[objective]) if is_variable(config) else OBJECTIVES[objective]
    longest = min(max_seconds, VARIABLE_SECONDS) if is_variable(config) else max_seconds
    defaults = replace(usual.defaults, seconds=float(math.floor(longest)) or longest)
    short_latents = usual.short_latents
    block = config.get("midifrag", {})
    of_model = {key: value for key, value in block.items() if key != "loras"}
    defaults = overridden(overridden(defaults, of_model, "model_config.json"), source)
    for one in (block, source):
        short_latents = bool(one.get("short_latents", short_latents))
    if not 0 < defaults.seconds <= max_seconds:
        raise ModelError(
            f"The model's default of {defaults.seconds} s is not within its {max_seconds:.2f} s. Say less in "
            "defaults: {seconds: …} of its entry in presets.yaml."
        )
    return defaults, short_latents


def overridden(defaults: Defaults, block: Mapping[str, Any], place: str = "its entry in presets.yaml") -> Defaults:
    """Defaults with those over them that ``block``, which stands in ``place``, has. Raises `ModelError`."""
    defaults = _override(defaults, block.get("defaults", {}), place)
    try:
        told = merged(defaults.conditioning, as_conditioning(block.get("conditioning")))
    except ValueError as error:
        raise ModelError(
            f"The model's conditioning in {place} holds a wrong value: {error}. Write it as {{bpm: 120}}."
        ) from error
    return replace(defaults, conditioning=told, loras=block.get("loras", defaults.loras))


def min_seconds_of(config: Mapping[str, Any], source: Mapping[str, Any], usual: float = 0.0) -> float:
    """The shortest take in seconds that a model renders well, as its entry in presets.yaml says, or it itself.

    ``usual`` is what is known of it elsewhere. Raises `ModelError`.
    """
    said = source.get("min_seconds", config.get("midifrag", {}).get("min_seconds", usual))
    try:
        seconds = float(said)
    except (TypeError, ValueError) as error:
        raise ModelError(f"The model's min_seconds of {said!r} is no number of seconds. Write 0 for none.") from error
    if not 0 <= seconds < math.inf:
        raise ModelError(f"The model's min_seconds of {said!r} is no number of seconds. Write 0 for none.")
    return seconds


def _override(defaults: Defaults, values: Mapping[str, Any], place: str) -> Defaults:
    kinds = {name: PARAMETERS[name].kind for name in names_of(Defaults) if PARAMETERS[name].defaulted}
    if unknown := sorted(set(values) - set(kinds)):
        near = meant(unknown[0], kinds) or "."
        raise ModelError(f"The model has no default {', '.join(unknown)} ({place}); there are {', '.join(kinds)}{near}")
    for name, value in values.items():
        words = PARAMETERS[name].words if kinds[name] is str else ()
        if words and value not in words:
            there = " or ".join(words)
            raise ModelError(f"The model's default of {name} in {place} is {there}, and not {value!r}. Mend it there.")
    try:
        said = {name: kinds[name](value) for name, value in values.items()}
    except (TypeError, ValueError, OverflowError) as error:
        raise ModelError(f"The model's defaults in {place} hold a wrong value: {error}. Mend it there.") from error
    for name, problem in beyond_limits(said).items():
        # A flow model ends at no noise at all.
        if not (name == "sigma_min" and said[name] == 0):
            raise ModelError(f"The model's default of {name} in {place} cannot be: {problem}. Mend it there.")
    return replace(defaults, **said)
