"""How much of a sound stays where a take begins from one.

``strength`` s says it by the log-SNR at which the first step begins: its noise is to its signal as s to 1 − s, whatever
the model was trained for. At 0.6 that is three parts of noise to two of the sound, and no step goes above that. 0 takes
no step, so that what comes is the sound as the model's autoencoder has it; 1 is without the sound.

========================================= ===================================== =======================================
where noise is                            the first level                       the levels after it
========================================= ===================================== =======================================
σ beside the signal (v: the k-diffusion   s / (1 − s), at most ``sigma_max``:   evenly in log σ to ``sigma_min``, or to
samplers)                                 x = sound + σ · noise                 e² below the first where that is lower
an angle (v: ``v-ddim``)                  t = 2/π · atan(s / (1 − s)):          evenly in t to 0
                                          x = cos · sound + sin · noise
a part of the whole (rectified flow and   t = s, at most ``sigma_max``:         as of the schedule without a sound, from
its denoisers)                            x = (1 − t) · sound + t · noise       where that passes t; see `tail`
========================================= ===================================== =======================================

stable-audio-tools, told ``init_noise_level`` of 0.6, puts its usual shape of levels behind that one for flow models
(0.6, 0.91, 0.84 …), which goes back up and loses the sound, and takes the same number as σ for some samplers of v
models and as t for another. Where both mean the same (a σ at the schedule's own end, an angle), they come to the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from midifrag.engine.diffusion import schedules
from midifrag.engine.diffusion.samplers import Sampler

#: How far below its first level a way goes at least before its last step, in log-SNR.
DEPTH = 2.0
#: Where a schedule that keeps away from no noise at all is asked for its lowest level.
_NEARLY_NONE = 1e-6
#: Halvings that find a level on a schedule, to the last bit of fp32.
_HALVINGS = 40


def first_level(method: Sampler, strength: float, sigma_max: float) -> float:
    """The level that a take begins at, in the sampler's own terms; ``strength`` lies between 0 and 1, both left out."""
    ratio = strength / (1 - strength)
    if method.scales_noise:
        return min(ratio, sigma_max)
    if method.is_flow:
        return min(strength, sigma_max, 1.0)
    return min(math.atan(ratio) * 2 / math.pi, sigma_max, 1.0)


def mixed(method: Sampler, sound: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """The first latent: a sound's, with noise at this level."""
    if method.scales_noise:
        return sound + noise * level
    if method.is_flow:
        return sound * (1 - level) + noise * level
    angle = level * math.pi / 2
    return sound * torch.cos(angle) + noise * torch.sin(angle)


def levels_from(
    method: Sampler, steps: int, first: float, sigma_min: float, curve: Callable[[Tensor], Tensor] | None
) -> Tensor:
    """The noise levels from ``first`` on.

    ``curve`` is a flow model's schedule without a sound, from 0 … 1 evenly to its times; None for the one that is even
    in log-SNR, and for v models.
    """
    if method.scales_noise:
        return schedules.exponential(steps, min(sigma_min, first / math.exp(DEPTH)), first, None)
    if not method.is_flow:
        return schedules.linear(steps, 0.0, first, None)
    return schedules.log_snr_from(steps, first, DEPTH) if curve is None else tail(steps, first, curve)


def tail(steps: int, first: float, curve: Callable[[Tensor], Tensor]) -> Tensor:
    """What of a schedule lies behind ``first``, in so many steps.

    One that keeps away from no noise at all is even in log-SNR: so is its tail, which ends no higher, and `DEPTH` below
    ``first`` at least.
    """
    lowest = float(curve(torch.tensor([_NEARLY_NONE]))[0])
    if lowest > 1e-3:
        return schedules.log_snr_from(steps, first, DEPTH, end=math.log((1 - lowest) / lowest))
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if float(curve(torch.tensor([middle]))[0]) < first else (low, middle)
    times = curve(torch.linspace(high, 0, steps + 1))
    times[0], times[-1] = first, 0.0
    return times
