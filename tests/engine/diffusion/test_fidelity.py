import math

import pytest
import torch

from midifrag.engine.diffusion.fidelity import decibels, denoiser_decibels
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.transformer import FastDenoiser
from tests.engine.architectures import COVERED
from tests.engine.stock import loaded


def test_decibels_are_those_of_the_power() -> None:
    signal = torch.tensor([3.0, 4.0])
    assert decibels(signal, signal) == math.inf
    assert decibels(signal, signal + torch.tensor([0.3, 0.4])) == pytest.approx(20)
    assert decibels(signal, torch.zeros(2)) == pytest.approx(0)


@pytest.mark.parametrize("option", ["qk_norm ln", "patches"])
def test_a_rougher_denoiser_has_fewer_decibels(option: str) -> None:
    model = loaded("rectified_flow", **COVERED[option])
    conditioning, patch = Conditioner(model).encode("rain", "", 1.0), model.module.model.model.patch_size
    exact = FastDenoiser(model.module, torch.float32)
    rough = [
        denoiser_decibels(exact, FastDenoiser(model.module, dtype, fp8=fp8), conditioning, 8, patch)
        for dtype, fp8 in (
            (torch.float32, False),
            (torch.float16, False),
            (torch.bfloat16, False),
            (torch.float16, True),
        )
    ]
    assert rough == sorted(rough, reverse=True)
    assert rough[1] > 45
    assert 12 < rough[3] < rough[2]
