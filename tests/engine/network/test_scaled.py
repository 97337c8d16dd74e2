import pytest
import torch
from torch import Tensor

from midifrag.engine.network import scaled
from midifrag.engine.network.pointwise import FP8_MAX, rounded_rows
from midifrag.engine.network.scaled import ScaledLinear, fits_fp8, multiply_in_fp32


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_a_product_of_scaled_numbers_is_the_product_of_what_they_stand_for() -> None:
    (rows, row_scale), (columns, column_scale) = rounded_rows(drawn(20, 64)), rounded_rows(drawn(48, 64))
    bias = drawn(48)
    ours = multiply_in_fp32(rows, columns.t(), row_scale, column_scale.t(), bias, torch.float32)
    exact = (rows.double() * row_scale) @ (columns.double() * column_scale).t() + bias
    torch.testing.assert_close(ours.double(), exact, atol=1e-5 * float(exact.abs().max()), rtol=0)


def test_it_is_what_torch_s_own_product_makes_of_the_same_numbers() -> None:
    """On a CPU torch has one scale a matrix; those of rows are then one."""
    rows, columns = drawn(32, 64).to(torch.float8_e4m3fn), drawn(48, 64).to(torch.float8_e4m3fn)
    one, scale = torch.tensor(0.25), torch.tensor(3.0)
    theirs = torch._scaled_mm(rows, columns.t(), one, scale, out_dtype=torch.float32)
    ours = multiply_in_fp32(rows, columns.t(), one.expand(32, 1), scale.expand(1, 48), None, torch.float32)
    torch.testing.assert_close(ours, theirs, atol=1e-4 * float(theirs.abs().max()), rtol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_layer_is_as_near_as_fp8_is_and_keeps_shape_and_format(dtype: torch.dtype) -> None:
    weight, bias, x = drawn(48, 64), drawn(48), drawn(2, 5, 64)
    layer = ScaledLinear(weight.to(dtype), bias, dtype)
    exact = torch.nn.functional.linear(x, weight, bias)
    ours = layer(x.to(dtype))
    error = float((ours.float() - exact).norm() / exact.norm())
    assert ours.shape == exact.shape
    assert ours.dtype == dtype
    assert 0.005 < error < 0.06
    assert layer.memory == 48 * 64 + 4 * 48


def test_rows_of_all_sizes_are_as_near_as_each_other() -> None:
    weight, x = drawn(48, 64), drawn(4, 64) * torch.tensor([[1e-4], [1.0], [1e3], [0.0]])
    ours, exact = ScaledLinear(weight, None, torch.float32)(x), x @ weight.t()
    assert torch.isfinite(ours).all()
    assert not ours[3].any()
    errors = ((ours - exact).norm(dim=1) / exact.norm(dim=1))[:3]
    assert float(errors.max()) < 0.06
    rows, scale = rounded_rows(x)
    assert [float(each) for each in rows.float().abs().amax(1)[:3]] == [FP8_MAX] * 3
    assert rows.dtype == torch.float8_e4m3fn
    assert scale.shape == (4, 1)


def test_only_sizes_that_cards_multiply_are_scaled() -> None:
    assert fits_fp8(torch.empty(48, 64))
    assert not fits_fp8(torch.empty(48, 60))


@pytest.mark.parametrize(("offered", "made"), [(True, torch.float16), (False, torch.bfloat16)])
def test_where_a_library_makes_bf16_alone_it_is_converted(
    monkeypatch: pytest.MonkeyPatch, offered: bool, made: torch.dtype
) -> None:
    asked: list[tuple[torch.dtype, object]] = []

    def scaled_mm(
        rows: Tensor, columns: Tensor, row_scale: Tensor, column_scale: Tensor, *, out_dtype, use_fast_accum, bias=None
    ) -> Tensor:
        assert columns.stride(0) == 1, "the second matrix lies column by column"
        assert row_scale.shape == (len(rows), 1)
        assert column_scale.shape == (1, columns.shape[1])
        assert use_fast_accum
        if out_dtype == torch.float16 and not offered:
            raise ValueError("Only bf16 high precision output types are supported for row-wise scaling.")
        asked.append((out_dtype, None if bias is None else bias.dtype))
        return multiply_in_fp32(rows, columns, row_scale, column_scale, bias, out_dtype)

    monkeypatch.setattr(torch, "_scaled_mm", scaled_mm)
    scaled._made_on.cache_clear()
    weight, bias, x = drawn(48, 64), drawn(48), drawn(2, 5, 64).half()
    on_card = ScaledLinear(weight, bias, torch.float16, multiply=scaled.multiply_on_card)(x)
    scaled._made_on.cache_clear()
    assert on_card.dtype == torch.float16
    assert asked[-1] == (made, made)
    torch.testing.assert_close(on_card, ScaledLinear(weight, bias, torch.float16)(x), atol=0.2, rtol=0)
