"""What lies between two embeddings: each token's direction on the arc between both, its length between both lengths."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: Below this angle, in radians, and for what is zero, the arc is taken for its chord.
_FLAT = 1e-3


def between(first: Tensor, second: Tensor, share: float) -> Tensor:
    """Spherical linear interpolation (Shoemake, SIGGRAPH 1985) along the last dimension, in fp32.

    ``share`` is how much of ``second`` it is: at 0 and 1 it is exactly one of the two. Where the two are alike, so is
    what lies between; where one of them is zero, or they point in opposite directions, it is on the straight line. The
    host waits for nothing.
    """
    if share <= 0 or share >= 1:
        return first if share <= 0 else second
    one, other = first.float(), second.float()
    straight = torch.lerp(one, other, share)
    lengths = one.norm(dim=-1, keepdim=True), other.norm(dim=-1, keepdim=True)
    cosine = functional.cosine_similarity(one, other, dim=-1).unsqueeze(-1).clamp(-1, 1)
    angle = torch.acos(cosine)
    sine = torch.sin(angle)
    flat = (sine < _FLAT) | (lengths[0] == 0) | (lengths[1] == 0)
    safe = torch.where(flat, torch.ones_like(sine), sine)
    direction = torch.sin((1 - share) * angle) / safe * functional.normalize(one, dim=-1)
    direction = direction + torch.sin(share * angle) / safe * functional.normalize(other, dim=-1)
    curved = torch.lerp(*lengths, share) * direction
    return torch.where(flat, straight, curved).to(first.dtype)


def padded_to(tokens: Tensor, count: int) -> Tensor:
    """``tokens`` (batch, tokens, …) with zeros behind them, so that there are ``count``."""
    missing = count - tokens.shape[1]
    if missing <= 0:
        return tokens
    return torch.cat([tokens, tokens.new_zeros(len(tokens), missing, *tokens.shape[2:])], dim=1)
