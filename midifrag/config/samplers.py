"""What is known of samplers without their arithmetic: which models have them, and what of σ they use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from midifrag.config.model_defaults import Objective
from midifrag.config.names import closest

_FLOW: tuple[Objective, ...] = ("rectified_flow", "rf_denoiser")


@dataclass(frozen=True, slots=True)
class SamplerKind:
    """For which models a sampler is; without ``uses_sigma_min`` its times run from ``sigma_max``, at most 1, to 0."""

    objectives: tuple[Objective, ...]
    uses_sigma_min: bool = False


_SIGMA = SamplerKind(("v",), uses_sigma_min=True)

#: Every sampler, by its stable-audio-tools name; `midifrag.engine.diffusion.samplers` has their steps.
SAMPLER_KINDS: Mapping[str, SamplerKind] = {
    "dpmpp-3m-sde": _SIGMA,
    "dpmpp-2m-sde": _SIGMA,
    "dpmpp-2m": _SIGMA,
    "k-heun": _SIGMA,
    "k-lms": _SIGMA,
    "k-dpm-2": _SIGMA,
    "k-dpmpp-2s-ancestral": _SIGMA,
    "v-ddim": SamplerKind(("v",)),
    "euler": SamplerKind(_FLOW),
    "dpmpp": SamplerKind(_FLOW),
    "rk4": SamplerKind(_FLOW),
    "pingpong": SamplerKind(_FLOW),
}


def samplers_for(objective: Objective) -> tuple[str, ...]:
    """The names of the samplers for models of this objective."""
    return tuple(name for name, kind in SAMPLER_KINDS.items() if objective in kind.objectives)


def no_sampler(model: str, written: str, there: tuple[str, ...]) -> str:
    """What to say of a sampler that a model does not have; ``there`` are those that it has."""
    nearest = nearest_sampler(written, there)
    meant = f"; did you mean {nearest}?" if nearest else ""
    return f"{model} has no sampler {written!r}; it has {', '.join(there)}{meant}"


def nearest_sampler(written: str, there: tuple[str, ...]) -> str | None:
    """The one of ``there`` that ``written`` probably means, as other programs write them: ``DPM++ 3M SDE``."""
    name = written.lower().replace("++", "pp").replace("_", "-").replace(" ", "-")
    return closest(name, there) or closest(f"k-{name}", there) or closest(name, there, likeness=0.3)
