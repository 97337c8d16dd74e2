"""What of requests does not change from step to step, and the keys and values of a batch side by side."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from midifrag.engine.network.blocks import NO_PROMPTS, Prompts


@dataclass(eq=False, slots=True)
class PreparedConditioning:
    """What of a request does not change from step to step.

    ``context`` and ``negative_context`` hold every layer's keys and values (layers, 2, 1, heads, tokens, width) for the
    prompt and the negative prompt, ``context_bias`` and ``negative_bias`` (1, tokens) what is added to their scores, as
    one token may stand for several; None where all count alike. ``valid`` is how many frames count, None for all.
    ``local`` (1, frames, width) is what each frame is told of a sound, None where nothing is kept of any.
    ``global_cond`` is (1, width), ``prepend`` (1, tokens, width). ``time_embeddings`` maps a time to its embedding:
    (6 · width) for adaLN models, (width) for those that prepend it. ``strengths`` is how strong LoRAs are, (1, LoRAs);
    None without any.
    """

    context: Tensor | None
    negative_context: Tensor | None
    prepend: Tensor | None
    global_cond: Tensor | None
    time_embeddings: dict[float, Tensor]
    can_guide: bool
    valid: int | None = None
    context_bias: Tensor | None = None
    negative_bias: Tensor | None = None
    local: Tensor | None = None
    strengths: Tensor | None = None


@dataclass(frozen=True, slots=True)
class _Gathered:
    """The keys and values of a batch, those of ``negative_rows`` last, and whose they are."""

    members: list[PreparedConditioning]
    negative_rows: list[int]
    fill: bool
    prompts: Prompts

    def holds(self, members: Sequence[PreparedConditioning], negative_rows: Sequence[int], fill: bool) -> bool:
        """Whether this is the same batch, looked at by identity."""
        same = len(members) == len(self.members) and all(map(operator.is_, members, self.members))
        return same and self.negative_rows == list(negative_rows) and self.fill == fill


class BatchContext:
    """Gathers the keys and values of a batch, and keeps them from call to call while the batch stays the same."""

    def __init__(self) -> None:
        self._gathered: _Gathered | None = None

    @property
    def is_held(self) -> bool:
        """Whether something was gathered that takes memory."""
        return self._gathered is not None

    def release(self) -> None:
        """Free what was gathered."""
        self._gathered = None

    def of(self, members: Sequence[PreparedConditioning], negative_rows: Sequence[int], fill: bool) -> Prompts:
        """The keys and values of all ``members`` that have any, then the negative ones of ``negative_rows``.

        With ``fill``, members without a negative prompt get an empty one. Where tokens stand for several, rows with
        fewer of them than others get some that do not count.
        """
        parts = [(member.context, member.context_bias) for member in members]
        for index in negative_rows:
            own = members[index]
            if own.negative_context is None and own.context is not None and fill:
                parts.append((torch.zeros_like(own.context), own.context_bias))
            else:
                parts.append((own.negative_context, own.negative_bias))
        present = [(context, bias) for context, bias in parts if context is not None]
        if len(present) < 2:
            return Prompts(*present[0]) if present else NO_PROMPTS
        if self._gathered is None or not self._gathered.holds(members, negative_rows, fill):
            self._gathered = _Gathered(list(members), list(negative_rows), fill, _side_by_side(present))
        return self._gathered.prompts


def _side_by_side(parts: Sequence[tuple[Tensor, Tensor | None]]) -> Prompts:
    biases = [bias for _, bias in parts if bias is not None]
    if len(biases) < len(parts):
        return Prompts(torch.cat([context for context, _ in parts], dim=2))
    most = max(bias.shape[1] for bias in biases)
    contexts = [functional.pad(context, (0, 0, 0, most - context.shape[-2])) for context, _ in parts]
    longer = [functional.pad(bias, (0, most - bias.shape[1]), value=-math.inf) for bias in biases]
    return Prompts(torch.cat(contexts, dim=2), torch.cat(longer))
