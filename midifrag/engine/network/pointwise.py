"""What networks do with single numbers and short rows, in torch's own words: each is what a kernel may be made of."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: Numbers that snake takes at a time: few enough for the cache of a CPU, and for that of a card.
SNAKE_TILES = {"cpu": 1 << 18, "cuda": 1 << 22}
_SNAKE_TILE = 1 << 22
#: The greatest number of fp8 (e4m3).
FP8_MAX = 448.0


def snake(x: Tensor, two_alpha: Tensor, half_over_beta: Tensor, out: Tensor) -> Tensor:
    """X + sin²(αx) / β of rows (rows, channels), as x + c − c · cos(2αx) with c = 1 / 2β, in fp32.

    The result is written to ``out``, which may be ``x``. Some rows at a time: fp32 takes twice the memory of the rows.
    """
    tile = max(1, SNAKE_TILES.get(x.device.type, _SNAKE_TILE) // x.shape[1])
    for start in range(0, len(x), tile):
        piece = x[start : start + tile].float()
        wave = (piece * two_alpha).cos_()
        out[start : start + tile] = torch.addcmul(piece, wave, -half_over_beta).add_(half_over_beta)
    return out


def snake_at_once(x: Tensor, two_alpha: Tensor, half_over_beta: Tensor, out: Tensor) -> Tensor:
    """`snake` without tiles, for a compiler that makes one kernel of it: nothing in fp32 is then stored."""
    exact = x.float()
    wave = (exact * two_alpha).cos()
    return out.copy_(exact - wave * half_over_beta + half_over_beta)


def gate(x: Tensor) -> Tensor:
    """The first half of the last dimension, multiplied by SiLU of the second."""
    value, gated = x.chunk(2, dim=-1)
    return value * functional.silu(gated)


def rotate(flat: Tensor, cos: Tensor, back: Tensor, ahead: Tensor, half: int) -> Tensor:
    """Rows (batch, numbers) turned by their positions, see `midifrag.engine.network.blocks.Rotary`."""
    rotated = flat * cos
    rotated[:, half:].addcmul_(flat[:, :-half], back)
    rotated[:, :-half].addcmul_(flat[:, half:], ahead)
    return rotated


def rotate_at_once(flat: Tensor, cos: Tensor, back: Tensor, ahead: Tensor, half: int) -> Tensor:
    """`rotate` without writing into parts of a result, for a compiler."""
    before = functional.pad(flat[:, :-half] * back, (half, 0))
    after = functional.pad(flat[:, half:] * ahead, (0, half))
    return flat * cos + before + after


def head_norm(x: Tensor, gain: Tensor, bias: Tensor, eps: Tensor) -> Tensor:
    """Layer norm of heads (batch, tokens, heads, width) whose mean is zero already."""
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
    inverse = torch.addcmul(eps, length, length, value=1 / x.shape[-1]).rsqrt_().to(x.dtype)
    return torch.addcmul(bias, x * inverse, gain)


def rounded_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """Rows (rows, width) in fp8, each divided by a scale of its own, and these (rows, 1) in fp32."""
    exact = x.float()
    scale = exact.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / FP8_MAX
    return (exact / scale).clamp(-FP8_MAX, FP8_MAX).to(torch.float8_e4m3fn), scale
