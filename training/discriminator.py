"""Tells made sounds from real ones, so that a decoder learns what distances leave blurred.

Distances are least where what is uncertain is averaged: valleys between partials fill, flicker goes. A network that
tries to tell the two apart (arXiv:1406.2661) hears that. It is told what the sound is meant to be (arXiv:1802.05637),
and sees the mel bands that `training.losses` compares. The judge has no part in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from training.captions import NAMES
from training.losses import FLOOR

#: Window of the spectrum → strides of the layers along bands and frames.
LOOKS = {
    8192: ((2, 1), (2, 1), (2, 2), (2, 1)),
    2048: ((2, 1), (2, 2), (2, 2), (1, 1)),
    512: ((2, 2), (2, 2), (1, 2), (1, 1)),
    128: ((1, 2), (2, 2), (2, 2), (1, 1)),
}
#: Channels of the first layer; it sees two views: middle and side, or left and right.
WIDTH = 32
#: How far a leaking unit lets what is below zero through.
LEAK = 0.2


class Seen(NamedTuple):
    """What a look says of sounds: ``answers`` (n, 1, …), higher for real ones, and what its layers made of them.

    ``features`` are (n, channels, bands, frames), fewer of both from layer to layer.
    """

    answers: Tensor
    features: list[Tensor]


class Look(nn.Module):
    """Convolutions over the mel bands of one resolution."""

    def __init__(self, strides: Sequence[tuple[int, int]], width: int) -> None:
        super().__init__()
        sizes = (2, width, 2 * width, 4 * width, 4 * width)
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(inner, outer, 5 if inner == 2 else 3, stride, 2 if inner == 2 else 1))
            for (inner, outer), stride in zip(pairwise(sizes), strides, strict=True)
        )
        self.head = weight_norm(nn.Conv2d(sizes[-1], 1, 3, padding=1))
        self.meant = nn.Embedding(len(NAMES), sizes[-1])
        nn.init.normal_(self.meant.weight, 0, 0.02)

    def forward(self, mels: Tensor, families: Tensor) -> Seen:
        """Of mel bands (2, n, frames, bands) of sounds that are meant to be of ``families`` (class numbers)."""
        x = ((mels + FLOOR).log() / 2 + 3).permute(1, 0, 3, 2).contiguous(memory_format=torch.channels_last)
        features = []
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            for layer in self.layers:
                x = functional.leaky_relu(layer(x), LEAK)
                features.append(x.float())
            plain = self.head(x)
        fits = (features[-1] * self.meant(families)[:, :, None, None]).sum(dim=1, keepdim=True)
        return Seen(plain.float() + fits, features)


class Discriminator(nn.Module):
    """A look at each of several resolutions."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.looks = nn.ModuleDict({str(window): Look(strides, width) for window, strides in LOOKS.items()})

    def forward(self, mels: Mapping[int, Tensor], families: Tensor) -> list[Seen]:
        """What each look sees in ``Heard.mels``."""
        return [look(mels[int(window)], families) for window, look in self.looks.items()]


def mistaken(made: Sequence[Seen], real: Sequence[Seen]) -> Tensor:
    """What the discriminator learns from: how far it is from telling the two apart by 2 (arXiv:1705.02894)."""
    pairs = zip(made, real, strict=True)
    return torch.stack([(1 + no.answers).relu().mean() + (1 - yes.answers).relu().mean() for no, yes in pairs]).sum()


def given_away(made: Sequence[Seen]) -> Tensor:
    """What the decoder learns from: how clearly its sounds are told from real ones."""
    return torch.stack([-seen.answers.mean() for seen in made]).sum()


def unlike(made: Sequence[Seen], real: Sequence[Seen]) -> Tensor:
    """How far the features of made sounds are from those of the real ones that they are of (arXiv:1512.09300)."""
    return torch.stack(
        [
            (got - want).abs().mean() / want.abs().mean()
            for seen, other in zip(made, real, strict=True)
            for got, want in zip(seen.features, other.features, strict=True)
        ]
    ).mean()
