"""Padding that is folded gives what all of it gives."""

import math

import pytest
import torch
from torch.nn import functional

from midifrag.engine.network.padding import TOKENS, fold_padding, has_padding, heard_tokens

WIDTH = 8


def padded_tokens(spoken: int, total: int, last: bool = True) -> tuple[torch.Tensor, list[bool]]:
    """Tokens of which ``total - spoken`` are alike, and at the end one that counts."""
    generator = torch.Generator().manual_seed(spoken)
    tokens = torch.randn(1, total, WIDTH, generator=generator)
    tokens[:, spoken : total - last] = torch.randn(WIDTH, generator=generator)
    return tokens, [False] * spoken + [True] * (total - last - spoken) + [False] * last


@pytest.mark.parametrize("spoken", [0, 3, 62, 63, 120])
def test_attention_to_fewer_tokens_is_attention_to_all(spoken: int) -> None:
    tokens, padded = padded_tokens(spoken, 257)
    fewer, bias = fold_padding(tokens, padded)
    assert fewer.shape[1] == bias.shape[1]
    assert fewer.shape[1] % TOKENS == 0
    assert fewer.shape[1] < 257
    queries = torch.randn(1, 5, WIDTH, generator=torch.Generator().manual_seed(1))
    whole = functional.scaled_dot_product_attention(queries, tokens, 2 * tokens)
    folded = functional.scaled_dot_product_attention(queries, fewer, 2 * fewer, attn_mask=bias.unsqueeze(1))
    torch.testing.assert_close(folded, whole, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("spoken", "total"), [(256, 257), (30, 40)])
def test_where_nothing_is_gained_all_tokens_stay(spoken: int, total: int) -> None:
    tokens, padded = padded_tokens(spoken, total)
    same, bias = fold_padding(tokens, padded)
    assert same is tokens
    assert bias.tolist() == [[0.0] * total]


def test_each_kept_one_counts_for_as_many() -> None:
    _, bias = fold_padding(*padded_tokens(3, 257))
    kept = bias[bias > 0]
    assert len(kept) == TOKENS - 4
    assert float(kept[0]) == pytest.approx(math.log(253 / 60))


def test_frames_beyond_the_valid_ones_are_not_heard() -> None:
    assert not has_padding([None, 5], 5)
    assert has_padding([None, 4], 5)
    mask = torch.tensor([[True, True, False]])
    assert heard_tokens(mask, 2, torch.float32)[..., 0, 0].tolist() == [[1.0, 1.0, 1.0, 1.0, 0.0]]
