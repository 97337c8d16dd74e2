"""From audio to latents, one window at a time: what a take begins from.

A window is encoded together with the samples around it that its latents depend on, so that windows fit together as
they would in the whole, memory stays bounded whatever the length, and the engine can take a step for other requests
between two of them. Everything is fp32: it is done once for a sound, and whatever is lost here is heard.

Where stock draws latents from an autoencoder's spread, these are its mean: the same sound is the same latents.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import torch
from torch import Tensor, nn

from midifrag.engine.network.windowed import copied

#: Latents of a window.
WINDOW = 64


class SoundEncoder:
    """Encodes audio with a model's own autoencoder, on ``device``; a card gets a copy of it with the first sound."""

    def __init__(self, module: Any, device: torch.device) -> None:
        self._module = module
        self._device = device
        self._pretransform: Any = None

    @torch.inference_mode()
    def encode(self, audio: Tensor) -> Generator[None, None, Tensor]:
        """The latents, fp32 (1, channels, frames), of audio (1, channels, a multiple of a latent's samples).

        It yields between windows.
        """
        pretransform = self._on_device()
        audio = audio.to(self._device)
        model = getattr(pretransform, "model", None)
        if model is None:
            whole: Tensor = pretransform.encode(audio)
            return whole
        is_windowed = model.pretransform is None and type(model.encoder).__name__ == "OobleckEncoder"
        window = WINDOW if is_windowed else audio.shape[-1]
        parts: list[Tensor] = []
        silence: Tensor | None = None
        reach = _reach(model.encoder, pretransform.downsampling_ratio) if is_windowed else 0
        ratio, frames = pretransform.downsampling_ratio, audio.shape[-1] // pretransform.downsampling_ratio
        for start in range(0, frames, window):
            stop = min(frames, start + window)
            first, last = max(0, start - reach), min(frames, stop + reach)
            piece = audio[..., first * ratio : last * ratio]
            # All of it that is far from its ends is alike.
            is_silent = start - first == last - stop == reach and stop - start == window and not bool(piece.any())
            if not is_silent or silence is None:
                parts.append(self._latents(model, piece)[..., start - first : stop - first])
                silence = parts[-1] if is_silent else silence
                yield
            else:
                parts.append(silence)
        latents: Tensor = torch.cat(parts, dim=-1) / pretransform.scale
        return latents

    def release(self) -> None:
        """Free what is on a card for this."""
        self._pretransform = None

    def _latents(self, model: Any, audio: Tensor) -> Tensor:
        if model.pretransform is not None:
            audio = model.pretransform.encode(audio)
        latents: Tensor = model.encoder(audio)
        kind = type(model.bottleneck).__name__
        if kind == "VAEBottleneck":
            return latents.chunk(2, dim=1)[0]
        return latents if model.bottleneck is None else model.bottleneck.encode(latents)

    def _on_device(self) -> Any:
        """The autoencoder in fp32 and on the device, without its decoder."""
        if self._pretransform is None:
            own = self._module.pretransform
            autoencoder = getattr(own, "model", None)
            if autoencoder is None or _is_ready(autoencoder, self._device):
                self._pretransform = own
            else:
                self._pretransform = _without_decoder(own).to(self._device)
        return self._pretransform


def _parts(autoencoder: Any) -> list[nn.Module]:
    every = (autoencoder.encoder, autoencoder.bottleneck, autoencoder.pretransform)
    return [part for part in every if isinstance(part, nn.Module)]


def _is_ready(autoencoder: Any, device: torch.device) -> bool:
    tensors = [tensor for part in _parts(autoencoder) for tensor in part.state_dict().values()]
    return all(each.device.type == device.type and each.dtype == torch.float32 for each in tensors)


def _without_decoder(pretransform: Any) -> Any:
    """A copy in fp32 of all but the decoder."""
    autoencoder = pretransform.model
    decoder, autoencoder.decoder = autoencoder.decoder, None
    try:
        return copied(pretransform).float()
    finally:
        autoencoder.decoder = decoder


def _reach(encoder: Any, ratio: int) -> int:
    """How many latents' worth of samples on each side a latent depends on, at most."""
    samples, step = 0, 1
    for part in encoder.modules():
        if isinstance(part, nn.Conv1d):
            samples += (part.kernel_size[0] - 1) * part.dilation[0] * step
            step *= part.stride[0]
    return math.ceil(samples / ratio) + 1
