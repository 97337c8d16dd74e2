"""Where tokens stand: what tells a transformer so, made once for each length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from midifrag.engine.network.blocks import Rotary

#: Lengths that are kept.
_KEPT = 32


@dataclass(frozen=True, slots=True)
class Position:
    """The rotary tables of one length, and the embeddings (tokens, width) that are added; None for what is not used."""

    rotary: Rotary | None
    added: Tensor | None


class PositionCache:
    """Those of a stable-audio-tools ``ContinuousTransformer`` in ``dtype``; with ``keeps_all`` none is ever forgotten.

    Captured graphs need that, which read the tables where they lie.
    """

    def __init__(self, transformer: Any, dtype: torch.dtype, *, keeps_all: bool) -> None:
        self._transformer = transformer
        self._dtype = dtype
        self._keeps_all = keeps_all
        self._made: dict[int, Position] = {}

    def for_length(self, tokens: int) -> Position:
        """What a sequence of so many tokens needs."""
        if tokens not in self._made:
            if len(self._made) >= _KEPT and not self._keeps_all:
                self._made.pop(next(iter(self._made)))
            self._made[tokens] = Position(self._rotary(tokens), self._added(tokens))
        return self._made[tokens]

    def clear(self) -> None:
        """Free them all."""
        self._made.clear()

    def _rotary(self, tokens: int) -> Rotary | None:
        embedding, attention = self._transformer.rotary_pos_emb, self._transformer.layers[0].self_attn
        return None if embedding is None else Rotary.from_embedding(embedding, tokens, attention, self._dtype)

    def _added(self, tokens: int) -> Tensor | None:
        transformer = self._transformer
        if not (transformer.use_sinusoidal_emb or transformer.use_abs_pos_emb):
            return None
        weight = transformer.layers[0].self_attn.to_qkv.weight
        added: Tensor = transformer.pos_emb(weight.new_zeros(1, tokens, weight.shape[1]))
        return added.to(self._dtype)
