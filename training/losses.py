"""How far a reconstruction is from the original: what is heard first, the exact waveform last."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.spectra import Spectra, mel_bank

#: Window of each spectrum → mel bands compared.
BANDS = {8192: 192, 2048: 96, 512: 48, 128: 16}
#: The window whose single bins are compared as well: hiss between partials is lost in a band.
FINE = 2048
#: Magnitudes below this (−80 dBFS) are alike.
FLOOR = 1e-4
#: How much more the loud parts of a spectrogram count, as a power of their magnitude.
LOUDER = 0.4
#: Samples of a channel whose amplitudes are compared in the order of their sizes.
AMPLITUDES_WINDOW = 4096
#: Weights of the terms.
LINEAR, MEL, BINS, WAVE, AMPLITUDES = 0.7, 1.5, 0.5, 0.1, 3.0


@dataclass(frozen=True)
class Heard:
    """Window → magnitudes and mel bands (2 views, n, frames, bins or bands) of n sounds."""

    magnitudes: dict[int, Tensor]
    mels: dict[int, Tensor]


class ReconstructionLoss(nn.Module):
    """Phase-blind distances at several resolutions and small ones between waveforms, for (n, 2, samples)."""

    def __init__(self) -> None:
        super().__init__()
        self.spectra = {window: Spectra(window) for window in BANDS}
        for window, bands in BANDS.items():
            self.add_module(f"spectra_{window}", self.spectra[window])
            self.register_buffer(f"bank_{window}", mel_bank(window, bands), persistent=False)

    def hear(self, audio: Tensor, *, channels: bool = False) -> Heard:
        """Spectra of sounds (n, 2, samples): of middle and side, or of left and right."""
        left, right = audio.unbind(dim=1)
        views = [left, right] if channels else [0.5 * (left + right), 0.5 * (left - right)]
        magnitudes, mels = {}, {}
        for window in BANDS:
            magnitude = self.spectra[window].magnitude(torch.cat(views)).unflatten(0, (2, -1))
            magnitudes[window], mels[window] = magnitude, magnitude @ self.get_buffer(f"bank_{window}")
        return Heard(magnitudes, mels)

    def forward(self, made: Tensor, real: Tensor) -> dict[str, Tensor]:
        """The terms, each a mean over the batch; their sum under ``total``."""
        channels = bool(torch.rand(()) >= 0.5)
        heard = self.hear(made, channels=channels)
        with torch.no_grad():
            there = self.hear(real, channels=channels)
        return self.compare(made, real, heard, there)

    def compare(self, made: Tensor, real: Tensor, heard: Heard, there: Heard) -> dict[str, Tensor]:
        """The same of sounds that have been ``heard`` already."""
        terms = dict.fromkeys(("linear", "mel", "bins"), made.new_zeros(()))
        for window in BANDS:
            got, want = heard.magnitudes[window], there.magnitudes[window]
            size = want.sum(dim=(2, 3), keepdim=True) + FLOOR * want[0, 0].numel() * 0.1
            terms["linear"] = terms["linear"] + ((got - want).abs() / size).sum(dim=(2, 3)).mean()
            terms["mel"] = terms["mel"] + _log_distance(heard.mels[window], there.mels[window])
            if window == FINE:
                terms["bins"] = _log_distance(got, want)
        size = real.abs().mean(dim=(1, 2)) + 1e-3
        terms["wave"] = ((made - real).abs().mean(dim=(1, 2)) / size).mean()
        terms["amplitudes"] = _amplitudes_distance(made, real)
        weights = {"linear": LINEAR, "mel": MEL, "bins": BINS, "wave": WAVE, "amplitudes": AMPLITUDES}
        total = torch.stack([weight * terms[name] for name, weight in weights.items()]).sum()
        return {"total": total, **terms}


def _log_distance(got: Tensor, want: Tensor) -> Tensor:
    """Mean difference of logarithms, half of it weighted towards what is loud: a hit is short but all that matters."""
    difference = ((got + FLOOR).log() - (want + FLOOR).log()).abs()
    weight = (want + FLOOR) ** LOUDER
    weight = weight / weight.mean(dim=(2, 3), keepdim=True)
    return (difference * (0.5 + 0.5 * weight)).mean()


def _amplitudes_distance(made: Tensor, real: Tensor) -> Tensor:
    """How far amplitudes in the order of their sizes are apart, in parts of the level: a sound's loud parts most.

    Spectra do not hear whether a noise is driven. Of each channel, as each is driven by itself: the sum of two noises
    that are driven is hardly one.
    """
    (got, _), (want, level) = (_amplitudes(audio) for audio in (made, real))
    apart = (got - want).abs().mean(dim=-1) / (level + 1e-3)
    weight = level / (level.mean(dim=1, keepdim=True) + 1e-6)
    return (apart * weight).mean()


def _amplitudes(audio: Tensor) -> tuple[Tensor, Tensor]:
    """Amplitudes in order (n, windows of both channels, `AMPLITUDES_WINDOW`), and the windows' levels.

    What fills no window at the end is left out.
    """
    windows = audio.unfold(-1, AMPLITUDES_WINDOW, AMPLITUDES_WINDOW).flatten(1, 2)
    return windows.abs().sort(dim=-1).values, windows.square().mean(dim=-1).sqrt().detach()
