"""What is left out, by the table and in renders."""

import dataclasses
import re

import numpy as np
import pytest
import torch

from midifrag.engine.diffusion.shortcuts import Shortcuts
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render, Rendered
from midifrag.engine.network import scaled
from midifrag.engine.network.call_rows import Row
from midifrag.engine.network.transformer import FastDenoiser
from midifrag.errors import ModelError
from tests.engine.presses import landed, of, press
from tests.engine.stock import run


def test_without_settings_nothing_is_left_out() -> None:
    shortcuts = Shortcuts.of({})
    assert shortcuts == Shortcuts()
    assert all(shortcuts.guides(index, 7) for index in range(7))
    assert not any(shortcuts.repeats(index, 7) for index in range(7))
    assert str(shortcuts) == ""


def test_guidance_is_worked_out_within_its_interval() -> None:
    shortcuts = Shortcuts.of({"guidance_interval": [0.2, 0.7]})
    assert [index for index in range(10) if shortcuts.guides(index, 10)] == [2, 3, 4, 5, 6]
    assert str(shortcuts) == "guided from 20% to 70% of the steps"


@pytest.mark.parametrize(
    ("steps", "every", "repeated"),
    [(10, 2, [3, 5, 7]), (10, 3, [3, 4, 6, 7]), (40, 30, [*range(5, 34), 35]), (4, 2, []), (1, 4, [])],
)
def test_the_middle_steps_are_repeated_but_one_in_so_many(steps: int, every: int, repeated: list[int]) -> None:
    shortcuts = Shortcuts(step_caching=every)
    assert [index for index in range(steps) if shortcuts.repeats(index, steps)] == repeated
    assert str(shortcuts) == f"one step in {every} worked out"


def render(model: Model, *renders: Render, **options: object) -> tuple[DiffusionWorker, dict[int, np.ndarray]]:
    worker = DiffusionWorker.from_model(model, **options)
    return worker, landed(run(worker, *renders))


def rows_asked_for(monkeypatch: pytest.MonkeyPatch) -> list[list[float]]:
    """The guidance of each row of every call."""
    asked: list[list[float]] = []
    evaluate = FastDenoiser.evaluate

    def listed(self: FastDenoiser, rows: list[Row]) -> torch.Tensor:
        asked.append([row.cfg_scale for row in rows])
        return evaluate(self, rows)

    monkeypatch.setattr(FastDenoiser, "evaluate", listed)
    return asked


def test_steps_outside_the_interval_are_not_guided(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = rows_asked_for(monkeypatch)
    _, audio = render(model, press(1, steps=10, cfg_scale=4.0), guidance_interval=(0.2, 0.7))
    assert asked == [[1.0]] * 2 + [[4.0]] * 5 + [[1.0]] * 3
    _, whole = render(model, press(1, steps=10, cfg_scale=4.0))
    _, same = render(model, press(1, steps=10, cfg_scale=4.0), guidance_interval=(0.0, 1.0))
    np.testing.assert_array_equal(same[1], whole[1])
    assert np.linalg.norm(audio[1] - whole[1]) > 1e-3 * np.linalg.norm(whole[1])


def test_repeated_steps_cost_no_call_and_a_request_sounds_the_same_among_others(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = rows_asked_for(monkeypatch)
    # A sampler of one evaluation a step.
    presses = [press(job, steps=steps, sampler="euler") for job, steps in ((1, 10), (2, 10), (3, 14))]
    worker, alone = render(model, presses[0], step_caching=2)
    assert (len(asked), worker.counters.denoiser_calls) == (7, 7)
    _, together = render(model, *presses, step_caching=2)
    np.testing.assert_allclose(together[1], alone[1], atol=2e-5 * float(np.abs(alone[1]).max()))
    assert len(together) == 3
    _, whole = render(model, presses[0])
    assert 1e-4 < np.linalg.norm(alone[1] - whole[1]) / np.linalg.norm(whole[1]) < 1


def test_an_engine_says_what_it_leaves_out(model: Model) -> None:
    worker, _ = render(model, guidance_interval=(0.2, 0.7), step_caching=2)
    assert worker.info().precision == "fp32, guided from 20% to 70% of the steps, one step in 2 worked out"
    assert render(model)[0].info().precision == "fp32"


def test_warm_up_meets_steps_with_guidance_and_without(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DiffusionWorker.from_model(model, guidance_interval=(0.5, 1.0), step_caching=3, max_in_flight=1)
    asked = rows_asked_for(monkeypatch)
    list(worker.warm((press(1, steps=10, cfg_scale=4.0),)))
    assert {scale for [scale] in asked} == {1.0, 4.0}
    assert {(shape.guided, shape.has_negative) for shape in worker._warmth.shapes} == {(True, False), (False, False)}


def test_fp8_is_told_with_its_decibels_and_falls_back_to_fp16(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, audio = render(dataclasses.replace(model, precision="fp8"), press(1, cfg_scale=1.0))
    assert np.isfinite(audio[1]).all()
    assert re.search(
        r"float16 with linear layers in fp8 \(\d+\.\d dB signal to noise\)", worker.runner.parts.descriptions[0]
    )
    _, exact = render(model, press(1, cfg_scale=1.0))
    noise = np.linalg.norm(audio[1] - exact[1]) / np.linalg.norm(exact[1])
    assert 1e-4 < noise < 0.5
    evaluate = FastDenoiser.evaluate

    def broken(self: FastDenoiser, rows: list[Row]) -> torch.Tensor:
        return evaluate(self, rows) * (float("nan") if "fp8" in self.description else 1)

    monkeypatch.setattr(FastDenoiser, "evaluate", broken)
    [event] = of(Rendered, run(worker, press(2)))
    assert "in fp8; rendered again in fp16" in event.notes[0]


def test_a_card_whose_library_refuses_fp8_is_told_so(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_given: object) -> torch.Tensor:
        raise RuntimeError("Rowwise scaling is not currently supported on your device\nmore")

    monkeypatch.setattr(scaled, "multiply_in_fp32", refused)
    with pytest.raises(ModelError, match=r"fp8 does not work here: Rowwise .* device\. Use precision: auto"):
        DiffusionWorker.from_model(dataclasses.replace(model, precision="fp8"))
