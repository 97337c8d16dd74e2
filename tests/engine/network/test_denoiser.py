"""Guidance, and the way back to stock's own forward pass."""

import logging

import numpy as np
import pytest
import torch

from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.messages import Render
from midifrag.engine.network.architecture import unsupported
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.denoiser import StockDenoiser
from tests.engine.architectures import NOT_COVERED
from tests.engine.network.rows import FRAMES, relative_error, rows_for
from tests.engine.stock import loaded, run, stock_audio


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


def test_stock_runs_in_fp32_whatever_the_model_is_in() -> None:
    full = loaded("v")
    half = loaded("v")
    half.module.model.model.half()
    conditionings = [Conditioner(full).encode("rain", "hum", 1.0)]
    reference, denoiser = StockDenoiser(full.module), StockDenoiser(half.module)
    output = denoiser.evaluate(rows_for(denoiser, conditionings, [3.0]))
    assert output.dtype == torch.float32
    assert output.shape == (1, 8, FRAMES)
    assert relative_error(output, reference.evaluate(rows_for(reference, conditionings, [3.0]))) < 0.01
    assert reference.memory == 0
    assert denoiser.memory == sum(p.nbytes for p in full.module.model.model.parameters())
