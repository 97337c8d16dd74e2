"""From latents to audio, one window at a time.

A window is decoded together with the latents around it that its samples depend on, worked out from the decoder's
kernels. So the windows fit together exactly, memory stays bounded whatever the length, and the engine can take a step
for other requests between two of them. See `midifrag.engine.network.windows` for how large they are on a card.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch import Tensor

from midifrag.engine.network.kernels import PLAIN, Kernels
from midifrag.engine.network.oobleck import NotOobleckError, operations, receptive_field_of, run_chain
from midifrag.engine.network.wavelet import quick_decode
from midifrag.engine.network.windowed import WINDOW_LATENTS, WindowedDecoder, cut, fp32_module, module_bytes
from midifrag.engine.network.windows import Window


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

    def window_at(self, start: int, samples: int, frames: int, *, alone: bool = False) -> Window:  # noqa: ARG002 — as the protocol has it
        """Everything."""
        return Window(0, frames, start, samples - start)

    @torch.inference_mode()
    def decode(self, latents: Tensor, window: Window) -> Tensor:
        """See `LatentDecoder.decode`."""
        audio = latents if self._pretransform is None else self._pretransform.decode(latents).float()
        return cut(audio, window)

    def together(self, count: int, window: Window, *, alone: bool) -> int:  # noqa: ARG002 — as the protocol has it
        """All of them."""
        return count

    def unmet(self, frames: int, requests: int, *, alone: bool) -> list[tuple[Window, int]]:  # noqa: ARG002 — as the protocol has it
        """Nothing in particular."""
        return []

    def bound(self, latents: int) -> None:
        """There is only one way."""

    def use_smaller_windows(self) -> None:
        """There is only one way."""

    def use_usual_windows(self) -> None:
        """There is only one way."""


class OobleckDecoder(WindowedDecoder):
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
        self._dtype = dtype
        ratio = pretransform.downsampling_ratio
        # What a sample depends on before and after the latent that it lies in.
        before, after = receptive_field_of(self._chain, (0, ratio)) if self._inner is None else (0, 1)
        usual = WINDOW_LATENTS.get(device.type, 128)
        super().__init__(usual=usual, ratio=ratio, before=-before, after=after - 1, has_sizes=device.type == "cuda")
        self.memory = sum(each.numel() for each in autoencoder.decoder.parameters()) * dtype.itemsize
        self.description = f"midifrag's own decoder in {str(dtype).removeprefix('torch.')}"
        if kernels.made:
            self.description += f"; kernels: {kernels.made}"

    def _reach(self, start: int, stop: int) -> tuple[int, int]:
        return receptive_field_of(self._chain, (start, stop))

    def _is_whole(self, frames: int) -> bool:  # noqa: ARG002 — as `WindowedDecoder` has it
        return self._inner is not None

    def _audio(self, latents: Tensor) -> Tensor:
        part = (latents * self._scale).to(self._dtype).unsqueeze(2)
        audio = run_chain(self._chain, part.contiguous(memory_format=torch.channels_last)).squeeze(2).float()
        if self._inner is not None:
            audio = self._inner(audio.contiguous())
        return torch.tanh(audio) if self._clips else audio


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
