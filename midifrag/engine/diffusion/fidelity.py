"""How near what is computed roughly comes to what is computed exactly, in decibels of signal to noise."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from midifrag.engine.network.call_rows import ModelInput, Row
from midifrag.engine.network.conditioning import Conditioning
from midifrag.engine.network.denoiser import Denoiser

#: Times at which a denoiser is asked, from much noise to little.
_TIMES = (0.9, 0.5, 0.1)
#: Latents that it is asked for.
_FRAMES = 32


def decibels(exact: Tensor, rough: Tensor) -> float:
    """The signal to noise of ``rough``, which should be ``exact``; infinite where it is."""
    noise = float((exact.double() - rough.double()).square().sum())
    return math.inf if noise == 0 else 10 * math.log10(float(exact.double().square().sum()) / noise)


@torch.inference_mode()
def denoiser_decibels(
    exact: Denoiser[Any], rough: Denoiser[Any], conditioning: Conditioning, channels: int, patch: int = 1
) -> float:
    """What a denoiser's outputs are off those of an exact one, for the same noise and a prompt, unguided."""
    generator = torch.Generator().manual_seed(1)
    device = next(each for each in (conditioning.cross, conditioning.global_cond) if each is not None).device
    x = torch.randn(1, channels, _FRAMES * patch, generator=generator).to(device)
    outputs = []
    for denoiser in (exact, rough):
        prepared = denoiser.prepare(conditioning, _TIMES, x.shape[-1])
        outputs.append(torch.cat([denoiser.evaluate([Row(ModelInput(x, t), prepared, 1.0)]) for t in _TIMES]))
    return decibels(*outputs)
