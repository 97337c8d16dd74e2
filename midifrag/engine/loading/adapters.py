"""What a LoRA does to one layer's weights, as stable-audio-tools 0.0.20 computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, assert_never

import torch
from torch import Tensor, nn

#: Beside what is added to the weights, rows or columns of these, or both, may be brought to lengths of their own.
AdapterKind: TypeAlias = Literal["lora", "dora-rows", "dora-cols", "bora"]

#: Added to a length that is divided by, as stable-audio-tools does.
_TINY = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """``up`` (outputs, rank) times ``down`` (rank, inputs) is added; what scales the product is in ``up`` already.

    ``rows`` and ``columns`` are the lengths that rows and columns have then, where its kind has any.
    """

    kind: AdapterKind
    up: Tensor
    down: Tensor
    rows: Tensor | None = None
    columns: Tensor | None = None

    def on(self, device: torch.device) -> Adapter:
        """The same on a device."""
        moved = (None if each is None else each.to(device) for each in (self.rows, self.columns))
        return Adapter(self.kind, self.up.to(device), self.down.to(device), *moved)

    @property
    def is_added(self) -> bool:
        """Whether it adds to the weights and does nothing else, whatever these are."""
        return self.kind == "lora"

    def applied(self, weight: Tensor, strength: float) -> Tensor:
        """Weights (outputs, …) in fp32 with it in them; one with lengths of its own does nothing at strength 0."""
        if strength == 0:
            return weight
        changed = weight.flatten(1) + strength * (self.up @ self.down)
        match self.kind:
            case "lora":
                pass
            case "dora-rows":
                changed = _with_lengths(changed, self.rows, 1)
            case "dora-cols":
                changed = _with_lengths(changed, self.columns, 0)
            case "bora":
                changed = _with_lengths(_with_lengths(changed, self.rows, 1), self.columns, 0)
            case _:
                assert_never(self.kind)
        return changed.view(weight.shape)


def _with_lengths(weight: Tensor, lengths: Tensor | None, along: int) -> Tensor:
    if lengths is None:
        return weight
    unit = weight / (weight.norm(dim=along, keepdim=True) + _TINY)
    scaled: Tensor = unit * lengths.unsqueeze(along)
    return scaled


#: Adapters by the name of the layer in a ``ConditionedDiffusionModelWrapper``.
Adapters: TypeAlias = Mapping[str, Adapter]


def adaptable(module: Any) -> dict[str, nn.Module]:
    """The layers of a ``ConditionedDiffusionModelWrapper`` that a LoRA may change, by name."""
    every = {name: part for name, part in module.named_modules() if isinstance(part, nn.Linear | nn.Conv1d)}
    return {name: part for name, part in every.items() if name.startswith(("model.", "conditioner."))}


def svd_bases(weight: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """What adapters of the ``-xs`` kinds are written in: the first singular vectors, (outputs, rank), (rank, inputs).

    Of each, the largest number is above 0 on the side of the outputs, as stable-audio-tools has it.
    """
    left, _, right = torch.linalg.svd(weight.detach().flatten(1).float(), full_matrices=False)
    largest = left.abs().argmax(dim=0)
    signs = left[largest, torch.arange(left.shape[1], device=left.device)].sign()
    signs[signs == 0] = 1
    return (left * signs)[:, :rank], (right * signs.unsqueeze(1))[:rank]
