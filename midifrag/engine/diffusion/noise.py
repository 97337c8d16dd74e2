"""All of one request's randomness, from its own generator.

A request never touches torch's global generator, so its sound does not depend on what else is in flight. The stream is
the one that stock inference reads after ``torch.manual_seed(seed)``: first the initial latent, then, for samplers that
want it, one draw a step. A Brownian tree is not needed for the SDE samplers: the increments that they ask for are over
disjoint intervals, and those are independent normals.
"""

from __future__ import annotations

import torch

from midifrag.engine.loading.device import brought


class Noise:
    """Standard normals of shape (1, ``channels``, ``frames``), fp32, on ``device``, from ``seed``'s stream.

    The stream is that of ``source``, or else of the device itself. Cards with another number of processors have another
    one for the same seed, where there are many numbers; the CPU's is the same everywhere.
    """

    def __init__(
        self, seed: int, channels: int, frames: int, device: torch.device, source: torch.device | None = None
    ) -> None:
        self._source = source or device
        self._generator = torch.Generator(device=self._source).manual_seed(seed)
        self._shape = (1, channels, frames)
        self._device = device

    def draw(self) -> torch.Tensor:
        """The next normals of the stream."""
        drawn = torch.randn(self._shape, generator=self._generator, device=self._source)
        return drawn if self._source == self._device else brought(drawn, self._device)
