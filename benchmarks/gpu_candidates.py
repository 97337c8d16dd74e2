"""Each way that the engine has to do a thing, beside the plain one: how long it takes, and how far it is off."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from midifrag.engine.diffusion.fidelity import decibels
from midifrag.engine.loading.cards import FP8_CAPABILITY
from midifrag.engine.loading.device import add_up_in_fp16
from midifrag.engine.network.convolutions import Columns, Halves, Taps, device_seconds, measuring
from midifrag.engine.network.kernels import MAKERS, PLAIN, Kernels, kernels_for
from midifrag.engine.network.scaled import ScaledLinear

#: Latents of a window, and the channels and samples a latent of each stage of a decoder; see Stable Audio Open's.
LATENTS = 256
STAGES = ((1024, 8), (512, 64), (256, 256), (128, 1024), (128, 2048))
#: Inputs, outputs and stride of its transposed convolutions, with the samples a latent that go in.
UPWARD = ((2048, 1024, 8, 1), (1024, 512, 8, 8), (512, 256, 4, 64), (256, 128, 4, 256), (128, 128, 2, 1024))
#: Width and dilation of its convolutions.
KERNELS = ((7, 1), (7, 3), (7, 9), (1, 1))
#: Inputs and outputs of linear layers, with the tokens that a guided request has.
LINEAR = ((1536, 4608), (1536, 1536), (1536, 12288), (6144, 1536))
TOKENS = 2050


def candidates(options: argparse.Namespace) -> Iterator[str]:
    """All tables."""
    with torch.inference_mode():
        for table in (convolutions, pointwise, linear, accumulation):
            yield ""
            yield from table(options)


def convolutions(options: argparse.Namespace) -> Iterator[str]:
    """The decoder's convolutions: the library's, a product for each tap, and all taps as columns."""
    yield "| convolution | library | taps | columns | halves |"
    yield "| --- | --- | --- | --- | --- |"
    for channels, ratio in STAGES:
        samples, wide = _shorter(LATENTS * ratio, options), _narrower(channels, options)
        for width, dilation in KERNELS:
            yield _convolution(wide, samples, width, dilation, options)
    for inputs, outputs, stride, ratio in UPWARD:
        widths = _narrower(inputs, options), _narrower(outputs, options)
        yield _upsampling(*widths, _shorter(LATENTS * ratio, options), stride, options)


def _convolution(channels: int, samples: int, width: int, dilation: int, options: argparse.Namespace) -> str:
    padding = dilation * (width - 1) // 2
    weight = _image(_drawn(options, channels, channels, 1, width) / (channels * width) ** 0.5)
    bias, x = _drawn(options, channels), _image(_drawn(options, 1, channels, 1, samples))

    def library(x: Tensor) -> Tensor:
        return functional.conv2d(x, weight, bias, padding=(0, padding), dilation=(1, dilation))

    ways = (library, Taps(weight, bias, padding, dilation), Columns(weight, bias, padding, dilation))
    told = " | ".join(_beside(way, library, options, x) for way in ways)
    return f"| {channels} × {samples}, width {width}, dilation {dilation} | {told} | |"


def _upsampling(inputs: int, outputs: int, samples: int, stride: int, options: argparse.Namespace) -> str:
    weight = _image(_drawn(options, inputs, outputs, 1, 2 * stride) / (2 * inputs) ** 0.5)
    bias, x = _drawn(options, outputs), _image(_drawn(options, 1, inputs, 1, samples))

    def library(x: Tensor) -> Tensor:
        return functional.conv_transpose2d(x, weight, bias, stride=(1, stride), padding=(0, stride // 2))

    halves = Halves(weight, bias, stride // 2, stride)
    told = _beside(library, library, options, x), _beside(halves, library, options, x)
    return f"| {inputs} → {outputs}, {samples} samples, stride {stride} up | {told[0]} | | | {told[1]} |"


def pointwise(options: argparse.Namespace) -> Iterator[str]:
    """What is done to single numbers: plainly, by torch's compiler, and from CUDA source."""
    device, dtype = torch.device(options.device), _dtype(options)
    made = {maker.__name__: kernels_for(device, dtype, fused=True, makers=[maker]) for maker in MAKERS}
    yield f"| single numbers | plain | {' | '.join(made)} |"
    yield f"| --- | --- | {' | '.join('---' for _ in made)} |"
    for name, given in _pointwise_inputs(options):
        cells = [_beside(getattr(PLAIN, name), getattr(PLAIN, name), options, *given)]
        cells += [_kernel(kernels, name, options, given) for kernels in made.values()]
        yield f"| {name.replace('_', ' ')} | {' | '.join(cells)} |"


def _kernel(kernels: Kernels, name: str, options: argparse.Namespace, given: tuple[Any, ...]) -> str:
    if getattr(kernels, name) is getattr(PLAIN, name):
        return "none"
    with measuring():
        return _beside(getattr(kernels, name), getattr(PLAIN, name), options, *given)


def _pointwise_inputs(options: argparse.Namespace) -> Iterator[tuple[str, tuple[Any, ...]]]:
    def tables(width: int) -> list[Tensor]:
        return [_drawn(options, width).float().abs() + 0.1 for _ in range(2)]

    channels, samples = _narrower(128, options), _shorter(LATENTS * 2048, options)
    rows = _drawn(options, samples, channels)
    yield "snake", (rows, *tables(channels), torch.empty_like(rows))
    tokens, width = _shorter(TOKENS, options), _narrower(1536, options) // 2 * 2
    yield "gate", (_drawn(options, 2, tokens // 2, 8 * width),)
    numbers = tokens * width
    turned = _drawn(options, 2, numbers), *(_drawn(options, numbers - cut) for cut in (0, 16, 16))
    yield "rotate", (*turned, 16)
    gain = (_drawn(options, 16, 64) for _ in range(2))
    yield "head_norm", (_drawn(options, 2, tokens, 16, 64), *gain, torch.tensor(1e-5, device=options.device))
    yield "rounded_rows", (_drawn(options, tokens, width),)


def linear(options: argparse.Namespace) -> Iterator[str]:
    """Linear layers in half precision and in fp8, with the kernels that there are for rounding."""
    dtype = _dtype(options)
    kernels = kernels_for(torch.device(options.device), dtype, fused=True)
    yield "| linear layer | half precision | fp8 | signal to noise |"
    yield "| --- | --- | --- | --- |"
    capable = options.device == "cpu" or torch.cuda.get_device_capability() >= FP8_CAPABILITY
    for inputs, outputs in LINEAR:
        sizes = [max(16, _narrower(size, options) // 16 * 16) for size in (inputs, outputs)]
        x, weight = _drawn(options, _shorter(TOKENS, options), sizes[0]), _drawn(options, sizes[1], sizes[0])
        weight /= sizes[0] ** 0.5
        plain = _milliseconds(partial(functional.linear, x, weight), options)
        told = f"| {sizes[0]} → {sizes[1]}, {len(x)} rows | {plain}"
        if not capable:
            yield f"{told} | not on this card | |"
            continue
        with measuring():
            scaled = ScaledLinear(weight, None, dtype, kernels)
            noise = decibels(functional.linear(x, weight), scaled(x))
            yield f"{told} | {_milliseconds(partial(scaled, x), options)} | {noise:.1f} dB |"


def accumulation(options: argparse.Namespace) -> Iterator[str]:
    """A large product with sums in fp32 and in fp16."""
    if options.device == "cpu":
        yield "Sums in fp16: on a card only."
        return
    device = torch.device(options.device)
    one, other = (_drawn(options, 4096, 4096).half() / 64 for _ in range(2))
    exact, usual = torch.mm(one, other), _milliseconds(lambda: torch.mm(one, other), options)
    add_up_in_fp16(device, True)
    try:
        rough, quick = torch.mm(one, other), _milliseconds(lambda: torch.mm(one, other), options)
    finally:
        add_up_in_fp16(device, False)
    yield f"4096 × 4096 × 4096 in fp16: sums in fp32 {usual}, in fp16 {quick}, {decibels(exact, rough):.1f} dB."


def _beside(way: Callable[..., Any], plain: Callable[..., Any], options: argparse.Namespace, *given: Any) -> str:
    """Milliseconds, and how far the result is off the plain one, where it is another one; or why there is none."""
    try:
        took = _milliseconds(lambda: way(*given), options)
        if way is plain:
            return took
        ours, theirs = way(*given), plain(*given)
        if isinstance(theirs, tuple):
            ours, theirs = (rows.float() * scale for rows, scale in (ours, theirs))
        return f"{took}, {decibels(theirs, ours):.0f} dB"
    except RuntimeError as error:
        return f"failed: {str(error).splitlines()[0][:60]}"


def _milliseconds(work: Callable[[], object], options: argparse.Namespace) -> str:
    return f"{(device_seconds if options.device == 'cuda' else _host_seconds)(work) * 1e3:.3g} ms"


def _host_seconds(work: Callable[[], object]) -> float:
    work()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _dtype(options: argparse.Namespace) -> torch.dtype:
    return {"fp32": torch.float32, "bf16": torch.bfloat16}.get(options.precision, torch.float16)


def _drawn(options: argparse.Namespace, *shape: int) -> Tensor:
    return torch.randn(*shape, device=options.device).to(_dtype(options))


def _image(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _shorter(length: int, options: argparse.Namespace) -> int:
    divisor: int = options.smaller
    return max(2, length // divisor)


def _narrower(channels: int, options: argparse.Namespace) -> int:
    divisor: int = options.narrower
    return max(4, channels // divisor)
