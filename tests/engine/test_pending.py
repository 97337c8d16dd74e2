"""Results that reach the host later than they are asked for, as on CUDA."""

import numpy as np
import pytest
import torch

from midifrag.engine import device
from midifrag.engine.decoder import WINDOW
from midifrag.engine.messages import Failed, Progress, Rendered
from midifrag.engine.model import Model
from midifrag.engine.worker import DiffusionWorker
from tests.engine.stock import loaded, run
from tests.engine.test_worker import landed, press


@pytest.fixture(scope="module")
def model() -> Model:
    return loaded("rectified_flow")


class LateCopy(device.HostCopy):
    """On its way until it is waited for; ``waits`` counts those."""

    immediate = False
    waits = 0

    def wait(self) -> torch.Tensor:
        LateCopy.waits += 1
        return super().wait()


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("midifrag.engine.pending.HostCopy", LateCopy)
    monkeypatch.setitem(WINDOW, "cpu", 16)


def test_the_same_sounds_come_out(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WINDOW, "cpu", 16)
    presses = [press(1, seconds=2.0, steps=2), press(2, steps=20), press(3)]
    at_once = landed(run(DiffusionWorker.from_model(model), *presses))
    monkeypatch.setattr("midifrag.engine.pending.HostCopy", LateCopy)
    later = landed(run(DiffusionWorker.from_model(model), *presses))
    assert sorted(later) == [1, 2, 3]
    for job, audio in later.items():
        np.testing.assert_array_equal(audio, at_once[job])


@pytest.mark.usefixtures("late")
def test_a_window_is_waited_for_after_the_next_call_was_made(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    worker.submit(press(1, seconds=2.0, steps=1))
    while not worker.counters.decoder_calls:
        worker.tick()
    worker.submit(press(2, steps=5))
    worker.tick()
    before, waits = worker.counters.denoiser_calls, LateCopy.waits
    worker.tick()
    # One more window, one more step; the wait was for the older of each.
    assert worker.counters.denoiser_calls == before + 1
    assert LateCopy.waits == waits + 2
    assert len(worker._windows._calls) == len(worker._verdicts._calls) == 1


@pytest.mark.usefixtures("late")
def test_a_cancelled_request_s_windows_are_dropped(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    worker.submit(press(1, seconds=2.0, steps=1))
    worker.submit(press(2, steps=8))
    while not worker.counters.decoder_calls:
        worker.tick()
    assert worker.cancel(1)
    events = [event for _ in range(30) for event in worker.tick()]
    assert [event.job for event in events if isinstance(event, Rendered)] == [2]
    assert not worker.busy


@pytest.mark.usefixtures("late")
def test_nan_is_found_late_and_fails_the_request_once(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DiffusionWorker.from_model(model)
    decode = worker.renderer.decode
    monkeypatch.setattr(worker.renderer, "decode", lambda *args, **more: decode(*args, **more) * torch.nan)
    events = run(worker, press(1, seconds=2.0, steps=2))
    assert [type(event) for event in events if not isinstance(event, Progress)][1:] == [Failed]
    assert "in the decoder" in events[-1].reason
