"""Noise levels: what each sampler steps through, as stable-audio-tools lays them out.

A schedule is an fp32 tensor on the CPU, highest level first, whose last entry is where the last step arrives. It lives
on the CPU on purpose: coefficients are then computed without ever waiting for the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import torch

#: Shifts flow times by the latent's length, the length bound.
Shift: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
#: Called with steps, sigma_min, sigma_max and the model's shift, if it has one.
Schedule: TypeAlias = Callable[[int, float, float, Shift | None], torch.Tensor]


def exponential(steps: int, sigma_min: float, sigma_max: float, _shift: Shift | None) -> torch.Tensor:
    """σ from ``sigma_max`` to ``sigma_min``, evenly in log σ, then 0 (k-diffusion's polyexponential with ρ = 1)."""
    ramp = torch.linspace(1, 0, steps)
    sigmas = torch.exp(ramp * (math.log(sigma_max) - math.log(sigma_min)) + math.log(sigma_min))
    return torch.cat([sigmas, sigmas.new_zeros(1)])


def linear(steps: int, _sigma_min: float, sigma_max: float, _shift: Shift | None) -> torch.Tensor:
    """Times from min(``sigma_max``, 1) to 0, evenly."""
    return torch.linspace(min(sigma_max, 1.0), 0, steps + 1)


def shifted_linear(steps: int, sigma_min: float, sigma_max: float, shift: Shift | None) -> torch.Tensor:
    """The linear schedule, moved towards noise for long latents where the model was trained so."""
    times = linear(steps, sigma_min, sigma_max, None)
    return times if shift is None else shift(times)


def shifted(steps: int, sigma_max: float, shift: Shift) -> torch.Tensor:
    """The linear schedule, moved as the model says, but for its beginning (stable-audio-tools' ``build_schedule``)."""
    top = min(sigma_max, 1.0)
    times = shift(linear(steps, 0.0, top, None))
    times[0] = top
    return times


def classic_shift(distribution: Any, frames: int) -> Shift:
    """How stable-audio-tools 0.0.19 shifts times by a ``DistributionShift``: also beyond the lengths that it names."""
    if not hasattr(distribution, "base_shift"):
        # A kind that there was not then.
        return lambda times: distribution.shift(times, frames)
    longest, shortest = distribution.max_length, distribution.min_length
    slope = (distribution.max_shift - distribution.base_shift) / (longest - shortest)
    weight = math.exp(-(distribution.base_shift + slope * (frames - shortest)))

    def shift(times: torch.Tensor) -> torch.Tensor:
        moved = 1 - weight / (weight + (1 / (1 - times) - 1))
        return torch.sin(moved * math.pi / 2) if distribution.use_sine else moved

    return shift


def log_snr_from(steps: int, first: float, depth: float, end: float = 2.0) -> torch.Tensor:
    """Times evenly in log-SNR from that of ``first`` to ``end``, or ``depth`` further if that is more, and then 0."""
    begin = math.log((1 - first) / first) if first < 1 else -6.0
    times = torch.sigmoid(-torch.linspace(begin, max(end, begin + depth), steps + 1))
    times[0], times[-1] = first, 0.0
    return times


def log_snr(steps: int, _sigma_min: float, sigma_max: float, _shift: Shift | None) -> torch.Tensor:
    """Times evenly in log-SNR from that of ``sigma_max`` (−6 at 1) to 2, with both ends put at ``sigma_max`` and 0."""
    top = min(sigma_max, 1.0)
    first = math.log((1 - top) / top + 1e-6) if top < 1 else -6.0
    times = torch.sigmoid(-torch.linspace(first, 2, steps + 1))
    times[0], times[-1] = top, 0.0
    return times
