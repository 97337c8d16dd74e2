"""LoRAs beside a network's layers: what each adds, as strongly as each row of a batch wants it.

The weights stay as they are. Strengths are numbers that a call is given, as it is given latents; another one is no
other network, and what a card has recorded of a call can be replayed with it (`midifrag.engine.network.graphs`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from midifrag.engine.loading.adapters import Adapter, Adapters
from midifrag.engine.loading.device import to_device
from midifrag.engine.network.packing import Layer

#: What becomes of the rows of a layer's weights, (outputs, …), before they are used.
Rows: TypeAlias = Callable[[Tensor], Tensor]
#: Of each of a layer's ranks, which LoRA it belongs to.
_Layout: TypeAlias = tuple[int, ...]
#: What stands beside a layer: down (ranks, inputs), up (outputs, ranks) and whose each rank is.
_Beside: TypeAlias = tuple[Tensor, Tensor, _Layout]


def _as_they_are(rows: Tensor) -> Tensor:
    return rows


@dataclass(slots=True, eq=False)
class SideLayer:
    """A layer on (rows, …, inputs), and beside it what LoRAs add: all of their ranks in two products."""

    paths: SidePaths
    base: Layer
    dtype: torch.dtype
    rows: Rows
    down: Tensor | None = None
    up: Tensor | None = None
    layout: _Layout = ()

    def __call__(self, x: Tensor) -> Tensor:
        """Apply it; without a batch that has strengths, the layer alone."""
        out = self.base(x)
        strengths = None if self.down is None else self.paths.strengths(self.layout, self.dtype)
        if strengths is None or self.down is None or self.up is None:
            return out
        # What is flat is of a single request.
        strengths = strengths[: len(x)] if x.dim() == 3 else strengths[:, 0]
        return out + functional.linear(functional.linear(x, self.down) * strengths, self.up)

    def with_lora(self, adapter: Adapter, index: int, device: torch.device) -> _Beside:
        """What stands beside it with the LoRA of this index; nothing is changed yet."""
        down = adapter.down.to(device, self.dtype)
        up = self.rows(adapter.up.to(device)).to(self.dtype)
        layout = self.layout + (index,) * len(down)
        if self.down is not None and self.up is not None:
            down, up = torch.cat([self.down, down]), torch.cat([self.up, up], dim=1)
        return down, up.contiguous(), layout

    def without(self, indices: Collection[int]) -> _Beside | None:
        """What stands beside it without the LoRAs of these indices; None for nothing."""
        stays = [rank for rank, owner in enumerate(self.layout) if owner not in indices]
        if self.down is None or self.up is None or not stays:
            return None
        return self.down[stays], self.up[:, stays].contiguous(), tuple(self.layout[rank] for rank in stays)

    def take(self, beside: _Beside | None) -> None:
        """Have this beside it from now on."""
        self.down, self.up, self.layout = beside or (None, None, ())

    @property
    def memory(self) -> int:
        """Bytes of what stands beside the layer."""
        return sum(each.numel() * each.element_size() for each in (self.down, self.up) if each is not None)


class SidePaths:
    """The side paths of one network; ``names`` are those of its layers. What is attached keeps its order."""

    def __init__(self, names: Mapping[nn.Module, str] | None = None) -> None:
        self._names = names or {}
        self._layers: dict[str, list[SideLayer]] = {}
        self._indices: dict[_Layout, Tensor] = {}
        self._given: Tensor | None = None
        self._spread: dict[tuple[_Layout, torch.dtype], Tensor] = {}
        #: How many LoRAs are attached.
        self.count = 0

    def beside(self, layer: nn.Module, base: Layer, dtype: torch.dtype, rows: Rows = _as_they_are) -> Layer:
        """``base``, which computes ``layer`` in ``dtype``, with room beside it; itself where nothing has its name."""
        name = self._names.get(layer)
        if name is None:
            return base
        side = SideLayer(self, base, dtype, rows)
        self._layers.setdefault(name, []).append(side)
        return side

    def attach(self, adapters: Adapters, device: torch.device) -> int:
        """Add a LoRA, and say its index; what it does to layers that are none of these is not this one's business."""
        sides = [(side, adapter) for name, adapter in adapters.items() for side in self._layers.get(name, ())]
        self._take([(side, side.with_lora(adapter, self.count, device)) for side, adapter in sides], device)
        self.count += 1
        return self.count - 1

    def detach(self, indices: Collection[int], device: torch.device) -> None:
        """Take LoRAs away again; no other one gets their indices."""
        sides = [side for every in self._layers.values() for side in every if not set(indices).isdisjoint(side.layout)]
        self._take([(side, side.without(indices)) for side in sides], device)

    def _take(self, made: Sequence[tuple[SideLayer, _Beside | None]], device: torch.device) -> None:
        for layout in {beside[2] for _, beside in made if beside is not None}:
            # Made now, since nothing may come from the host while a card's work is recorded.
            if layout not in self._indices:
                self._indices[layout] = to_device(list(layout), device)
        # All of them or none: where memory runs out on the way, it is done once more.
        for side, beside in made:
            side.take(beside)

    def has(self, layer: nn.Module) -> bool:
        """Whether a LoRA is about this layer."""
        return any(side.down is not None for side in self._layers.get(self._names.get(layer, ""), ()))

    def begin(self, strengths: Tensor | None) -> None:
        """A call begins whose rows want LoRAs so strong, (rows, LoRAs) in fp32; None: none at all."""
        self._given = strengths
        self._spread.clear()

    def strengths(self, layout: _Layout, dtype: torch.dtype) -> Tensor | None:
        """Those of this call by rank, (rows, 1, ranks)."""
        if self._given is None:
            return None
        key = layout, dtype
        if key not in self._spread:
            self._spread[key] = self._given[:, self._indices[layout]].to(dtype).unsqueeze(1)
        return self._spread[key]

    def row(self, strengths: Mapping[int, float], device: torch.device) -> Tensor | None:
        """The row for a request that wants these, by index; None where all are 0."""
        if not any(strengths.values()):
            return None
        return to_device([float(strengths.get(index, 0.0)) for index in range(self.count)], device).unsqueeze(0)

    def gathered(self, rows: list[Tensor | None], device: torch.device) -> Tensor | None:
        """The rows of a batch, (rows, LoRAs); None where no LoRA is attached."""
        if not self.count:
            return None
        nothing = torch.zeros(1, self.count, device=device)
        # Those of requests that came before a LoRA did have no column for it.
        return torch.cat(
            [nothing if row is None else functional.pad(row, (0, self.count - row.shape[1])) for row in rows]
        )

    @property
    def memory(self) -> int:
        """Bytes of all that stands beside layers."""
        return sum(side.memory for sides in self._layers.values() for side in sides)
