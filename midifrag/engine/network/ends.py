"""Both ends of the network: latents into patches and out of them, and both projections as LoRAs change them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from midifrag.engine.network.architecture import linear_in_fp32
from midifrag.engine.network.side_paths import SidePaths


def in_patches(latents: Tensor, patch: int) -> Tensor:
    """Latents (rows, channels, frames) as (rows, frames / patch, channels · patch)."""
    patches: Tensor = latents.unflatten(-1, (-1, patch))
    return patches.transpose(1, 2).flatten(2)


def out_of_patches(x: Tensor, patch: int) -> Tensor:
    """The inverse of `in_patches`."""
    if patch == 1:
        return x.transpose(1, 2)
    unpacked: Tensor = x.unflatten(-1, (-1, patch))
    return unpacked.permute(0, 2, 1, 3).flatten(2)


class AdaptedEnds:
    """The residual 1×1 convolution and the projection of each end, one after the other and in fp32.

    A LoRA on either keeps them from being one layer (`midifrag.engine.network.architecture.projections`).
    """

    def __init__(self, dit: Any, sides: SidePaths) -> None:
        self._patch = dit.patch_size
        transformer = dit.transformer
        self._layers = (dit.preprocess_conv, transformer.project_in, transformer.project_out, dit.postprocess_conv)
        self._sides = sides
        # Whatever else the network takes beside latents is zero.
        self._beside = dit.preprocess_conv.in_channels - dit.postprocess_conv.in_channels
        self._before = sides.beside(dit.preprocess_conv, _convolution(dit.preprocess_conv), torch.float32)
        self._in = sides.beside(transformer.project_in, linear_in_fp32(transformer.project_in), torch.float32)
        self._out = sides.beside(transformer.project_out, linear_in_fp32(transformer.project_out), torch.float32)
        self._after = sides.beside(dit.postprocess_conv, _convolution(dit.postprocess_conv), torch.float32)

    @property
    def are_adapted(self) -> bool:
        """Whether a LoRA is about any of these layers."""
        return any(self._sides.has(layer) for layer in self._layers)

    def inward(self, latents: Tensor) -> Tensor:
        """Latents (rows, channels, frames) as tokens (rows, tokens, width)."""
        frames = functional.pad(latents.transpose(1, 2), (0, self._beside))
        frames = frames + self._before(frames)
        return self._in(in_patches(frames.transpose(1, 2), self._patch))

    def outward(self, x: Tensor) -> Tensor:
        """Tokens in fp32 as latents."""
        latents = out_of_patches(self._out(x), self._patch)
        return latents + self._after(latents.transpose(1, 2)).transpose(1, 2)


def _convolution(layer: Any) -> Any:
    """A 1×1 convolution without a bias, on (rows, frames, channels)."""
    return lambda x: functional.linear(x, layer.weight[:, :, 0].float())
