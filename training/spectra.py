"""Spectra as matrix products, which accelerators and recent CPUs do in bf16 far faster than Fourier transforms."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from training.presets import SAMPLE_RATE


class Spectra(nn.Module):
    """Short-time spectra of (n, samples): real and imaginary parts, each (n, frames, bins), under a Hann window.

    Neighbouring frames overlap by half. A full-scale sine has magnitude 0.5.
    """

    basis: Tensor

    def __init__(self, window: int) -> None:
        super().__init__()
        self.window, self.bins = window, window // 2
        time = torch.arange(window)
        hann = torch.hann_window(window)
        phase = 2 * math.pi * torch.outer(time.double(), torch.arange(1, self.bins + 1).double()) / window
        basis = torch.cat([phase.cos(), -phase.sin()], dim=1) * (hann / hann.sum()).double()[:, None]
        self.register_buffer("basis", basis.to(torch.bfloat16), persistent=False)

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """The spectra; the products are rounded to bf16, some 50 dB below the loudest bin."""
        hop = self.window // 2
        blocks = audio.to(torch.bfloat16).unflatten(-1, (-1, hop))
        count = blocks.shape[1]
        first, second = (blocks.flatten(0, 1) @ half for half in (self.basis[:hop], self.basis[hop:]))
        parts = first.unflatten(0, (-1, count))[:, :-1] + second.unflatten(0, (-1, count))[:, 1:]
        return parts[..., : self.bins], parts[..., self.bins :]

    def magnitude(self, audio: Tensor) -> Tensor:
        """Magnitudes (n, frames, bins) in single precision."""
        real, imaginary = self(audio)
        magnitude: Tensor = (real.float().square() + imaginary.float().square() + 1e-12).sqrt()
        return magnitude


class LongSpectra(nn.Module):
    """The same magnitudes by Fourier transforms, which win where a window is long."""

    hann: Tensor

    def __init__(self, window: int) -> None:
        super().__init__()
        self.window, self.bins = window, window // 2
        hann = torch.hann_window(window)
        self.register_buffer("hann", hann / hann.sum(), persistent=False)

    def magnitude(self, audio: Tensor) -> Tensor:
        """Magnitudes (n, frames, bins) in single precision."""
        blocks = audio.unfold(-1, self.window, self.window // 2) * self.hann
        spectra = torch.view_as_real(torch.fft.rfft(blocks)[..., 1:])
        magnitude: Tensor = (spectra.square().sum(dim=-1) + 1e-12).sqrt()
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
