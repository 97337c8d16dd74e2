"""stable-audio-tools' Oobleck decoder as a list of operations: weight norm folded, channels last, snake in one go.

Channels last lets oneDNN and cuDNN multiply whole rows: on a CPU with AMX a bf16 convolution of the decoder's size
takes a fifth of the time that it takes channels first, a ninth of stock's in fp32. Audio is here (batch, channels, 1,
samples).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from midifrag.engine.network.convolutions import quickest_convolution, quickest_upsampling
from midifrag.engine.network.kernels import PLAIN, Kernels
from midifrag.engine.network.packing import Layer, pack_convolution, pack_upsampling

#: A half-open stretch of positions.
Span: TypeAlias = tuple[int, int]


class NotOobleckError(Exception):
    """The decoder has a part that is not computed here; the message names it."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution that keeps the length: odd kernel, padded with ``padding`` zeros on both sides."""

    layer: Layer
    padding: int

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve along time."""
        return self.layer(x)

    def receptive_field(self, span: Span) -> Span:
        """The inputs that these outputs depend on."""
        return span[0] - self.padding, span[1] + self.padding


@dataclass(frozen=True, slots=True)
class Upsampling:
    """A transposed convolution, its kernel twice the ``stride`` that it multiplies the length by."""

    layer: Layer
    stride: int
    padding: int

    def __call__(self, x: Tensor) -> Tensor:
        """Upsample along time."""
        return self.layer(x)

    def receptive_field(self, span: Span) -> Span:
        """The inputs that these outputs depend on."""
        first = -((2 * self.stride - 1 - self.padding - span[0]) // self.stride)
        return first, (span[1] - 1 + self.padding) // self.stride + 1


@dataclass(frozen=True, slots=True)
class Snake:
    """x + sin²(αx) / β with one α and β a channel, see `midifrag.engine.network.pointwise.snake`.

    ``in_place`` where nobody else needs x: fresh memory for every large result costs as much as the arithmetic.
    """

    two_alpha: Tensor
    half_over_beta: Tensor
    in_place: bool
    kernels: Kernels = PLAIN

    def __call__(self, x: Tensor) -> Tensor:
        """Apply to every sample."""
        rows = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
        out = rows if self.in_place else torch.empty_like(rows)
        out = self.kernels.snake(rows, self.two_alpha, self.half_over_beta, out)
        return out.view(x.shape[0], x.shape[2], x.shape[3], x.shape[1]).permute(0, 3, 1, 2)

    def receptive_field(self, span: Span) -> Span:
        """The same samples."""
        return span


@dataclass(frozen=True, slots=True)
class Pointwise:
    """Any other function of single samples."""

    layer: nn.Module

    def __call__(self, x: Tensor) -> Tensor:
        """Apply to every sample."""
        result: Tensor = self.layer(x)
        return result

    def receptive_field(self, span: Span) -> Span:
        """The same samples."""
        return span


@dataclass(frozen=True, slots=True)
class Residual:
    """x + what a chain of operations makes of it."""

    chain: tuple[Operation, ...]

    def __call__(self, x: Tensor) -> Tensor:
        """Run the chain and add."""
        return run_chain(self.chain, x).add_(x)

    def receptive_field(self, span: Span) -> Span:
        """The inputs of the whole chain, which contain ``span``."""
        return receptive_field_of(self.chain, span)


Operation: TypeAlias = Convolution | Upsampling | Snake | Pointwise | Residual


def run_chain(chain: Sequence[Operation], x: Tensor) -> Tensor:
    """Apply one operation after the other."""
    for operation in chain:
        x = operation(x)
    return x


def receptive_field_of(chain: Sequence[Operation], span: Span) -> Span:
    """The inputs that the outputs ``span`` of a chain depend on; may reach over the ends."""
    for operation in reversed(chain):
        span = operation.receptive_field(span)
    return span


def operations(
    layers: Any, dtype: torch.dtype, *, keeps_input: bool = False, kernels: Kernels = PLAIN
) -> tuple[Operation, ...]:
    """The operations of a decoder's (nested) layers, their weights in ``dtype``.

    With ``keeps_input`` the first of them leaves its input as it is. Raises `NotOobleckError`.
    """
    chain: list[Operation] = []
    for layer in layers:
        kind = type(layer).__name__
        if kind == "ResidualUnit":
            chain.append(Residual(operations(layer.layers, dtype, keeps_input=True, kernels=kernels)))
        elif kind == "DecoderBlock":
            chain.extend(operations(layer.layers, dtype, kernels=kernels))
        elif kind == "SnakeBeta":
            chain.append(_snake(layer, in_place=bool(chain) or not keeps_input, kernels=kernels))
        elif isinstance(layer, nn.ConvTranspose1d):
            chain.append(_upsampling(layer, dtype))
        elif isinstance(layer, nn.Conv1d):
            chain.append(_convolution(layer, dtype))
        elif isinstance(layer, nn.ELU | nn.Tanh):
            chain.append(Pointwise(layer))
        elif not isinstance(layer, nn.Identity):
            raise NotOobleckError(kind)
    return tuple(chain)


def _convolution(layer: nn.Conv1d, dtype: torch.dtype) -> Convolution:
    padding, dilation = int(layer.padding[0]), layer.dilation[0]
    if layer.stride != (1,) or layer.groups != 1 or 2 * padding != dilation * (layer.kernel_size[0] - 1):
        raise NotOobleckError("a convolution that changes the length")
    weight, bias = _folded(layer, dtype)
    packed = pack_convolution(weight, bias, padding, dilation)
    if _lies_on_card(weight):
        packed = quickest_convolution(packed, weight, bias, padding, dilation)
    return Convolution(packed, padding)


def _upsampling(layer: nn.ConvTranspose1d, dtype: torch.dtype) -> Upsampling:
    stride, padding = layer.stride[0], int(layer.padding[0])
    if layer.kernel_size[0] != 2 * stride or 2 * padding != stride or layer.output_padding != (0,):
        raise NotOobleckError("an odd stride")
    weight, bias = _folded(layer, dtype)
    packed = pack_upsampling(weight, bias, padding, stride)
    if _lies_on_card(weight):
        packed = quickest_upsampling(packed, weight, bias, padding, stride)
    return Upsampling(packed, stride, padding)


def _lies_on_card(weight: Tensor) -> bool:
    return weight.device.type == "cuda"


def _folded(layer: Any, dtype: torch.dtype) -> tuple[Tensor, Tensor | None]:
    """A layer's weight for two-dimensional input, its weight norm worked out in fp32, and its bias, in ``dtype``."""
    weight = layer.weight.float()
    if hasattr(layer, "weight_g"):
        weight = torch._weight_norm(layer.weight_v.float(), layer.weight_g.float(), 0)
    bias = None if layer.bias is None else layer.bias.detach().to(dtype)
    return weight.detach().unsqueeze(2).to(dtype).contiguous(memory_format=torch.channels_last), bias


def _snake(layer: Any, *, in_place: bool, kernels: Kernels) -> Snake:
    alpha, beta = layer.alpha.detach().float(), layer.beta.detach().float()
    if layer.alpha_logscale:
        alpha, beta = alpha.exp(), beta.exp()
    return Snake(2 * alpha, 0.5 / (beta + layer.no_div_by_zero), in_place, kernels)
