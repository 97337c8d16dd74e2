"""Both ends of a network as LoRAs change them: layer after layer they are what they are folded."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from midifrag.engine.loading.adapters import Adapter
from midifrag.engine.network.architecture import projections
from midifrag.engine.network.ends import AdaptedEnds, in_patches, out_of_patches
from midifrag.engine.network.side_paths import SidePaths
from tests.engine.stock import loaded


@pytest.mark.parametrize("patch", [1, 2])
def test_they_are_what_they_are_folded(patch: int) -> None:
    dit = loaded("v", patch_size=patch).module.model.model
    sides = SidePaths({part: name for name, part in dit.named_modules()})
    ends = AdaptedEnds(dit, sides)
    latents, inner = torch.randn(2, 8, 6), torch.randn(2, 6 // patch, 64)
    inward, outward = projections(dit)
    torch.testing.assert_close(
        ends.inward(latents), functional.linear(in_patches(latents, patch), inward), atol=1e-4, rtol=1e-4
    )
    folded = out_of_patches(functional.linear(inner, outward), patch)
    torch.testing.assert_close(ends.outward(inner), folded, atol=1e-4, rtol=1e-4)
    assert not ends.are_adapted
    sides.attach({"preprocess_conv": Adapter("lora", torch.ones(8, 1), torch.ones(1, 8))}, torch.device("cpu"))
    assert ends.are_adapted


def test_patches_go_in_and_out() -> None:
    latents = torch.randn(2, 3, 8)
    for patch in (1, 2, 4):
        patches = in_patches(latents, patch)
        assert patches.shape == (2, 8 // patch, 3 * patch)
        torch.testing.assert_close(out_of_patches(patches, patch), latents)
