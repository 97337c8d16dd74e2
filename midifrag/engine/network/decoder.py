"""From latents to audio, one window at a time.

A window is decoded together with the latents around it that its samples depend on, worked out from the decoder's
kernels. So the windows fit together exactly, memory stays bounded whatever the length, and the engine can take a step
for other requests between two of them.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from midifrag.engine.network.kernels import PLAIN, Kernels
from midifrag.engine.network.oobleck import NotOobleckError, operations, receptive_field_of, run_chain

#: Latents that a window adds to what is decoded already, by device kind, while other requests wait for their next step.
WINDOW_LATENTS = {"cpu": 64, "cuda": 256, "mps": 128}
#: How many times as long it is while none does: less is decoded twice.
ALONE_FACTOR = 4
#: A window is never made smaller than this when memory is short.
SMALLEST_WINDOW = 8


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of audio and the latents that it depends on.

    Latents ``first`` … ``last`` are decoded, and of the result ``samples`` samples from ``skip`` on are kept.
    """

    first: int
    last: int
    skip: int
    samples: int


class LatentDecoder(Protocol):
    """Decodes windows. ``description`` says what runs; ``memory`` is in bytes, beside the module's own."""

    description: str
    memory: int

    def window_at(self, start: int, samples: int, frames: int, *, alone: bool = False) -> Window:
        """The window that begins at sample ``start`` of the first ``samples`` samples of ``frames`` latents."""
        ...

    def decode(self, latents: Tensor, window: Window) -> Tensor:
        """A window's audio, fp32 (batch, channels, samples), of ``latents`` (batch, channels, frames)."""
        ...

    def use_smaller_windows(self) -> None:
        """Use less memory from now on, where that is possible."""
        ...

    def use_usual_windows(self) -> None:
        """Use as much memory as at first again."""
        ...


class StockDecoder:
    """The pretransform's own ``decode``, of all latents at once, in fp32; also for models without one."""

    description = "stable-audio-tools' own decoder, whole, in fp32"

    def __init__(self, module: Any) -> None:
        self._pretransform = fp32_module(module.pretransform)
        self.memory = 0 if self._pretransform is module.pretransform else module_bytes(self._pretransform)

    def window_at(self, start: int, samples: int, frames: int, *, alone: bool = False) -> Window:  # noqa: ARG002
        """Everything."""
        return Window(0, frames, start, samples - start)

    @torch.inference_mode()
    def decode(self, latents: Tensor, window: Window) -> Tensor:
        """See `LatentDecoder.decode`."""
        audio = latents if self._pretransform is None else self._pretransform.decode(latents).float()
        return _cut(audio, window)

    def use_smaller_windows(self) -> None:
        """There is only one way."""

    def use_usual_windows(self) -> None:
        """There is only one way."""


class OobleckDecoder:
    """An Oobleck decoder in ``dtype``, windowed; with a pretransform of its own inside (wavelet, patches) whole.

    Raises `NotOobleckError` for any other decoder.
    """

    def __init__(self, module: Any, dtype: torch.dtype, device: torch.device, *, kernels: Kernels = PLAIN) -> None:
        pretransform = module.pretransform
        if type(pretransform).__name__ != "AutoencoderPretransform":
            raise NotOobleckError(type(pretransform).__name__)
        autoencoder = pretransform.model
        if type(autoencoder.decoder).__name__ != "OobleckDecoder":
            raise NotOobleckError(type(autoencoder.decoder).__name__)
        if type(autoencoder.bottleneck).__name__ not in ("VAEBottleneck", "NoneType"):
            raise NotOobleckError(type(autoencoder.bottleneck).__name__)
        self._chain = operations(autoencoder.decoder.layers, dtype, kernels=kernels)
        self._scale = pretransform.scale
        self._inner = fp32_module(autoencoder.pretransform)
        self._clips = autoencoder.soft_clip
        self._ratio = pretransform.downsampling_ratio
        self._dtype = dtype
        self._window = self._usual_window = WINDOW_LATENTS.get(device.type, 128)
        self.memory = sum(each.numel() for each in autoencoder.decoder.parameters()) * dtype.itemsize
        self.description = f"midifrag's own decoder in {str(dtype).removeprefix('torch.')}"
        if kernels.made:
            self.description += f"; kernels: {kernels.made}"

    def window_at(self, start: int, samples: int, frames: int, *, alone: bool = False) -> Window:
        """See `LatentDecoder.window_at`."""
        if self._inner is not None:
            return Window(0, frames, start, samples - start)
        stop = min(samples, start + self._window * self._ratio * (ALONE_FACTOR if alone else 1))
        first, last = receptive_field_of(self._chain, (start, stop))
        first, last = max(0, first), min(frames, last)
        return Window(first, last, start - first * self._ratio, stop - start)

    @torch.inference_mode()
    def decode(self, latents: Tensor, window: Window) -> Tensor:
        """See `LatentDecoder.decode`."""
        part = (latents[..., window.first : window.last] * self._scale).to(self._dtype).unsqueeze(2)
        audio = run_chain(self._chain, part.contiguous(memory_format=torch.channels_last)).squeeze(2).float()
        if self._inner is not None:
            audio = self._inner.decode(audio.contiguous())
        return _cut(torch.tanh(audio) if self._clips else audio, window)

    def use_smaller_windows(self) -> None:
        """Halve the windows."""
        self._window = max(SMALLEST_WINDOW, self._window // 2)

    def use_usual_windows(self) -> None:
        """Back to the usual windows."""
        self._window = self._usual_window


def _cut(audio: Tensor, window: Window) -> Tensor:
    """The window's samples; a decoder that falls short of its ratio is filled up with silence."""
    kept = audio[..., window.skip : window.skip + window.samples]
    missing = window.samples - kept.shape[-1]
    return nn.functional.pad(kept, (0, missing)) if missing else kept


def fp32_module(module: Any) -> Any:
    """The module itself if all of it is in fp32, else a copy that is."""
    if module is None or all(tensor.dtype == torch.float32 for tensor in module.state_dict().values()):
        return module
    for part in module.modules():
        for name, value in vars(part).items():
            # What weight norm worked out at construction hangs on to its gradient and cannot be copied so.
            if isinstance(value, Tensor) and not value.is_leaf:
                setattr(part, name, value.detach())
    return copy.deepcopy(module).float()


def module_bytes(module: nn.Module | None) -> int:
    """Bytes of a module's parameters and buffers."""
    return 0 if module is None else sum(each.numel() * each.element_size() for each in module.state_dict().values())
