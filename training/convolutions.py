"""What of a weight-normed convolution the training needs, with types: torch's own annotations leave them open."""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor, nn

Convolution: TypeAlias = nn.Conv1d | nn.ConvTranspose1d


def direction_and_length(conv: Convolution) -> tuple[nn.Parameter, nn.Parameter]:
    """The parameters ``weight_v``, of the kernel's shape, and ``weight_g``, (first axis, 1, 1), of weight norm."""
    direction, length = conv.weight_v, conv.weight_g
    if not (isinstance(direction, nn.Parameter) and isinstance(length, nn.Parameter)):
        raise TypeError(f"{conv} is not weight-normed")
    return direction, length


def kernel(conv: Convolution) -> Tensor:
    """The kernel that weight norm makes of the two: each slice of the first axis has the length that is asked for."""
    direction, length = direction_and_length(conv)
    weight: Tensor = direction * (length / direction.norm(dim=(1, 2), keepdim=True))
    return weight


@torch.no_grad()
def set_kernel(conv: Convolution, weight: Tensor) -> None:
    """Give ``conv`` the kernel ``weight``, or its first slices where that is smaller."""
    direction, length = direction_and_length(conv)
    direction[: len(weight)] = weight
    length[: len(weight)] = weight.norm(dim=(1, 2), keepdim=True)


def bias(conv: Convolution) -> Tensor:
    """Its bias, (channels out,)."""
    if conv.bias is None:
        raise TypeError(f"{conv} has no bias")
    return conv.bias


def padding(conv: Convolution) -> int:
    """Zeros on either side of its input."""
    if isinstance(conv.padding, str):
        raise TypeError(f"{conv} is padded by a rule, not by a number")
    return conv.padding[0]
