"""How far a reconstruction is from the original: what is heard first, the exact waveform last."""

from __future__ import annotations

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
#: Weights of the terms.
LINEAR, MEL, BINS, WAVE = 0.7, 1.5, 0.5, 0.1


class Resolution(nn.Module):
    """Phase-blind distances at one resolution, for (n, samples)."""

    bank: Tensor

    def __init__(self, window: int, bands: int) -> None:
        super().__init__()
        self.spectra = Spectra(window)
        self.register_buffer("bank", mel_bank(window, bands), persistent=False)

    def forward(self, made: Tensor, real: Tensor) -> dict[str, Tensor]:
        """How far magnitudes are apart beside all, logarithms of mel bands, and at `FINE` of single bins too."""
        got = self.spectra.magnitude(made)
        with torch.no_grad():
            want = self.spectra.magnitude(real)
            size = want.sum(dim=(1, 2), keepdim=True) + FLOOR * want[0].numel() * 0.1
        far = {
            "linear": ((got - want).abs() / size).sum() / len(got),
            "mel": _log_distance(got @ self.bank, want @ self.bank),
        }
        return far | ({"bins": _log_distance(got, want)} if self.spectra.window == FINE else {})


class ReconstructionLoss(nn.Module):
    """Phase-blind distances at several resolutions and a small one between waveforms, for (n, 2, samples)."""

    def __init__(self) -> None:
        super().__init__()
        self.resolutions = nn.ModuleList(Resolution(window, bands) for window, bands in BANDS.items())

    def forward(self, made: Tensor, real: Tensor) -> dict[str, Tensor]:
        """The terms, each a mean over the batch; their sum under ``total``."""
        views = _views if torch.rand(()) < 0.5 else _channels
        made_views, real_views = views(made), views(real)
        terms = dict.fromkeys(("linear", "mel", "bins"), made.new_zeros(()))
        for resolution in self.resolutions:
            for name, far in resolution(made_views, real_views).items():
                terms[name] = terms[name] + far
        size = real.abs().mean(dim=(1, 2)) + 1e-3
        terms["wave"] = ((made - real).abs().mean(dim=(1, 2)) / size).mean()
        total = LINEAR * terms["linear"] + MEL * terms["mel"] + BINS * terms["bins"] + WAVE * terms["wave"]
        return {"total": total, **terms}


def _views(audio: Tensor) -> Tensor:
    """Middle and side, one after the other."""
    return torch.cat([audio[:, 0] + audio[:, 1], audio[:, 0] - audio[:, 1]]) * 0.5


def _channels(audio: Tensor) -> Tensor:
    return torch.cat([audio[:, 0], audio[:, 1]])


def _log_distance(got: Tensor, want: Tensor) -> Tensor:
    """Mean difference of logarithms, half of it weighted towards what is loud: a hit is short but all that matters."""
    difference = ((got + FLOOR).log() - (want + FLOOR).log()).abs()
    weight = (want + FLOOR) ** LOUDER
    weight = weight / weight.mean(dim=(1, 2), keepdim=True)
    return (difference * (0.5 + 0.5 * weight)).mean()
