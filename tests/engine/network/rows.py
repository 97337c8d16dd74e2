"""Rows of a call, as several requests would make them."""

import torch

from midifrag.engine.network.call_rows import ModelInput, Row
from midifrag.engine.network.conditioning import Conditioning
from midifrag.engine.network.denoiser import Denoiser

FRAMES = 24


def rows_for(denoiser: Denoiser, conditionings: list[Conditioning], scales: list[float]) -> list[Row]:
    """One row for each conditioning, at times and latents of their own."""
    generator = torch.Generator().manual_seed(1)
    rows = []
    for index, (conditioning, scale) in enumerate(zip(conditionings, scales, strict=True)):
        model_input = ModelInput(torch.randn(1, 8, FRAMES, generator=generator), 0.9 - 0.2 * index)
        rows.append(Row(model_input, denoiser.prepare(conditioning, [model_input.t], FRAMES), scale))
    return rows


def relative_error(ours: torch.Tensor, stock: torch.Tensor) -> float:
    """The norm of the difference as a share of stock's."""
    return float((ours - stock).norm() / stock.norm())
