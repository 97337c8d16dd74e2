"""What becomes of a request that goes to NaN or infinity."""

import numpy as np
import pytest
import torch

from midifrag.engine.diffusion import model_parts
from midifrag.engine.diffusion.request import Request
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Failed, Rendered, Started
from tests.engine.architectures import COVERED
from tests.engine.presses import landed, of, press
from tests.engine.stock import loaded, run


def test_overflow_in_half_precision_is_rendered_again_in_fp32() -> None:
    """This model's feed-forward really leaves the range of fp16."""
    options = COVERED["all of pocket's"]
    exact = run(DiffusionWorker.from_model(loaded("v", **options)), press(1))[-1].audio
    worker = DiffusionWorker.from_model(loaded("v", precision="fp16", **options))
    events = run(worker, press(1))
    assert events[-1].notes == ("NaN or infinity at step 1 of 5 in fp16; rendered again in fp32",)
    assert len(of(Started, events)) == 1
    np.testing.assert_allclose(events[-1].audio, exact, atol=1e-5 * np.abs(exact).max())
    assert worker.counters.models_built == 4


def test_where_a_card_multiplies_in_bf16_that_comes_before_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def following(failed: str, _device: torch.device) -> str:
        asked.append(failed)
        return "bf16"

    monkeypatch.setattr("midifrag.engine.diffusion.non_finite.next_precision", following)
    worker = DiffusionWorker.from_model(loaded("v", precision="fp16", **COVERED["all of pocket's"]))
    events = run(worker, press(1))
    assert events[-1].notes == ("NaN or infinity at step 1 of 5 in fp16; rendered again in bf16",)
    assert np.isfinite(events[-1].audio).all()
    assert asked == ["fp16"]
    assert list(worker.runner.parts._denoisers) == ["fp16"]


def test_without_room_for_a_wider_copy_the_request_fails_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DiffusionWorker.from_model(loaded("v", precision="fp16", **COVERED["all of pocket's"]))
    monkeypatch.setattr(model_parts, "free_bytes", lambda _device: 1000)
    [failed] = of(Failed, run(worker, press(1)))
    assert failed.not_finite
    assert "in fp16, and cpu has no room for the model in fp32. Try a lower cfg_scale." in failed.reason
    assert worker.counters.models_built == 2
    monkeypatch.setattr(model_parts, "free_bytes", lambda _device: 1 << 30)
    assert len(of(Rendered, run(worker, press(2)))) == 1


def test_the_copies_in_fp32_are_freed_when_their_only_request_is_cancelled() -> None:
    worker = DiffusionWorker.from_model(loaded("v", precision="fp16", **COVERED["all of pocket's"]))
    worker.submit(press(1))
    while worker.counters.models_built < 4:
        worker.tick()
    worker.cancel(1)
    run(worker, press(2))
    assert worker.counters.models_built == 6


def test_nan_fails_one_request_and_spares_the_others(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DiffusionWorker.from_model(model)
    denoise = worker.runner.denoise

    def poisoned(batch: list[Request]) -> torch.Tensor:
        output = denoise(batch).clone()
        for index, request in enumerate(batch):
            if request.job == 2 and request.state.index == 2:
                output[index, 3, 4] = float("nan")
        return output

    monkeypatch.setattr(worker.runner, "denoise", poisoned)
    events = run(worker, press(1), press(2), press(3))
    (failed,) = of(Failed, events)
    assert (failed.job, failed.not_finite) == (2, True)
    assert "NaN or infinity at step 3 of 5" in failed.reason
    assert set(landed(events)) == {1, 3}
