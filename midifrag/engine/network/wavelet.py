"""stable-audio-tools' inverse wavelet transform on a CPU, ready for any length at once.

Its transposed convolutions have four channels in and two out. oneDNN, which torch hands them to, makes code for each
length, of which a first decode of 6 s takes 0.7 s; the plain product that is taken here takes no time to make, and is
no slower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

#: Makes audio (batch, channels, samples) of a wavelet's bands (batch, channels × ratio, samples / ratio).
Decode: TypeAlias = Callable[[Tensor], Tensor]


def quick_decode(pretransform: Any, device: torch.device) -> Decode:
    """What ``pretransform`` decodes with: this module's way for a wavelet on a CPU, else its own ``decode``."""
    decoder: Any = getattr(pretransform, "decoder", None)
    if device.type != "cpu" or type(decoder).__name__ != "WaveletDecode1d":
        own: Decode = pretransform.decode
        return own
    return InverseWavelet(decoder.kernel, decoder.channels, decoder.levels)


class InverseWavelet:
    """What stable-audio-tools' `WaveletDecode1d` computes; ``kernel`` is (2 × channels, channels, width)."""

    def __init__(self, kernel: Tensor, channels: int, levels: int) -> None:
        self._kernel = kernel.detach().unsqueeze(2)
        self._channels, self._levels = channels, levels
        self._half = kernel.shape[-1] // 2

    def __call__(self, x: Tensor) -> Tensor:
        """Put the bands together, the two lowest first."""
        channels = self._channels
        for _ in range(self._levels):
            low, rest = x[:, : 2 * channels], x[:, 2 * channels :]
            # Each of the others holds two samples of one that is half as fine.
            bands = rest.unflatten(1, (-1, 2, channels)).permute(0, 1, 3, 4, 2).flatten(3).flatten(1, 2)
            x = torch.cat([self._merge(low), bands], dim=1)
        return x

    def _merge(self, low: Tensor) -> Tensor:
        """Two bands (batch, 2 × channels, samples) as one (batch, channels, 2 × samples)."""
        pad = self._half + 2
        samples = low.unflatten(1, (2, -1)).permute(0, 2, 3, 1).flatten(2)
        padded = functional.pad(samples, (pad, pad), "reflect")
        pairs = padded.unflatten(2, (-1, 2)).permute(0, 3, 1, 2).flatten(1, 2)
        merged = torch.ops.aten.slow_conv_transpose2d(
            pairs.unsqueeze(2), self._kernel, self._kernel.shape[2:], None, [1, 2], [0, self._half], [0, 0], [1, 1]
        )
        whole: Tensor = merged.squeeze(2)[..., pad - 1 : -pad]
        return whole
