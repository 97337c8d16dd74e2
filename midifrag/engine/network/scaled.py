"""Linear layers in fp8 (e4m3), for cards that multiply in it: Ada, Hopper and later, twice as fast as fp16.

Each row of the input and of the weights has a scale of its own, so that its largest number is fp8's largest. Off a card
the same products of the same rounded numbers are taken in fp32: how it sounds can be measured anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import torch
from torch import Tensor

from midifrag.engine.network.kernels import PLAIN, Kernels
from midifrag.engine.network.pointwise import rounded_rows

#: Rows (rows, inputs) times columns (inputs, outputs), with their scales, a bias, and the format of the result.
Multiply: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor | None, torch.dtype], Tensor]
#: What both sizes of a matrix have to be a multiple of.
_MULTIPLE = 16


def multiply_on_card(
    rows: Tensor, columns: Tensor, row_scale: Tensor, column_scale: Tensor, bias: Tensor | None, dtype: torch.dtype
) -> Tensor:
    """The card's own product."""
    made = _made_on(rows.device, dtype)
    out = torch._scaled_mm(
        rows,
        columns,
        row_scale,
        column_scale,
        bias=None if bias is None else bias.to(made),
        out_dtype=made,
        use_fast_accum=True,
    )
    return out.to(dtype)


@cache
def _made_on(device: torch.device, dtype: torch.dtype) -> torch.dtype:
    """What format a card's product has: the one that is wanted, or bf16 where its library offers no other."""
    rows, scale = rounded_rows(torch.ones(32, 32, device=device))
    try:
        torch._scaled_mm(rows, rows.t(), scale, scale.t().contiguous(), out_dtype=dtype, use_fast_accum=True)
    except (RuntimeError, ValueError):
        return torch.bfloat16
    return dtype


def multiply_in_fp32(
    rows: Tensor, columns: Tensor, row_scale: Tensor, column_scale: Tensor, bias: Tensor | None, dtype: torch.dtype
) -> Tensor:
    """The same product of the same numbers, in fp32."""
    out = (rows.float() @ columns.float()) * row_scale * column_scale
    return (out if bias is None else out + bias.float()).to(dtype)


def fits_fp8(weight: Tensor) -> bool:
    """Whether weights (outputs, inputs) can be multiplied in fp8."""
    return all(size % _MULTIPLE == 0 for size in weight.shape)


class ScaledLinear:
    """A linear layer on (…, inputs) in fp8, whose result is in ``dtype``; ``memory`` counts its bytes."""

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        dtype: torch.dtype,
        kernels: Kernels = PLAIN,
        multiply: Multiply | None = None,
    ) -> None:
        self._weight, scale = rounded_rows(weight.detach())
        self._scale = scale.t().contiguous()
        self._bias = None if bias is None else bias.detach().to(dtype)
        self._dtype, self._kernels = dtype, kernels
        self._multiply = multiply or (multiply_on_card if weight.device.type == "cuda" else multiply_in_fp32)
        self.memory = self._weight.numel() + 4 * self._scale.numel()

    def __call__(self, x: Tensor) -> Tensor:
        """Apply to every row."""
        rows, scale = self._kernels.rounded_rows(x.flatten(0, -2))
        out = self._multiply(rows, self._weight.t(), scale, self._scale, self._bias, self._dtype)
        return out.view(*x.shape[:-1], -1)
