"""From latents to audio, one window at a time.

A window is decoded together with the latents around it that its samples depend on, worked out from the decoder's
kernels. So the windows fit together exactly, memory stays bounded whatever the length, and the engine can take a step
for other requests between two of them. See `midifrag.engine.network.windows` for how large they are on a card.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from midifrag.engine.network.kernels import PLAIN, Kernels
from midifrag.engine.network.oobleck import NotOobleckError, operations, receptive_field_of, run_chain
from midifrag.engine.network.wavelet import quick_decode
from midifrag.engine.network.windows import MOST_LATENTS, SIZES, Window, largest_batch, shapes_to_meet, window_size

#: Latents that a window adds to what is decoded already, by device kind, while other requests wait for their next step.
WINDOW_LATENTS = {"cpu": 64, "cuda": 256, "mps": 128}
#: How many times as long it is while none does: less is decoded twice.
ALONE_FACTOR = 4
#: A window is never made smaller than this when memory is short.
SMALLEST_WINDOW = 8


class LatentDecoder(Protocol):
    """Decodes windows. ``description`` says what runs; ``memory`` is in bytes, beside the module's own.

    ``has_sizes`` says whether windows have one of few sizes, as is best for a card.
    """

    description: str
    memory: int
    has_sizes: bool

    def window_at(self, start: int, samples: int, frames: int, *, alone: bool = False) -> Window:
        """The window that begins at sample ``start`` of the first ``samples`` samples of ``frames`` latents."""
        ...

    def together(self, count: int, window: Window, *, alone: bool) -> int:
        """How many of ``count`` requests whose next window this is are to be decoded at once."""
        ...

    def unmet(self, frames: int, requests: int, *, alone: bool) -> list[tuple[Window, int]]:
        """Windows, and for how many requests at once, that presses of so many latents can need and that never were.

        None where windows have no sizes.
        """
        ...

    def decode(self, latents: Tensor, window: Window) -> Tensor:
        """A window's audio, fp32 (batch, channels, samples), of ``latents`` (batch, channels, frames)."""
        ...

    def bound(self, latents: int) -> None:
        """Take at most so many latents in one call from now on, of all its requests, where that is possible."""
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
    has_sizes = False

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

    def together(self, count: int, window: Window, *, alone: bool) -> int:  # noqa: ARG002
        """All of them."""
        return count

    def unmet(self, frames: int, requests: int, *, alone: bool) -> list[tuple[Window, int]]:  # noqa: ARG002
        """Nothing in particular."""
        return []

    def bound(self, latents: int) -> None:
        """There is only one way."""

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
        inner = fp32_module(autoencoder.pretransform)
        self._inner = None if inner is None else quick_decode(inner, device)
        self._clips = autoencoder.soft_clip
        self._ratio = pretransform.downsampling_ratio
        self._dtype = dtype
        self._window = self._usual_window = WINDOW_LATENTS.get(device.type, 128)
        self._most = MOST_LATENTS
        self.has_sizes = device.type == "cuda"
        self._met: set[tuple[int, int]] = set()
        # What a sample depends on before and after the latent that it lies in.
        before, after = receptive_field_of(self._chain, (0, self._ratio)) if self._inner is None else (0, 1)
        self._before, self._after = -before, after - 1
        self.memory = sum(each.numel() for each in autoencoder.decoder.parameters()) * dtype.itemsize
        self.description = f"midifrag's own decoder in {str(dtype).removeprefix('torch.')}"
        if kernels.made:
            self.description += f"; kernels: {kernels.made}"

    def window_at(self, start: int, samples: int, frames: int, *, alone: bool = False) -> Window:
        """See `LatentDecoder.window_at`."""
        if self._inner is not None:
            return Window(0, frames, start, samples - start)
        if self.has_sizes:
            return self._sized_window(start, samples, frames, self._budget(alone=alone))
        stop = min(samples, start + self._window * self._ratio * (ALONE_FACTOR if alone else 1))
        first, last = receptive_field_of(self._chain, (start, stop))
        first, last = max(0, first), min(frames, last)
        return Window(first, last, start - first * self._ratio, stop - start)

    def _sized_window(self, start: int, samples: int, frames: int, most: int) -> Window:
        """One of the sizes that windows have; it begins earlier than it must where it would reach over the end."""
        first, last = receptive_field_of(self._chain, (start, samples))
        first, last = max(0, first), min(frames, last)
        size = window_size(last - first, frames, most, self._sizes)
        first = min(first, frames - size)
        stop = samples if first + size >= last else (first + size - self._after) * self._ratio
        return Window(first, first + size, start - first * self._ratio, min(stop, samples) - start)

    @property
    def _sizes(self) -> set[int]:
        """Those with room for more than what samples depend on, and whole lengths that have been met."""
        return {size for size in (*SIZES, *(size for size, _ in self._met)) if size > self._before + self._after}

    def _budget(self, *, alone: bool) -> int:
        """Latents of one call on a card, of all its requests."""
        return min(self._most, self._window * (ALONE_FACTOR if alone else 1))

    def together(self, count: int, window: Window, *, alone: bool) -> int:
        """See `LatentDecoder.together`."""
        if not self.has_sizes:
            return count
        return largest_batch(count, window.latents, self._budget(alone=alone), self._met)

    def unmet(self, frames: int, requests: int, *, alone: bool) -> list[tuple[Window, int]]:
        """See `LatentDecoder.unmet`."""
        if not self.has_sizes:
            return []
        shapes = shapes_to_meet(frames, self._sizes if self._inner is None else (), requests)
        most = max(self._budget(alone=alone), shapes[0][0])
        return [
            (Window(0, size, 0, size * self._ratio), batch)
            for size, batch in shapes
            if size * batch <= most and (size, batch) not in self._met
        ]

    @torch.inference_mode()
    def decode(self, latents: Tensor, window: Window) -> Tensor:
        """See `LatentDecoder.decode`."""
        part = (latents[..., window.first : window.last] * self._scale).to(self._dtype).unsqueeze(2)
        audio = run_chain(self._chain, part.contiguous(memory_format=torch.channels_last)).squeeze(2).float()
        if self._inner is not None:
            audio = self._inner(audio.contiguous())
        if self.has_sizes:
            self._met.add((window.latents, len(latents)))
        return _cut(torch.tanh(audio) if self._clips else audio, window)

    def bound(self, latents: int) -> None:
        """See `LatentDecoder.bound`."""
        self._most = min(MOST_LATENTS, latents)

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


@contextlib.contextmanager
def stock_decoder_on(module: Any, device: torch.device) -> Iterator[None]:
    """Have stock's own decoder on ``device``, to be copied; from a card it goes back to the host afterwards.

    Nothing needs it there but the next copy in another precision. It stays where it is if it was no use.
    """
    decoder = getattr(getattr(module.pretransform, "model", None), "decoder", None)
    if decoder is None or device.type != "cuda":
        yield
        return
    decoder.to(device)
    yield
    decoder.to("cpu")


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


def module_bytes(module: nn.Module | None, device: torch.device | None = None) -> int:
    """Bytes of a module's parameters and buffers, or of those that are on one kind of ``device``."""
    every = [] if module is None else module.state_dict().values()
    return sum(each.nbytes for each in every if device is None or each.device.type == device.type)
