"""Matrix products against torch's own convolutions, and which of them is taken."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from midifrag.engine.network import convolutions
from midifrag.engine.network.convolutions import Columns, Halves, QuickestWay, Taps, is_measuring, measuring

#: Width and dilation of everything that an Oobleck decoder has, and an odd one beside it.
KERNELS = [(1, 1), (3, 1), (7, 1), (7, 3), (7, 9), (5, 2)]
STRIDES = [2, 4, 8]


def drawn(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=generator)


def image(batch: int, channels: int, samples: int) -> Tensor:
    return drawn(batch, channels, 1, samples).contiguous(memory_format=torch.channels_last)


def close(ours: Tensor, theirs: Tensor) -> None:
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs, atol=2e-5 * float(theirs.abs().max()), rtol=0)


@pytest.mark.parametrize("way", [Taps, Columns])
@pytest.mark.parametrize(("width", "dilation"), KERNELS)
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("biased", [True, False])
def test_products_are_the_convolution(way: type, width: int, dilation: int, batch: int, biased: bool) -> None:
    padding = dilation * (width - 1) // 2
    weight = drawn(6, 5, 1, width).contiguous(memory_format=torch.channels_last)
    bias = drawn(6) if biased else None
    for samples in (1, 4, 40):
        x = image(batch, 5, samples)
        theirs = functional.conv2d(x, weight, bias, padding=(0, padding), dilation=(1, dilation))
        close(way(weight, bias, padding, dilation)(x), theirs)


def test_columns_in_pieces_are_columns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, bias, x = drawn(6, 5, 1, 7), drawn(6), image(2, 5, 40)
    way = Columns(weight, bias, 9, 3)
    whole = way(x)
    monkeypatch.setattr(convolutions, "_COLUMN_BYTES", 11 * 7 * 5 * 4)
    close(way(x), whole)


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("biased", [True, False])
def test_halves_are_the_transposed_convolution(stride: int, batch: int, biased: bool) -> None:
    weight = drawn(5, 6, 1, 2 * stride).contiguous(memory_format=torch.channels_last)
    bias = drawn(6) if biased else None
    for samples in (1, 9):
        x = image(batch, 5, samples)
        theirs = functional.conv_transpose2d(x, weight, bias, stride=(1, stride), padding=(0, stride // 2))
        close(Halves(weight, bias, stride // 2, stride)(x), theirs)


@pytest.mark.parametrize("way", [Taps, Columns])
def test_half_precision_is_as_near_as_the_library_s(way: type) -> None:
    weight, bias, x = drawn(32, 32, 1, 7) / 15, drawn(32), image(1, 32, 200)
    exact = functional.conv2d(x.double(), weight.double(), bias.double(), padding=(0, 9), dilation=(1, 3))
    ours = way(weight.half(), bias.half(), 9, 3)(x.half())
    theirs = functional.conv2d(x.half(), weight.half(), bias.half(), padding=(0, 9), dilation=(1, 3))
    error, usual = (float((each.double() - exact).norm() / exact.norm()) for each in (ours, theirs))
    assert ours.dtype == torch.float16
    assert error < 2 * usual


def test_no_way_copies_the_weights() -> None:
    weight = drawn(6, 5, 1, 7).contiguous(memory_format=torch.channels_last)
    upward = drawn(5, 6, 1, 8).contiguous(memory_format=torch.channels_last)
    taps, halves = Taps(weight, None, 3, 1), Halves(upward, None, 2, 4)
    for part in (taps._first, *(tap for _, tap in taps._others), Columns(weight, None, 3, 1)._matrix):
        assert part.untyped_storage().data_ptr() == weight.untyped_storage().data_ptr()
    for part in (halves._first, halves._second):
        assert part.untyped_storage().data_ptr() == upward.untyped_storage().data_ptr()


class Clock:
    """A stopwatch that has the answers ready; a way that is not among them fails."""

    def __init__(self, **seconds: float) -> None:
        self.seconds = seconds
        self.asked: list[str] = []

    def __call__(self, work: Callable[[], object]) -> float:
        name = str(work())
        self.asked.append(name)
        if name not in self.seconds:
            raise RuntimeError(f"{name} has no room")
        return self.seconds[name]


def quickest(clock: Clock, *names: str) -> QuickestWay:
    return QuickestWay({name: lambda _x, name=name: name for name in names}, clock)


def test_the_quickest_way_is_taken_for_each_shape_by_itself_and_timed_once() -> None:
    clock = Clock(columns=3.0, taps=1.0, library=2.0)
    layer = quickest(clock, "columns", "taps", "library")
    with measuring():
        assert [layer(torch.zeros(1, 4)), layer(torch.zeros(1, 4))] == ["taps", "taps"]
        clock.seconds["library"] = 0.5
        assert layer(torch.zeros(1, 900)) == "library"
    assert clock.asked == ["columns", "taps", "library"] * 2


def test_nothing_is_timed_while_a_press_waits() -> None:
    clock = Clock(columns=1.0, library=2.0)
    layer = quickest(clock, "columns", "library")
    assert layer(torch.zeros(1, 5)) == "columns"
    clock.seconds["columns"] = 3.0
    with measuring():
        layer(torch.zeros(1, 4))
        clock.seconds["columns"] = 1.0
        layer(torch.zeros(1, 1000))
    assert [layer(torch.zeros(1, 5)), layer(torch.zeros(1, 900))] == ["library", "columns"]
    assert len(layer.chosen) == 2
    assert not is_measuring()


def test_a_way_that_fails_is_not_taken_and_where_all_fail_that_is_told() -> None:
    layer = quickest(Clock(library=9.0), "columns", "library")
    with measuring():
        assert layer(torch.zeros(1, 4)) == "library"
        with pytest.raises(RuntimeError, match="has no room"):
            quickest(Clock(), "columns", "library")(torch.zeros(1, 4))
