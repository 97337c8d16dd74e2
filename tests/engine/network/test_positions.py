from __future__ import annotations

import pytest
import torch

from midifrag.engine.loading.light_imports import light_imports
from midifrag.engine.network import positions
from midifrag.engine.network.positions import PositionCache

with light_imports():
    from stable_audio_tools.models.transformer import ContinuousTransformer


def transformer(**options):
    return ContinuousTransformer(64, depth=1, dim_heads=32, **options).eval()


@pytest.mark.parametrize("kind", ["use_sinusoidal_emb", "use_abs_pos_emb"])
def test_embeddings_are_stocks(kind):
    stock = transformer(rotary_pos_emb=False, abs_pos_emb_max_length=50, **{kind: True})

    with torch.inference_mode():
        position = PositionCache(stock, torch.float32, keeps_all=False).for_length(20)
        expected = stock.pos_emb(torch.randn(2, 20, 64))

    assert position.rotary is None
    assert position.added.count_nonzero() > 0
    torch.testing.assert_close(position.added.expand_as(expected), expected)


def test_nothing_is_added_where_only_rotary_tables_are_used():
    position = PositionCache(transformer(), torch.bfloat16, keeps_all=False).for_length(20)

    assert position.added is None
    assert position.rotary.cos.dtype == torch.bfloat16


@pytest.mark.parametrize("keeps_all", [True, False])
def test_a_length_is_made_once_and_few_are_kept(keeps_all, monkeypatch):
    monkeypatch.setattr(positions, "_KEPT", 2)
    made = PositionCache(transformer(), torch.float32, keeps_all=keeps_all)
    first = made.for_length(10)

    assert made.for_length(10) is first
    made.for_length(11)
    made.for_length(12)
    assert (made.for_length(10) is first) == keeps_all
    made.clear()
    assert made.for_length(10) is not first
