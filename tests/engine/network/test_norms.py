"""Norms against stock's own, and the weights that are made for them."""

import pytest
import torch

from midifrag.engine.loading.silence_output import silence_output
from midifrag.engine.network.kernels import PLAIN
from midifrag.engine.network.norms import Norm, QKNorm

WIDTH = 16


def stock(name: str, **options: object) -> torch.nn.Module:
    with silence_output():
        from stable_audio_tools.models import transformer
    norm: torch.nn.Module = getattr(transformer, name)(WIDTH, **options)
    for value in norm.state_dict().values():
        value.copy_(torch.randn(value.shape, generator=torch.Generator().manual_seed(2)))
    return norm


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("name", "options"), [("LayerNorm", {"bias": True}), ("RMSNorm", {"eps": 1e-3})])
@torch.no_grad()
def test_a_norm_is_stock_s(name: str, options: dict[str, object]) -> None:
    norm, x = stock(name, **options), drawn(2, 5, WIDTH)
    torch.testing.assert_close(Norm(norm, torch.float32)(x), norm(x))


@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm"])
@torch.no_grad()
def test_a_modulated_norm_has_the_gain_and_the_bias_of_each_row(name: str) -> None:
    norm, x, gain, bias = stock(name, fix_scale=True), drawn(2, 5, WIDTH), drawn(2, 1, WIDTH), drawn(2, 1, WIDTH)
    torch.nn.init.ones_(norm.gamma)
    if name == "LayerNorm":
        torch.nn.init.zeros_(norm.beta)
    torch.testing.assert_close(Norm(norm, torch.float32).modulated(x, gain, bias), norm(x) * gain + bias)


@pytest.mark.parametrize("kind", ["none", "l2", "ln", "rms"])
@torch.no_grad()
def test_queries_and_keys_are_normed_as_stock_norms_them(kind: str) -> None:
    with silence_output():
        from stable_audio_tools.models.transformer import Attention
    attention = Attention(WIDTH * 2, dim_heads=WIDTH, qk_norm=kind)
    generator = torch.Generator().manual_seed(3)
    for name, parameter in attention.named_parameters():
        if "norm" in name:
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    norms = QKNorm(attention, torch.float32, PLAIN)
    qk = drawn(2, 5, 4, WIDTH)
    if kind == "ln":
        qk = qk - qk.mean(dim=-1, keepdim=True)
    queries, keys = qk[:, :, :2], qk[:, :, 2:]
    if kind == "l2":
        expected = torch.nn.functional.normalize(qk, dim=-1)
    elif kind == "none":
        expected = qk
    else:
        expected = torch.cat([attention.q_norm(queries), attention.k_norm(keys)], dim=2)
    torch.testing.assert_close(norms(qk), expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(norms(keys, 1), expected[:, :, 2:], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_only_for_a_norm_that_takes_the_mean_out_weights_are_centred() -> None:
    with silence_output():
        from stable_audio_tools.models.transformer import Attention
    weight = drawn(2 * WIDTH, 3)
    before = weight.clone()
    assert QKNorm(Attention(WIDTH * 2, dim_heads=WIDTH, qk_norm="rms"), torch.float32, PLAIN).centred(weight) is weight
    centred = QKNorm(Attention(WIDTH * 2, dim_heads=WIDTH, qk_norm="ln"), torch.float32, PLAIN).centred(weight)
    torch.testing.assert_close(centred.unflatten(0, (2, WIDTH)).mean(dim=1), torch.zeros(2, 3), atol=1e-6, rtol=0)
    assert not torch.equal(centred, before)
    assert torch.equal(weight, before)
