"""A network with LoRAs merged into its weights: for those that do more to them than to be added."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from torch import Tensor, nn

from midifrag.engine.loading.lora_files import PlayedLora


def merged_weight(layer: nn.Module, name: str, loras: Sequence[PlayedLora]) -> nn.Parameter:
    """A layer's weights, in their own number format, with what the LoRAs do to them, one after the other."""
    own = cast(Tensor, layer.weight).detach()
    weight = own.float()
    for lora in loras:
        adapter = lora.file.adapters.get(name)
        if adapter is not None:
            weight = adapter.applied(weight, lora.strength)
    return nn.Parameter(weight.to(own.dtype), requires_grad=False)


def merged_module(module: Any, loras: Sequence[PlayedLora]) -> Any:
    """A ``ConditionedDiffusionModelWrapper`` whose network has the LoRAs in it, and shares all other weights."""
    network = module.model
    kept: dict[int, Any] = {id(each): each for each in (*network.parameters(), *network.buffers())}
    merged = copy.copy(module)
    merged._modules = {**module._modules, "model": copy.deepcopy(network, kept)}
    for name in _layers(loras, "model."):
        layer = merged.get_submodule(name)
        layer.weight = merged_weight(layer, name, loras)
    return merged


@contextmanager
def merged_meanwhile(module: Any, loras: Sequence[PlayedLora], within: str) -> Iterator[None]:
    """Have LoRAs in the layers of a module whose names begin with ``within``, for as long as this lasts."""
    layers = {name: module.get_submodule(name) for name in _layers(loras, within)}
    own = {name: layer.weight for name, layer in layers.items()}
    try:
        for name, layer in layers.items():
            layer.weight = merged_weight(layer, name, loras)
        yield
    finally:
        for name, layer in layers.items():
            layer.weight = own[name]


def changes(loras: Sequence[PlayedLora], within: str) -> tuple[tuple[str, float], ...]:
    """What of the LoRAs changes layers whose names begin so: their files' checksums and strengths."""
    return tuple((one.file.checksum, one.strength) for one in loras if any(_layers([one], within)))


def _layers(loras: Sequence[PlayedLora], within: str) -> list[str]:
    return list(dict.fromkeys(name for one in loras for name in one.file.adapters if name.startswith(within)))
