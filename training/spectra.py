"""Spectra and mel bands that losses and measures compare."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from training.presets import SAMPLE_RATE


class Spectra(nn.Module):
    """Short-time spectra of audio under a Hann window, in single precision.

    Neighbouring frames overlap by half. A full-scale sine has magnitude 0.5. Half precision will not do: it rounds some
    50 dB below the loudest bin, where a lead's upper partials are.
    """

    hann: Tensor

    def __init__(self, window: int) -> None:
        super().__init__()
        self.window = window
        hann = torch.hann_window(window)
        self.register_buffer("hann", hann / hann.sum(), persistent=False)

    def magnitude(self, audio: Tensor) -> Tensor:
        """Magnitudes (n, frames, bins) of (n, samples), without the bin of 0 Hz."""
        spectra = torch.stft(audio, self.window, self.window // 2, window=self.hann, center=False, return_complex=True)
        parts = torch.view_as_real(spectra[:, 1:].transpose(1, 2))
        magnitude: Tensor = (parts.square().sum(dim=-1) + 1e-12).sqrt()
        return magnitude


def mel_bank(window: int, bands: int, low: float = 30.0, high: float = 18_000.0) -> Tensor:
    """Triangles (window / 2 bins, bands) evenly spaced on the mel scale, each summing to at most one."""

    def to_mel(hertz: float) -> float:
        return 2595 * math.log10(1 + hertz / 700)

    mels = torch.linspace(to_mel(low), to_mel(high), bands + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    hertz = torch.arange(1, window // 2 + 1) * (SAMPLE_RATE / window)
    rise = (hertz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - hertz[:, None]) / (edges[2:] - edges[1:-1])
    bank = torch.minimum(rise, fall).clamp(min=0)
    # Narrow low bands may fall between two bins: give them the nearest.
    nearest = (hertz[:, None] - edges[1:-1]).abs().argmin(dim=0)
    bank[nearest, torch.arange(bands)] = bank[nearest, torch.arange(bands)].clamp(min=1e-3)
    return bank / bank.sum(dim=0)
