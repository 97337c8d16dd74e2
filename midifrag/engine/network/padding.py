"""What is rendered or read and stands for nothing: prompts without most of their padding, and latents beyond a take.

A text encoder fills up every prompt to the same number of tokens, most of which stand for nothing. Where these are all
alike, so are their keys and values, and attention gives n of them as much together as m of them whose scores are
log(n / m) higher. What comes out is the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from midifrag.engine.loading.device import to_device

#: Prompts have a multiple of this many tokens, so that calls and graphs of them have few shapes.
TOKENS = 64


def fold_padding(tokens: Tensor, padded: Sequence[bool]) -> tuple[Tensor, Tensor]:
    """Fewer of ``tokens`` (1, tokens, width), and what to add to the scores of each in fp32, (1, tokens).

    ``padded`` says which stand for nothing; those are all alike.
    """
    spoken = [index for index, empty in enumerate(padded) if not empty]
    empty = [index for index, empty in enumerate(padded) if empty]
    most = len(padded)
    kept = min(most, math.ceil((len(spoken) + 1) / TOKENS) * TOKENS) - len(spoken)
    if kept >= len(empty):
        return tokens, to_device([0.0] * most, tokens.device).unsqueeze(0)
    order = to_device([*spoken, *empty[:1] * kept], tokens.device)
    bias = [0.0] * len(spoken) + [math.log(len(empty) / kept)] * kept
    return tokens[:, order], to_device(bias, tokens.device).unsqueeze(0)


def has_padding(valid: Sequence[int | None], frames: int) -> bool:
    """Whether any row has frames that do not count, beyond its ``valid`` ones."""
    return any(each is not None and each < frames for each in valid)


def heard_tokens(mask: Tensor, before: int, dtype: torch.dtype) -> Tensor:
    """Which tokens' values count, 1 or 0, (rows, tokens, 1, 1): the latents' by ``mask``, and all ``before`` these."""
    return functional.pad(mask.to(dtype), (before, 0), value=1.0)[..., None, None]
