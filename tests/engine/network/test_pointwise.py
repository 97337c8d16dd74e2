"""Each plain function against its own formula in double precision, and its form for a compiler against it."""

import pytest
import torch
from torch import Tensor

from midifrag.engine.network import pointwise


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def tables(channels: int) -> tuple[Tensor, Tensor]:
    return drawn(channels).abs() + 0.1, drawn(channels + 1)[1:].abs() + 0.1


@pytest.mark.parametrize("form", [pointwise.snake, pointwise.snake_at_once])
@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_snake_is_its_formula(form, in_place: bool, dtype: torch.dtype) -> None:
    x, (two_alpha, half_over_beta) = (3 * drawn(40, 6)).to(dtype), tables(6)
    given = x.clone()
    out = given if in_place else torch.empty_like(given)
    alpha, beta = two_alpha.double() / 2, 0.5 / half_over_beta.double()
    exact = x.double() + torch.sin(alpha * x.double()).square() / beta
    assert form(given, two_alpha, half_over_beta, out) is out
    torch.testing.assert_close(out.double(), exact, rtol=0, atol=torch.finfo(dtype).eps * float(exact.abs().max()))
    assert torch.equal(given, x) is not in_place


def test_snake_in_tiles_needs_no_more_than_a_tile_in_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pointwise.SNAKE_TILES, "cpu", 7 * 6)
    pieces: list[int] = []
    whole = torch.Tensor.float
    monkeypatch.setattr(torch.Tensor, "float", lambda x: pieces.append(len(x)) or whole(x))
    x = drawn(40, 6)
    pointwise.snake(x, *tables(6), torch.empty_like(x))
    assert pieces == [7, 7, 7, 7, 7, 5]
    assert pointwise.SNAKE_TILES["cuda"] <= 1 << 24, "three times as many numbers in fp32 are memory for each call"


def test_the_gate_is_silu_of_the_second_half() -> None:
    x = drawn(2, 5, 12)
    value, gated = x.double().chunk(2, dim=-1)
    torch.testing.assert_close(pointwise.gate(x).double(), value * gated * torch.sigmoid(gated), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("rows", [1, 3])
def test_positions_at_once_are_positions_step_by_step(rows: int) -> None:
    given = drawn(rows, 40), drawn(40), drawn(36), drawn(36), 4
    before = given[0].clone()
    torch.testing.assert_close(pointwise.rotate_at_once(*given), pointwise.rotate(*given))
    assert torch.equal(given[0], before)


def test_a_head_without_a_mean_is_normed_as_layer_norm_does() -> None:
    x = drawn(2, 5, 3, 16)
    x = x - x.mean(-1, keepdim=True)
    gain, bias = drawn(16), drawn(17)[1:]
    exact = torch.layer_norm(x, (16,), gain, bias, 1e-5)
    ours = pointwise.head_norm(x, gain.expand(3, 16), bias.expand(3, 16), torch.tensor(1e-5))
    torch.testing.assert_close(ours, exact, atol=1e-5, rtol=1e-4)


def test_rounded_rows_are_near_and_within_fp8() -> None:
    x = drawn(9, 32) * 1e3
    rows, scale = pointwise.rounded_rows(x)
    assert float(rows.float().abs().max()) == pointwise.FP8_MAX
    assert float((rows.float() * scale - x).abs().max() / x.abs().max()) < 1 / 16
