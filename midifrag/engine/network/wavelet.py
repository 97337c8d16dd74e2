"""stable-audio-tools' inverse wavelet transform on a CPU, ready for any length at once.

Its transposed convolutions have four channels in and two out. oneDNN, which torch hands them to, makes code for each
length, of which a first decode of 6 s takes 0.7 s; as plain convolutions they took a third of a decode. Here a stretch
of samples is one product with a small matrix that holds both filters at every place of the stretch: nothing is made for
a length, and each band is put in its place once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

#: Makes audio (batch, channels, samples) of a wavelet's bands (batch, channels × ratio, samples / ratio).
Decode: TypeAlias = Callable[[Tensor], Tensor]

#: Samples that one row of a product makes: more are more multiplications by zero, fewer are more copied twice.
STRETCH = 32


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
        self._channels, self._levels = channels, levels
        filters = kernel.detach()[::channels, 0].float()
        # Samples that stock reflects at both ends.
        self._pad = filters.shape[-1] // 2 + 2
        self._matrix = _matrix(filters, self._pad)
        self._orders = [_reversed_bits(level) for level in range(levels)]

    def __call__(self, x: Tensor) -> Tensor:
        """Put the bands together, the two lowest first."""
        channels = self._channels
        low = x[:, :channels]
        for level, order in enumerate(self._orders):
            # What is half as fine as the last has half as many samples in twice as many channels.
            high = x[:, channels << level : channels << (level + 1)].unflatten(1, (-1, channels))
            low = self._merge(low, high[:, order].permute(0, 2, 3, 1).flatten(2))
        return low

    def _merge(self, low: Tensor, high: Tensor) -> Tensor:
        """Two bands (batch, channels, samples) as one of twice the samples."""
        pad, (batch, channels, pairs) = self._pad, low.shape
        samples = 2 * pairs
        stretches = -(-samples // STRETCH)
        padded = low.new_zeros(batch, channels, stretches * STRETCH + 2 * pad)
        inner = padded[..., pad : pad + samples]
        inner[..., ::2], inner[..., 1::2] = low, high
        padded[..., :pad] = inner[..., 1 : pad + 1].flip(-1)
        padded[..., pad + samples : samples + 2 * pad] = inner[..., samples - 1 - pad : samples - 1].flip(-1)
        rows = padded.unfold(2, STRETCH + 2 * pad, STRETCH)
        merged = torch.mm(rows.reshape(-1, STRETCH + 2 * pad), self._matrix)
        return merged.view(batch, channels, -1)[..., :samples]


def _matrix(filters: Tensor, pad: int) -> Tensor:
    """The product that makes a stretch: its samples and ``pad`` more on both sides in, its samples out.

    ``filters`` (2, width) are those of the even samples in, of the low band, and of the odd ones, of the high band.
    """
    width = filters.shape[-1]
    matrix = filters.new_zeros(STRETCH + 2 * pad, STRETCH)
    for given in range(len(matrix)):
        for made in range(STRETCH):
            tap = made + pad - 1 + width // 2 - given // 2 * 2
            if 0 <= tap < width:
                matrix[given, made] = filters[given % 2, tap]
    return matrix


def _reversed_bits(bits: int) -> list[int]:
    """0 … 2 ** ``bits`` − 1 in the order in which a band's channels become its samples: their bits backwards."""
    return [int(f"{number:0{bits}b}"[::-1], 2) for number in range(1 << bits)] if bits else [0]
