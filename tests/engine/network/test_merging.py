"""LoRAs merged into weights: into a network that shares all others, or for a while."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from midifrag.engine.loading.adapters import Adapter
from midifrag.engine.loading.lora_files import LoraFile, PlayedLora
from midifrag.engine.network.merging import changes, merged_meanwhile, merged_module


def module() -> nn.Module:
    whole = nn.Module()
    whole.model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    whole.conditioner = nn.Sequential(nn.Linear(3, 3))
    return whole


def played(name: str, strength: float, *layers: str) -> PlayedLora:
    adapter = Adapter("dora-rows", torch.ones(3, 1), torch.ones(1, 3), rows=torch.ones(3))
    file = LoraFile(Path(name), name, "stable-audio-tools", "dora-rows", dict.fromkeys(layers, adapter))
    return PlayedLora(name, file, strength)


def test_a_merged_network_has_new_weights_where_loras_change_them_and_shares_the_others() -> None:
    whole = module()
    before = whole.model[0].weight.clone()
    first, second = played("x", 0.5, "model.0", "conditioner.0"), played("y", 1.0, "model.0")
    merged = merged_module(whole, (first, second))
    adapter = first.file.adapters["model.0"]
    torch.testing.assert_close(merged.model[0].weight, adapter.applied(adapter.applied(before, 0.5), 1.0))
    torch.testing.assert_close(whole.model[0].weight, before)
    assert merged.model[1].weight is whole.model[1].weight
    assert merged.model[0].bias is whole.model[0].bias
    assert merged.conditioner[0].weight is whole.conditioner[0].weight


def test_conditioners_have_them_for_a_while() -> None:
    whole = module()
    own, lora = whole.conditioner[0].weight, played("x", 0.5, "conditioner.0")
    with merged_meanwhile(whole, [lora], "conditioner."):
        changed = whole.conditioner[0].weight
        torch.testing.assert_close(changed, lora.file.adapters["conditioner.0"].applied(own, 0.5))
        assert whole.model[0].weight is not changed
    assert whole.conditioner[0].weight is own
    assert changes([lora, played("y", 1.0, "model.0")], "conditioner.") == (("x", 0.5),)
