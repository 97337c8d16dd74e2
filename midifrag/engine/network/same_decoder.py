"""From latents to audio by SAME, the transformer autoencoder of Stable Audio 3, one window at a time.

It is stable-audio-tools' own decoder, without the noise that this draws at every call (`midifrag.engine.loading.load`).
Its attention sees no further than chunks of two latents, half of its layers with chunks one latent later (the small
one), or a few latents on both sides in every layer (the large one). So a window with the latents that it sees beside it
is decoded as in the whole.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from midifrag.engine.loading.precision import in_format
from midifrag.engine.network.windowed import WindowedDecoder, copied, fp32_module

#: As `midifrag.engine.network.windowed.WINDOW_LATENTS`; a latent takes many times the work of one of Oobleck's.
WINDOW_LATENTS = {"cpu": 32, "cuda": 256, "mps": 64}


class NotSameError(Exception):
    """Another decoder, or one whose windows are not known."""


class SameDecoder(WindowedDecoder):
    """A SAME decoder in ``dtype``, windowed. Raises `NotSameError` for any other decoder."""

    def __init__(self, module: Any, dtype: torch.dtype, device: torch.device) -> None:
        autoencoder: Any = getattr(module.pretransform, "model", None)
        block = _only_block(autoencoder)
        bottleneck = autoencoder.bottleneck
        self._std = getattr(bottleneck, "running_std", None)
        self._scale, self._clips = module.pretransform.scale, autoencoder.soft_clip
        own = all(each.dtype == dtype for each in autoencoder.decoder.parameters())
        self._decoder = autoencoder.decoder if own else in_format(copied(autoencoder.decoder), dtype)
        self._decoder.to(device)
        self._inner = fp32_module(autoencoder.pretransform)
        self._dtype = dtype
        self._sight = _Sight(block)
        super().__init__(
            usual=WINDOW_LATENTS.get(device.type, 64),
            ratio=module.pretransform.downsampling_ratio,
            before=self._sight.most,
            after=self._sight.most,
            has_sizes=device.type == "cuda",
        )
        self.memory = 0 if own else sum(each.numel() for each in self._decoder.parameters()) * dtype.itemsize
        self.description = f"stable-audio-tools' SAME decoder in windows, in {str(dtype).removeprefix('torch.')}"

    def _reach(self, start: int, stop: int) -> tuple[int, int]:
        return self._sight.of(start // self._ratio, -(-stop // self._ratio))

    def _is_whole(self, frames: int) -> bool:
        return frames % self._sight.unit != 0

    def _audio(self, latents: Tensor) -> Tensor:
        latents = latents * self._scale
        if self._std is not None:
            latents = latents * self._std
        audio: Tensor = self._decoder(latents.to(self._dtype)).float()
        if self._inner is not None:
            audio = self._inner.decode(audio)
        return torch.tanh(audio) if self._clips else audio


class _Sight:
    """How many latents of a block's input its output depends on; windows begin and end at multiples of ``unit``."""

    def __init__(self, block: Any) -> None:
        # A convolution of three taps reaches into the next latent.
        self._convolved = 1 if getattr(block.mapping, "kernel_size", (1,))[0] > 1 else 0
        window = block.sliding_window_latents
        self._sides = None if window is None else tuple(each * block.transformer_depth for each in window)
        self.unit = 1 if window is not None else block.chunk_size // block.stride
        self._shift = self.unit // 2 if window is None and block.chunk_midpoint_shift else 0
        first, last = self.of(8 * self.unit, 8 * self.unit + self.unit)
        self.most = max(8 * self.unit - first, last - 9 * self.unit)

    def of(self, start: int, stop: int) -> tuple[int, int]:
        """The latents that latents ``start`` … ``stop`` of the output depend on."""
        start, stop = start - self._convolved, stop + self._convolved
        if self._sides is not None:
            return start - self._sides[0], stop + self._sides[1]
        unit, shift = self.unit, self._shift
        # Chunks of the second half of the layers, and the chunks of the first half that these reach into.
        first, last = (start + shift) // unit * unit - shift, -(-(stop + shift) // unit) * unit - shift
        return first // unit * unit, -(-last // unit) * unit


def _only_block(autoencoder: Any) -> Any:
    """The one transformer of a SAME decoder. Raises `NotSameError`."""
    decoder: Any = getattr(autoencoder, "decoder", None)
    bottleneck = getattr(autoencoder, "bottleneck", None)
    if type(decoder).__name__ != "SAMEDecoder":
        raise NotSameError(type(decoder).__name__)
    if type(bottleneck).__name__ not in ("SoftNormBottleneck", "VAEBottleneck", "NoneType"):
        raise NotSameError(type(bottleneck).__name__)
    if getattr(bottleneck, "noise_augment_dim", 0):
        raise NotSameError("a bottleneck with noise of its own")
    blocks = [layer for layer in decoder.layers if hasattr(layer, "transformers")]
    if len(blocks) != 1 or (blocks[0].chunk_midpoint_shift and blocks[0].chunk_size // blocks[0].stride % 2):
        raise NotSameError(f"a SAME decoder of {len(blocks)} parts")
    return blocks[0]
