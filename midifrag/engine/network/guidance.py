"""Guidance: what becomes of a model's output with a prompt and of the one without."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from midifrag.config.model_defaults import Objective
from midifrag.engine.loading.device import to_device
from midifrag.engine.network.call_rows import Row


def apply_guidance(conditional: Tensor, unconditional: Tensor, scales: Sequence[float]) -> Tensor:
    """Classifier-free guidance (arXiv:2207.12598), one scale a row."""
    return torch.lerp(unconditional, conditional, _scales(tuple(scales), conditional.device))


def apply_projected_guidance(
    conditional: Tensor, unconditional: Tensor, rows: Sequence[Row[Any]], objective: Objective
) -> Tensor:
    """Adaptive projected guidance (arXiv:2410.02416), as stable-audio-tools 0.0.20 has it at ``apg_scale=1``.

    Of the difference that the prompt makes, what points along the clean latents is left out. Frames beyond a row's
    ``valid`` ones have no say in that, and are not guided. Stock does the same to clean latents, and then divides by a
    noise level that may be 1e-5.
    """
    x, device = torch.cat([row.model_input.x for row in rows]), conditional.device
    t = to_device([row.model_input.t for row in rows], device).view(-1, 1, 1)
    alpha, sigma = (torch.cos(t * math.pi / 2), torch.sin(t * math.pi / 2)) if objective == "v" else (1.0, t)
    mask = valid_mask([row.prepared.valid for row in rows], x.shape[-1], device)
    across = _orthogonal(conditional - unconditional, x * alpha - conditional * sigma, mask)
    return conditional + _scales(tuple(row.cfg_scale - 1 for row in rows), device) * across


def combine_guidance(
    output: Tensor, rows: Sequence[Row[Any]], guided_rows: Sequence[int], objective: Objective
) -> Tensor:
    """Guide a call's outputs: one for every row, then an unconditional one for each of ``guided_rows``."""
    if not guided_rows:
        return output
    conditional, unconditional = output[: len(rows)], output[len(rows) :]
    guided = [rows[index] for index in guided_rows]
    if list(guided_rows) == list(range(len(rows))):
        return _guided(conditional, unconditional, guided, objective)
    where = index_tensor(tuple(guided_rows), output.device)
    return conditional.index_copy(0, where, _guided(conditional[where], unconditional, guided, objective))


def _guided(conditional: Tensor, unconditional: Tensor, rows: Sequence[Row[Any]], objective: Objective) -> Tensor:
    # At scale 1 the first kind is exactly the identity.
    projected = tuple(index for index, row in enumerate(rows) if row.guidance == "apg" and row.cfg_scale != 1)
    if len(projected) == len(rows):
        return apply_projected_guidance(conditional, unconditional, rows, objective)
    plain = apply_guidance(conditional, unconditional, [row.cfg_scale for row in rows])
    if not projected:
        return plain
    where = index_tensor(projected, plain.device)
    those = [rows[index] for index in projected]
    return plain.index_copy(
        0, where, apply_projected_guidance(conditional[where], unconditional[where], those, objective)
    )


def _orthogonal(difference: Tensor, direction: Tensor, mask: Tensor | None) -> Tensor:
    """What of ``difference`` (rows, channels, frames) does not point along ``direction``, each row by itself."""
    # Apple's cards have no fp64.
    wide = torch.float32 if difference.device.type == "mps" else torch.float64
    heard = None if mask is None else mask.unsqueeze(1).to(wide)
    off, along = difference.to(wide), direction.to(wide) if heard is None else direction.to(wide) * heard
    along = along / along.norm(dim=(-1, -2), keepdim=True).clamp(min=1e-8)
    across: Tensor = off - (off * along).sum(dim=(-1, -2), keepdim=True) * along
    return (across if heard is None else across * heard).to(difference.dtype)


def valid_mask(lengths: Sequence[int | None], frames: int, device: torch.device) -> Tensor | None:
    """Which of ``frames`` count, (rows, frames), for rows with so many valid ones; None where no length is known.

    None for a row's length stands for all frames.
    """
    if all(length is None for length in lengths):
        return None
    known = tuple(frames if length is None else min(length, frames) for length in lengths)
    return _mask(known, frames, device)


@lru_cache(maxsize=64)
def _mask(lengths: tuple[int, ...], frames: int, device: torch.device) -> Tensor:
    return torch.arange(frames, device=device).unsqueeze(0) < to_device(lengths, device).unsqueeze(1)


@lru_cache(maxsize=256)
def _scales(scales: tuple[float, ...], device: torch.device) -> Tensor:
    return to_device(scales, device).view(-1, 1, 1)


@lru_cache(maxsize=256)
def index_tensor(guided_rows: tuple[int, ...], device: torch.device) -> Tensor:
    """Rows' numbers on a device."""
    return to_device(guided_rows, device)
