"""Decoding in windows, whatever is in the decoder."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from midifrag.engine.network.windows import MOST_LATENTS, SIZES, Window, largest_batch, shapes_to_meet, window_size

#: Latents that a window adds to what is decoded already, by device kind, while other requests wait for their next step.
WINDOW_LATENTS = {"cpu": 64, "cuda": 256, "mps": 128}
#: How many times as long it is while none does: less is decoded twice.
ALONE_FACTOR = 4
#: A window is never made smaller than this when memory is short.
SMALLEST_WINDOW = 8


class WindowedDecoder(ABC):
    """A `LatentDecoder` whose samples depend on few latents around them.

    ``usual`` are the latents of a window, ``ratio`` the samples of a latent; a sample depends at most on ``before``
    latents before its own and on ``after`` ones behind. ``has_sizes`` is as `LatentDecoder` says.
    """

    description: str
    memory: int

    def __init__(self, *, usual: int, ratio: int, before: int, after: int, has_sizes: bool) -> None:
        self._window = self._usual_window = usual
        self._ratio, self._before, self._after = ratio, before, after
        self._most = MOST_LATENTS
        self.has_sizes = has_sizes
        self._met: set[tuple[int, int]] = set()

    @abstractmethod
    def _reach(self, start: int, stop: int) -> tuple[int, int]:
        """The latents that samples ``start`` … ``stop`` depend on, also such as lie beyond what there is."""

    @abstractmethod
    def _audio(self, latents: Tensor) -> Tensor:
        """The sound of ``latents`` (batch, channels, frames), fp32 (batch, channels, samples)."""

    def _is_whole(self, frames: int) -> bool:  # noqa: ARG002 — some decoders go by it
        """Whether so many latents are only decoded all at once."""
        return False

    def window_at(self, start: int, samples: int, frames: int, *, alone: bool = False) -> Window:
        """See `LatentDecoder.window_at`."""
        if self._is_whole(frames):
            return Window(0, frames, start, samples - start)
        if self.has_sizes:
            return self._sized_window(start, samples, frames, self._budget(alone=alone))
        stop = min(samples, start + self._window * self._ratio * (ALONE_FACTOR if alone else 1))
        first, last = self._reach(start, stop)
        first, last = max(0, first), min(frames, last)
        return Window(first, last, start - first * self._ratio, stop - start)

    def _sized_window(self, start: int, samples: int, frames: int, most: int) -> Window:
        """One of the sizes that windows have; it begins earlier than it must where it would reach over the end."""
        first, last = self._reach(start, samples)
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
        shapes = shapes_to_meet(frames, () if self._is_whole(frames) else self._sizes, requests)
        most = max(self._budget(alone=alone), shapes[0][0])
        return [
            (Window(0, size, 0, size * self._ratio), batch)
            for size, batch in shapes
            if size * batch <= most and (size, batch) not in self._met
        ]

    @torch.inference_mode()
    def decode(self, latents: Tensor, window: Window) -> Tensor:
        """See `LatentDecoder.decode`."""
        audio = self._audio(latents[..., window.first : window.last])
        if self.has_sizes:
            self._met.add((window.latents, len(latents)))
        return cut(audio, window)

    def bound(self, latents: int) -> None:
        """See `LatentDecoder.bound`."""
        self._most = min(MOST_LATENTS, latents)

    def use_smaller_windows(self) -> None:
        """Halve the windows."""
        self._window = max(SMALLEST_WINDOW, self._window // 2)

    def use_usual_windows(self) -> None:
        """Back to the usual windows."""
        self._window = self._usual_window


def cut(audio: Tensor, window: Window) -> Tensor:
    """The window's samples; a decoder that falls short of its ratio is filled up with silence."""
    kept = audio[..., window.skip : window.skip + window.samples]
    missing = window.samples - kept.shape[-1]
    return nn.functional.pad(kept, (0, missing)) if missing else kept


def fp32_module(module: Any) -> Any:
    """The module itself if all of it is in fp32, else a copy that is."""
    if module is None or all(tensor.dtype == torch.float32 for tensor in module.state_dict().values()):
        return module
    return copied(module).float()


def copied(module: Any) -> Any:
    """A copy of a module."""
    for part in module.modules():
        for name, value in vars(part).items():
            # What weight norm worked out at construction hangs on to its gradient and cannot be copied so.
            if isinstance(value, Tensor) and not value.is_leaf:
                setattr(part, name, value.detach())
    return copy.deepcopy(module)


def module_bytes(module: nn.Module | None, device: torch.device | None = None) -> int:
    """Bytes of a module's parameters and buffers, or of those that are on one kind of ``device``."""
    every = [] if module is None else module.state_dict().values()
    return sum(each.nbytes for each in every if device is None or each.device.type == device.type)
