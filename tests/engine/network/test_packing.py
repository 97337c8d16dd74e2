"""Packed or not, a layer computes what torch's own function does."""

import pytest
import torch
from torch.nn import functional

from midifrag.engine.network import packing
from midifrag.engine.network.packing import copies, pack_convolution, pack_linear, pack_upsampling

TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 0.03}


def drawn(dtype: torch.dtype, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))).to(dtype)


@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize("dtype", TOLERANCE)
class TestLayers:
    def bias(self, has_bias: bool) -> torch.Tensor | None:
        # In fp32 whatever the weights are in: a layer brings it into their format.
        return drawn(torch.float32, 16) if has_bias else None

    def same(self, ours: torch.Tensor, expected: torch.Tensor) -> None:
        assert ours.dtype == expected.dtype
        error = (ours.float() - expected.float()).norm() / expected.float().norm()
        assert error < TOLERANCE[ours.dtype]

    def test_linear(self, dtype: torch.dtype, has_bias: bool) -> None:
        weight, x, bias = drawn(dtype, 16, 32), drawn(dtype, 2, 5, 32), self.bias(has_bias)
        expected = functional.linear(x, weight, None if bias is None else bias.to(dtype))
        self.same(pack_linear(weight, bias)(x), expected)

    def test_convolution(self, dtype: torch.dtype, has_bias: bool) -> None:
        weight, x, bias = drawn(dtype, 16, 8, 1, 7), drawn(dtype, 2, 8, 1, 40), self.bias(has_bias)
        expected = functional.conv1d(
            x[:, :, 0], weight[:, :, 0], None if bias is None else bias.to(dtype), padding=9, dilation=3
        )
        ours = pack_convolution(weight, bias, 9, 3)(x.contiguous(memory_format=torch.channels_last))
        self.same(ours.squeeze(2), expected)

    def test_upsampling(self, dtype: torch.dtype, has_bias: bool) -> None:
        weight, x, bias = drawn(dtype, 8, 16, 1, 8), drawn(dtype, 2, 8, 1, 10), self.bias(has_bias)
        expected = functional.conv_transpose1d(
            x[:, :, 0], weight[:, :, 0], None if bias is None else bias.to(dtype), stride=4, padding=2
        )
        ours = pack_upsampling(weight, bias, 2, 4)(x.contiguous(memory_format=torch.channels_last))
        self.same(ours.squeeze(2), expected)


def test_a_weight_is_copied_where_its_format_changes_or_it_is_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    weight = torch.zeros(2, 2)
    assert not copies(weight, torch.float32)
    assert copies(weight, torch.float16)
    for packs in (False, True):
        monkeypatch.setattr(packing, "_packs", lambda _weight, packs=packs: packs)
        assert copies(weight, torch.float32) is packs
