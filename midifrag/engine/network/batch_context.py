"""What of requests does not change from step to step, and the keys and values of a batch side by side."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(eq=False, slots=True)
class PreparedConditioning:
    """What of a request does not change from step to step.

    ``context`` and ``negative_context`` hold every layer's keys and values (layers, 2, 1, heads, tokens, width) for the
    prompt and the negative prompt. ``global_cond`` is (1, width), ``prepend`` (1, tokens, width). ``time_embeddings``
    maps a time to its embedding: (6 · width) for adaLN models, (width) for those that prepend it.
    """

    context: Tensor | None
    negative_context: Tensor | None
    prepend: Tensor | None
    global_cond: Tensor | None
    time_embeddings: dict[float, Tensor]
    can_guide: bool


@dataclass(frozen=True, slots=True)
class _Gathered:
    """The keys and values of a batch, those of ``negative_rows`` last, and whose they are."""

    members: list[PreparedConditioning]
    negative_rows: list[int]
    fill: bool
    context: Tensor

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

    def of(self, members: Sequence[PreparedConditioning], negative_rows: Sequence[int], fill: bool) -> Tensor | None:
        """The keys and values of all ``members`` that have any, then the negative ones of ``negative_rows``.

        With ``fill``, members without a negative prompt get an empty one.
        """
        parts = [member.context for member in members]
        for index in negative_rows:
            own = members[index]
            if own.negative_context is None and own.context is not None and fill:
                parts.append(torch.zeros_like(own.context))
            else:
                parts.append(own.negative_context)
        present = [part for part in parts if part is not None]
        if len(present) < 2:
            return present[0] if present else None
        if self._gathered is None or not self._gathered.holds(members, negative_rows, fill):
            self._gathered = _Gathered(list(members), list(negative_rows), fill, torch.cat(present, dim=2))
        return self._gathered.context
