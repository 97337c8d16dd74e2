"""One block against stock's, and its rotation."""

from typing import Any

import pytest
import torch

from midifrag.engine.loading.light_imports import light_imports
from midifrag.engine.network import blocks
from midifrag.engine.network.blocks import Block, Modulations, Prompts, Rotary
from tests.engine.architectures import COVERED
from tests.engine.tiny_models import tiny_model

with light_imports():
    from stable_audio_tools.models.transformer import apply_rotary_pos_emb

TOKENS = 20


def transformer_of(**options: Any) -> Any:
    return tiny_model("v", **options)[0].model.model.transformer


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def rotary_of(transformer: Any) -> Rotary:
    attention = transformer.layers[0].self_attn
    return Rotary.from_embedding(transformer.rotary_pos_emb, TOKENS, attention, torch.float32)


@pytest.mark.parametrize("option", ["plain", "differential"])
def test_rotation_is_stock_s(option: str) -> None:
    transformer = transformer_of(**COVERED[option])
    attention = transformer.layers[0].self_attn
    parts = 4 if attention.differential else 2
    qk = drawn(2, TOKENS, parts * attention.num_heads, attention.dim_heads)
    frequencies, _ = transformer.rotary_pos_emb.forward_from_seq_len(TOKENS)
    expected = apply_rotary_pos_emb(qk.transpose(1, 2), frequencies).transpose(1, 2)
    rotated = rotary_of(transformer).rotate(qk).view_as(qk)
    torch.testing.assert_close(rotated, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    "option", ["plain", "qk_norm ln", "qk_norm l2", "qk_norm rms", "rms norms", "differential", "layer scale"]
)
@torch.no_grad()
def test_a_block_is_stock_s(option: str) -> None:
    transformer = transformer_of(**COVERED[option])
    layer = transformer.layers[0]
    x, context = drawn(2, TOKENS, 64), drawn(2, 5, layer.cross_attn.to_kv.in_features, seed=2)
    expected = layer(x, context=context, rotary_pos_emb=transformer.rotary_pos_emb.forward_from_seq_len(TOKENS))
    block = Block(layer, torch.float32)
    keys_values = torch.cat([block.keys_values(each.unsqueeze(0)) for each in context], dim=1)
    ours = block.cross_attend_and_feed(block.self_attend(x, rotary_of(transformer), None), None, Prompts(keys_values))
    torch.testing.assert_close(ours, expected, atol=2e-5, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@torch.inference_mode()
def test_padding_of_a_prompt_stays_zero_in_every_number_format(dtype: torch.dtype) -> None:
    """stable-audio-tools sets the tokens that a short prompt lacks to zero, and an l2 norm divides by their length."""
    layer = transformer_of(**COVERED["qk_norm l2"]).layers[0]
    block = Block(layer, dtype)
    assert block.keys_values(torch.zeros(1, 3, layer.cross_attn.to_kv.in_features, dtype=dtype)).eq(0).all()


def test_rows_beyond_the_context_attend_to_no_prompt() -> None:
    """As the unconditional half of a call."""
    transformer = transformer_of()
    layer = transformer.layers[0]
    block, x = Block(layer, torch.float32), drawn(2, TOKENS, 64)
    context = block.keys_values(drawn(1, 5, layer.cross_attn.to_kv.in_features, seed=2))
    both = block.cross_attend_and_feed(x.clone(), None, Prompts(context))
    alone = block.cross_attend_and_feed(x.clone(), None)
    assert not torch.allclose(both[0], alone[0])
    torch.testing.assert_close(both[1], alone[1])


@pytest.mark.parametrize("norm_type", ["layer_norm", "rms_norm"])
@torch.no_grad()
def test_modulation_is_stock_s(norm_type: str) -> None:
    transformer = transformer_of(global_cond_type="adaLN", norm_type=norm_type)
    x, condition = drawn(2, TOKENS, 64), drawn(2, 6 * 64, seed=3)
    for layer, modulation in zip(
        transformer.layers, Modulations(transformer.layers, torch.float32)(condition), strict=True
    ):
        rotary = transformer.rotary_pos_emb.forward_from_seq_len(TOKENS)
        expected = layer(x, context=None, global_cond=condition, rotary_pos_emb=rotary)
        block = Block(layer, torch.float32)
        ours = block.cross_attend_and_feed(block.self_attend(x, rotary_of(transformer), modulation), modulation)
        torch.testing.assert_close(ours, expected, atol=2e-5, rtol=1e-4)


def test_copies_in_another_number_format_are_counted() -> None:
    layer = transformer_of().layers[0]
    assert Block(layer, torch.float32).memory == 0
    assert Block(layer, torch.float16).memory == 2 * sum(p.numel() for p in layer.parameters())


@pytest.mark.parametrize("option", ["plain", "qk_norm l2", "qk_norm ln", "differential"])
def test_what_is_as_stock_has_it_lies_there_and_what_is_not_is_counted(
    option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, packed = transformer_of(**COVERED[option]).layers[0], []
    monkeypatch.setattr(blocks, "pack_linear", lambda weight, _bias=None: packed.append(weight))
    memory = Block(layer, torch.float32).memory
    own = {parameter.untyped_storage().data_ptr() for parameter in layer.parameters()}
    others = [weight for weight in packed if weight.untyped_storage().data_ptr() not in own]
    assert memory == sum(weight.nbytes for weight in others)
    # Only a mean that is taken out, or another order, needs weights of its own: queries and keys within and across.
    assert len(others) == (0 if option in ("plain", "qk_norm l2") else 3)
