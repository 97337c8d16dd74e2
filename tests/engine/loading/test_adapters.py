"""What a LoRA does to a layer's weights, beside stable-audio-tools' own parametrization."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from midifrag.engine.loading.adapters import Adapter, AdapterKind, adaptable, svd_bases


def drawn(*size: int) -> torch.Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(sum(size)))


@pytest.mark.parametrize("strength", [-1.0, 0.0, 0.5, 2.0])
@pytest.mark.parametrize("kind", ["lora", "dora-rows", "dora-cols", "bora"])
def test_each_kind_changes_weights_as_stock_does(kind: AdapterKind, strength: float) -> None:
    from midifrag.engine.loading.stock import leave_out_training

    leave_out_training()
    from stable_audio_tools.models.lora import LoRAParametrization

    weight = drawn(6, 5)
    stock = LoRAParametrization(5, 6, rank=2, lora_alpha=3, adapter_type=kind, W0=weight)
    with torch.no_grad():
        for parameter in stock.parameters():
            parameter.copy_(drawn(*parameter.shape))
        stock.lora_strength.fill_(strength)
        wanted = stock(weight)
    values = dict(stock.named_parameters())
    lengths = values.get("magnitude")
    adapter = Adapter(
        kind,
        stock.lora_B.detach() * 1.5,
        stock.lora_A.detach(),
        rows=values.get("magnitude_r", lengths if kind == "dora-rows" else None),
        columns=values.get("magnitude_c", lengths if kind == "dora-cols" else None),
    )
    torch.testing.assert_close(adapter.applied(weight, strength), wanted)
    assert adapter.is_added is (kind == "lora")
    convolution = weight.unsqueeze(-1)
    torch.testing.assert_close(adapter.applied(convolution, strength), wanted.unsqueeze(-1))


def test_the_bases_of_small_kinds_are_stock_s() -> None:
    from midifrag.engine.loading.stock import leave_out_training

    leave_out_training()
    from stable_audio_tools.models.lora import LoRAParametrization

    weight = drawn(7, 4)
    stock = LoRAParametrization(4, 7, rank=3, adapter_type="lora-xs", W0=weight)
    left, right = svd_bases(weight, 3)
    torch.testing.assert_close(left, stock.U)
    torch.testing.assert_close(right, stock.V.t())


def test_linear_layers_and_convolutions_of_network_and_conditioner_can_be_changed() -> None:
    module = nn.Module()
    module.model = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), nn.Conv1d(2, 2, 1))
    module.conditioner = nn.Sequential(nn.Embedding(2, 2), nn.Linear(2, 2))
    module.pretransform = nn.Sequential(nn.Conv1d(2, 2, 1))
    assert list(adaptable(module)) == ["model.0", "model.2", "conditioner.1"]
