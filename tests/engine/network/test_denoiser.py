"""Guidance, and the way back to stock's own forward pass."""

import dataclasses
import logging

import numpy as np
import pytest
import torch

from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.messages import Render
from midifrag.engine.network.architecture import unsupported
from midifrag.engine.network.conditioning import Conditioner, Conditioning
from midifrag.engine.network.denoiser import (
    ModelInput,
    Row,
    StockDenoiser,
    apply_guidance,
    combine_guidance,
    index_tensor,
    is_guided,
)
from tests.engine.architectures import NOT_COVERED
from tests.engine.network.rows import FRAMES, relative_error, rows_for
from tests.engine.stock import loaded, run, stock_audio

CPU = torch.device("cpu")


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


def test_guidance_moves_away_from_the_unconditional_output() -> None:
    conditional, unconditional = torch.full((2, 3, 4), 2.0), torch.full((2, 3, 4), 1.0)
    assert apply_guidance(conditional, unconditional, [1.0, 3.0])[:, 0, 0].tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("guided_rows", "unconditional", "expected"),
    [([], [], [10, 20, 30]), ([0, 1, 2], [2, 3, 4], [18, 37, 56]), ([2, 0], [3, 2], [18, 20, 57])],
)
def test_each_unconditional_output_guides_its_own_row(
    guided_rows: list[int], unconditional: list[float], expected: list[float]
) -> None:
    rows = [Row(ModelInput(torch.zeros(1, 1, 1), 0.5), None, 2.0) for _ in range(3)]
    output = torch.tensor([10.0, 20.0, 30.0, *unconditional]).view(-1, 1, 1)
    assert combine_guidance(output, rows, guided_rows).flatten().tolist() == expected


def test_who_is_guided() -> None:
    prompted = Row(ModelInput(torch.zeros(1, 1, 1), 0.5), Conditioning(cross=torch.zeros(1, 1, 1)), 3.0)
    assert is_guided(prompted)
    assert not is_guided(dataclasses.replace(prompted, cfg_scale=1.0))
    assert not is_guided(dataclasses.replace(prompted, prepared=Conditioning()))


def test_numbers_of_rows_are_sent_to_a_device_once() -> None:
    assert index_tensor((2, 0), CPU) is index_tensor((2, 0), CPU)
    assert index_tensor((2, 0), CPU).tolist() == [2, 0]


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
