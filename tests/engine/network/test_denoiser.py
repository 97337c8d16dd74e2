"""Own forward pass against stock's, for every option of the architecture that it covers, and the way back to stock."""

import dataclasses
import logging

import numpy as np
import pytest
import torch

from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.messages import Render
from midifrag.engine.network.architecture import unsupported
from midifrag.engine.network.conditioning import Conditioner, Conditioning
from midifrag.engine.network.denoiser import Denoiser, ModelInput, Row, StockDenoiser
from midifrag.engine.network.transformer import FastDenoiser
from tests.engine.architectures import COVERED, NOT_COVERED
from tests.engine.stock import loaded, run, stock_audio

FRAMES = 24


def rows_for(denoiser: Denoiser, conditionings: list[Conditioning], scales: list[float]) -> list[Row]:
    generator = torch.Generator().manual_seed(1)
    rows = []
    for index, (conditioning, scale) in enumerate(zip(conditionings, scales, strict=True)):
        model_input = ModelInput(torch.randn(1, 8, FRAMES, generator=generator), 0.9 - 0.2 * index)
        rows.append(Row(model_input, denoiser.prepare(conditioning, [model_input.t], FRAMES), scale))
    return rows


def relative_error(ours: torch.Tensor, stock: torch.Tensor) -> float:
    return float((ours - stock).norm() / stock.norm())


@pytest.mark.parametrize("option", COVERED)
def test_same_output_as_stock(option: str) -> None:
    model = loaded("rectified_flow", **COVERED[option])
    assert unsupported(model.module) is None
    encode = Conditioner(model).encode
    conditionings = [
        encode("rain", "", 1.0),
        encode("bell", "hum", 0.5),
        encode("wind", "", 1.5),
        encode("sea", "", 2.0),
    ]
    scales = [1.0, 3.0, 4.0, -2.0]
    fast, stock = FastDenoiser(model.module, torch.float32), StockDenoiser(model.module)
    ours = fast.evaluate(rows_for(fast, conditionings, scales))
    assert relative_error(ours, stock.evaluate(rows_for(stock, conditionings, scales))) < 2e-5


@pytest.mark.parametrize("option", NOT_COVERED)
def test_other_architectures_run_on_stock_s_forward(option: str, caplog: pytest.LogCaptureFixture) -> None:
    model = loaded("rectified_flow", **NOT_COVERED[option])
    assert unsupported(model.module) == option
    with caplog.at_level(logging.INFO):
        worker = DiffusionWorker.from_model(model)
    assert option in caplog.text
    settings = {"steps": 3, "cfg_scale": 3.0}
    stock = stock_audio(model, seed=2, frames=15, seconds=0.1, sampler_type="euler", **settings).numpy()
    audio = run(worker, Render(1, "rain", 0.1, 2, **settings))[-1].audio
    np.testing.assert_allclose(audio, stock[:, : audio.shape[1]], atol=1e-4 * np.abs(stock).max())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_close(dtype: torch.dtype) -> None:
    model = loaded("v", num_memory_tokens=4, attn_kwargs={"qk_norm": "ln"})
    conditionings = [Conditioner(model).encode("rain", "", 1.0)]
    half, full = FastDenoiser(model.module, dtype), FastDenoiser(model.module, torch.float32)
    ours = half.evaluate(rows_for(half, conditionings, [3.0]))
    error = relative_error(ours, full.evaluate(rows_for(full, conditionings, [3.0])))
    assert 1e-5 < error < {torch.bfloat16: 0.05, torch.float16: 0.008}[dtype]


def test_without_guidance_there_is_one_row_each() -> None:
    model = loaded("v")
    denoiser = FastDenoiser(model.module, torch.float32)
    (row,) = rows_for(denoiser, [Conditioner(model).encode("rain", "hum", 1.0)], [1.0])
    assert not denoiser.is_guided(row)
    assert denoiser.is_guided(dataclasses.replace(row, cfg_scale=2.0))
