"""From latents to audio, one window at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of audio and the latents that it depends on.

    Latents ``first`` … ``last`` are decoded, and of the result ``samples`` samples from ``skip`` on are kept.
    """

    first: int
    last: int
    skip: int
    samples: int


class StockDecoder:
    """The pretransform's own ``decode``, of all latents at once; also for models without one."""

    def __init__(self, module: Any) -> None:
        self._pretransform = module.pretransform
        self.describes = "stable-audio-tools' own decoder, whole"

    def windows(self, frames: int, samples: int) -> list[Window]:
        """The windows that give the first ``samples`` samples of ``frames`` latents."""
        return [Window(0, frames, 0, samples)]

    @torch.inference_mode()
    def decode(self, latents: Tensor, window: Window, *, exact: bool = False) -> Tensor:  # noqa: ARG002
        """A window's audio, fp32 (batch, channels, samples), of ``latents`` (batch, channels, frames)."""
        audio = latents
        if self._pretransform is not None:
            dtype = next(self._pretransform.parameters(), latents).dtype
            audio = self._pretransform.decode(latents.to(dtype)).float()
        return audio[..., window.skip : window.skip + window.samples]
