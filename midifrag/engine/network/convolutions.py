"""A card's convolutions as matrix products, and which way to convolve is the quickest for a shape.

cuDNN may take a thousand times as long for one shape as for the next: on an H200, 512 channels, 16,384 samples, width 7
and dilation 9 take 123 ms, and seven matrix products 0.26 ms. So every way is timed on the shapes that warm-up meets.

Everything here maps (batch, channels, 1, samples), channels last, to the same. Laid out so, the samples of a channel
are the rows of a matrix, and a tap of the kernel is a product with these rows, shifted. No way copies the weights.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from midifrag.clock import monotonic
from midifrag.engine.network.packing import Layer

#: Seconds that some work takes.
Stopwatch: TypeAlias = Callable[[Callable[[], object]], float]
#: Calls that are timed in one go, after one that is not.
_TIMED_CALLS = 3
#: Bytes that the columns of one product may take.
_COLUMN_BYTES = 64 << 20

_measuring = ContextVar("measuring", default=False)


@contextlib.contextmanager
def measuring() -> Iterator[None]:
    """Within, nobody waits: what is new is measured, compiled and kept."""
    token = _measuring.set(True)
    try:
        yield
    finally:
        _measuring.reset(token)


def is_measuring() -> bool:
    """Whether this is the time to find out what is quickest."""
    return _measuring.get()


def device_seconds(work: Callable[[], object]) -> float:
    """Seconds that the card takes for ``work``, on average."""
    work()
    torch.cuda.synchronize()
    began = monotonic()
    for _ in range(_TIMED_CALLS):
        work()
    torch.cuda.synchronize()
    return (monotonic() - began) / _TIMED_CALLS


class QuickestWay:
    """Several ways to the same result, of which the quickest is taken, shape by shape.

    They are timed where a shape is met while `measuring`. A shape that comes as a surprise is computed the way that
    was the quickest for the shape nearest to it, and the first way as long as there is none.
    """

    def __init__(self, ways: Mapping[str, Layer], stopwatch: Stopwatch = device_seconds) -> None:
        self._ways = ways
        self._stopwatch = stopwatch
        #: The name of the way taken, by shape.
        self.chosen: dict[torch.Size, str] = {}

    def __call__(self, x: Tensor) -> Tensor:
        """The result, by the way that this shape takes."""
        name = self.chosen.get(x.shape)
        if name is None:
            if is_measuring():
                name = self.chosen[x.shape] = self._quickest(x)
            else:
                name = self._nearest(x)
        return self._ways[name](x)

    def _quickest(self, x: Tensor) -> str:
        times: dict[str, float] = {}
        trouble: RuntimeError | None = None
        for name, way in self._ways.items():
            try:
                times[name] = self._stopwatch(partial(way, x))
            except RuntimeError as error:
                # It has no room, or the library no algorithm: one way that works is enough.
                trouble = error
        if not times:
            raise trouble or RuntimeError("there is no way to convolve")
        return min(times, key=lambda name: times[name])

    def _nearest(self, x: Tensor) -> str:
        def distance(shape: torch.Size) -> float:
            return abs(math.log(shape.numel() / max(1, x.numel())))

        nearest = min(self.chosen, key=distance, default=None)
        return next(iter(self._ways)) if nearest is None else self.chosen[nearest]


class Taps:
    """A convolution that keeps the length, as one matrix product for each tap of its kernel.

    ``weight`` is (outputs, inputs, 1, width). The tap in the middle meets every sample, so it brings the bias along.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, padding: int, dilation: int) -> None:
        taps = weight.permute(3, 2, 1, 0).squeeze(1)
        shifts = [tap * dilation - padding for tap in range(len(taps))]
        self._first = taps[shifts.index(0)]
        self._others = [(shift, tap) for shift, tap in zip(shifts, taps, strict=True) if shift]
        self._bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve along time."""
        rows = _rows(x)
        batch, samples, _ = rows.shape
        out = _product(rows.flatten(0, 1), self._first, self._bias).unflatten(0, (batch, samples))
        for shift, tap in self._others:
            begin, end = max(0, -shift), min(samples, samples - shift)
            if begin < end:
                _add_product(out[:, begin:end], rows[:, begin + shift : end + shift], tap)
        return _as_image(out)


class Columns:
    """The same as one product with all taps of a sample side by side, for some samples at a time.

    Sums are rounded once, not once a tap; the taps are copied, up to 64 MiB of them at a time.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, padding: int, dilation: int) -> None:
        self._width = weight.shape[3]
        self._matrix = weight.permute(0, 2, 3, 1).flatten(1).t()
        self._bias, self._padding, self._dilation = bias, padding, dilation

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve along time."""
        rows = _rows(x)
        batch, samples, channels = rows.shape
        padded = functional.pad(rows, (0, 0, self._padding, self._padding)) if self._padding else rows
        span = self._dilation * (self._width - 1) + 1
        taps = padded.unfold(1, span, 1)[..., :: self._dilation].transpose(2, 3)
        tile = max(1, _COLUMN_BYTES // (self._width * channels * x.element_size()))
        if batch * samples <= tile:
            whole = _product(taps.flatten(2).flatten(0, 1), self._matrix, self._bias)
            return _as_image(whole.unflatten(0, (batch, samples)))
        out = rows.new_empty(batch, samples, self._matrix.shape[1])
        for index in range(batch):
            for start in range(0, samples, tile):
                columns = taps[index, start : start + tile].flatten(1)
                _product(columns, self._matrix, self._bias, out[index, start : start + tile])
        return _as_image(out)


class Halves:
    """A transposed convolution with a kernel of twice its ``stride``, as one product for each half of the kernel.

    Each input makes ``stride`` outputs with the first half and the next ``stride`` with the second, where the next
    input's first half is added. ``weight`` is (inputs, outputs, 1, width).
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, padding: int, stride: int) -> None:
        kernel = weight.permute(0, 2, 3, 1).squeeze(1)
        self._first, self._second = (half.flatten(1) for half in kernel.split(stride, dim=1))
        self._outputs, self._padding, self._stride = weight.shape[1], padding, stride
        self._bias = weight.new_zeros(self._outputs) if bias is None else bias

    def __call__(self, x: Tensor) -> Tensor:
        """Upsample along time."""
        rows = _rows(x)
        batch, samples, _ = rows.shape
        # One frame more than there are inputs, for the last second half.
        whole = self._bias.repeat(batch, samples + 1, self._stride)
        _add_product(whole[:, :samples], rows, self._first)
        _add_product(whole[:, 1:], rows, self._second)
        flat = whole.view(batch, -1, self._outputs)
        return _as_image(flat[:, self._padding : self._padding + samples * self._stride])


def quickest_convolution(library: Layer, weight: Tensor, bias: Tensor | None, padding: int, dilation: int) -> Layer:
    """A convolution by the quickest of ``library``'s way and products, for a weight that lies on a card."""
    ways: dict[str, Layer] = {"columns": Columns(weight, bias, padding, dilation)}
    if weight.shape[3] > 1:
        ways["taps"] = Taps(weight, bias, padding, dilation)
    return QuickestWay({**ways, "library": library})


def quickest_upsampling(library: Layer, weight: Tensor, bias: Tensor | None, padding: int, stride: int) -> Layer:
    """The same for a transposed convolution."""
    return QuickestWay({"halves": Halves(weight, bias, padding, stride), "library": library})


def _rows(x: Tensor) -> Tensor:
    """(batch, samples, channels), which is how the numbers lie already."""
    return x.squeeze(2).transpose(1, 2).contiguous()


def _as_image(rows: Tensor) -> Tensor:
    return rows.transpose(1, 2).unsqueeze(2)


def _product(rows: Tensor, matrix: Tensor, bias: Tensor | None, out: Tensor | None = None) -> Tensor:
    return torch.mm(rows, matrix, out=out) if bias is None else torch.addmm(bias, rows, matrix, out=out)


def _add_product(out: Tensor, rows: Tensor, matrix: Tensor) -> None:
    """Add a product to ``out``, for each of a batch."""
    if len(rows) == 1:
        out[0].addmm_(rows[0], matrix)
    else:
        out.baddbmm_(rows, matrix.expand(len(rows), -1, -1))
