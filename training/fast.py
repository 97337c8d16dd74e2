"""The stock autoencoder's forward pass as CPUs are quick at it: channels last, no checkpointing.

Works on the stock modules' own parameters, so what is trained is what is exported.
"""

from __future__ import annotations

import torch
from stable_audio_tools.models.autoencoders import (
    DecoderBlock,
    EncoderBlock,
    OobleckDecoder,
    OobleckEncoder,
    ResidualUnit,
)
from torch import Tensor, nn
from torch.nn import functional

from training.convolutions import Convolution, kernel, padding


def run(module: nn.Module, x: Tensor) -> Tensor:
    """``module(x)`` for (n, channels, time) through two-dimensional convolutions, which CPUs have fast kernels for."""
    return _apply(module, x.unsqueeze(2).contiguous(memory_format=torch.channels_last)).squeeze(2)


def _apply(module: nn.Module, x: Tensor) -> Tensor:
    match module:
        case ResidualUnit():
            return x + _apply(module.layers, x)
        case EncoderBlock() | DecoderBlock() | OobleckEncoder() | OobleckDecoder():
            return _apply(module.layers, x)
        case nn.Sequential():
            for layer in module:
                x = _apply(layer, x)
            return x
        case nn.ConvTranspose1d():
            stride, around = (1, module.stride[0]), (0, padding(module))
            return functional.conv_transpose2d(x, _weight(module), module.bias, stride, around)
        case nn.Conv1d():
            stride, around = (1, module.stride[0]), (0, padding(module))
            return functional.conv2d(x, _weight(module), module.bias, stride, around, (1, module.dilation[0]))
        case nn.ELU():
            return functional.elu(x)
        case nn.Identity():
            return x
        case _:
            raise TypeError(f"no fast path for {type(module).__name__}")


def _weight(conv: Convolution) -> Tensor:
    """The kernel with the extra axis of a two-dimensional one."""
    return kernel(conv).unsqueeze(2).contiguous(memory_format=torch.channels_last)
