"""Results that reach the host later than they are asked for, as on CUDA."""

import numpy as np
import pytest
import torch

from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.parameters import resolve_parameters
from midifrag.engine.diffusion.request import Request
from midifrag.engine.diffusion.transfers import HostTransfers
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading import device
from midifrag.engine.loading.model import Model
from midifrag.engine.loading.pinned import PinnedBlocks
from midifrag.engine.messages import Failed, Progress, Rendered, Started
from midifrag.engine.network.windowed import WINDOW_LATENTS
from tests.engine.presses import landed, press
from tests.engine.stock import run


class LateCopy(device.HostCopy):
    """On its way until it is waited for; ``waits`` counts those."""

    immediate = arrived = False
    waits = 0

    def wait(self) -> torch.Tensor:
        LateCopy.waits += 1
        return super().wait()


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("midifrag.engine.diffusion.transfers.HostCopy", LateCopy)
    monkeypatch.setitem(WINDOW_LATENTS, "cpu", 16)


def test_the_same_sounds_come_out(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WINDOW_LATENTS, "cpu", 16)
    presses = [press(1, seconds=2.0, steps=2), press(2, steps=20), press(3)]
    at_once = landed(run(DiffusionWorker.from_model(model), *presses))
    monkeypatch.setattr("midifrag.engine.diffusion.transfers.HostCopy", LateCopy)
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
    assert len(worker._audio_windows._calls) == len(worker._output_sums._calls) == 1


@pytest.mark.usefixtures("late")
def test_a_cancelled_request_s_windows_are_dropped(model: Model) -> None:
    alone = landed(run(DiffusionWorker.from_model(model), press(1, seed=9)))[1]
    worker = DiffusionWorker.from_model(model)
    worker.submit(press(1, steps=1))
    worker.submit(press(2, steps=30))
    while not worker.counters.decoder_calls:
        worker.tick()
    # All of it is on its way.
    assert worker.cancel(1)
    assert [event.job for event in worker.tick() if not isinstance(event, Progress)] == []
    events = run(worker, press(1, seed=9))
    assert [event.job for event in events if isinstance(event, Rendered)] == [1, 2]
    np.testing.assert_allclose(landed(events)[1], alone, atol=2e-5 * np.abs(alone).max())
    assert not worker.busy


@pytest.mark.parametrize("is_late", [False, True])
def test_a_window_that_finds_no_memory_is_decoded_again(
    model: Model, monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    monkeypatch.setitem(WINDOW_LATENTS, "cpu", 16)
    alone = landed(run(DiffusionWorker.from_model(model), press(1, seconds=2.0, steps=2)))[1]
    if is_late:
        monkeypatch.setattr("midifrag.engine.diffusion.transfers.HostCopy", LateCopy)
    isfinite, calls = np.isfinite, []

    def short(values: np.ndarray) -> np.ndarray:
        calls.append(values)
        if len(calls) == 2:
            raise MemoryError
        return isfinite(values)

    monkeypatch.setattr("midifrag.engine.diffusion.worker.np.isfinite", short)
    worker = DiffusionWorker.from_model(model)
    worker.submit(press(1, seconds=2.0, steps=2))
    events = [event for _ in range(60) for event in worker.tick()]
    np.testing.assert_allclose(landed(events)[1], alone, atol=2e-5 * np.abs(alone).max())
    assert not worker.busy


def test_what_has_arrived_is_told_before_anything_begins(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("midifrag.engine.diffusion.transfers.HostCopy", LateCopy)
    worker = DiffusionWorker.from_model(model)
    worker.submit(press(1, steps=1))
    while not worker.counters.decoder_calls:
        worker.tick()
    monkeypatch.setattr(LateCopy, "arrived", True)
    worker.submit(press(2))
    assert [type(event) for event in worker.tick()] == [Rendered, Started]


@pytest.mark.usefixtures("late")
def test_nan_is_found_late_and_fails_the_request_once(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DiffusionWorker.from_model(model)
    decode = worker.runner.decode
    monkeypatch.setattr(worker.runner, "decode", lambda *args, **more: decode(*args, **more) * torch.nan)
    events = run(worker, press(1, seconds=2.0, steps=2))
    assert [type(event) for event in events if not isinstance(event, Progress)][1:] == [Failed]
    assert "in the decoder" in events[-1].reason


class Flying(device.HostCopy):
    """Arrives only when a test says so."""

    immediate = False
    arrived = False

    def __init__(self, tensor: torch.Tensor, blocks: PinnedBlocks) -> None:
        super().__init__(tensor)
        self._blocks, self._lent = blocks, blocks.lend(tensor.shape, tensor.dtype)
        self._host = self._lent.tensor.copy_(tensor)


@pytest.fixture
def flying(monkeypatch: pytest.MonkeyPatch) -> HostTransfers:
    monkeypatch.setattr("midifrag.engine.diffusion.transfers.HostCopy", Flying)
    transfers = HostTransfers()
    transfers._blocks = PinnedBlocks(lambda size: torch.zeros(size, dtype=torch.uint8))
    transfers.reserve(8)
    return transfers


def pair(model: Model) -> list[Request]:
    return [Request(press(job), resolve_parameters(press(job), model), job, False) for job in (1, 2)]


def begun(model: Model) -> list[Request]:
    requests = pair(model)
    runner = ModelRunner(model)
    for request in requests:
        runner.begin(request)
    return requests


def test_a_result_s_memory_is_used_again_once_its_rows_were_read(flying: HostTransfers, model: Model) -> None:
    requests, blocks = begun(model), flying._blocks
    at_hand = len(blocks._free)
    flying.add(requests, torch.tensor([1.0, 2.0]))
    assert len(blocks._free) == at_hand - 1
    values = []
    for _snapshot, value in flying.take(0):
        values.append(float(value))
        assert len(blocks._free) == at_hand - 1
    assert values == [1.0, 2.0]
    assert len(blocks._free) == at_hand
    # A reader that fails leaves nothing behind.
    flying.add(requests, torch.tensor([3.0, 4.0]))
    rows = flying.take(0)
    next(rows)
    rows.close()
    assert len(blocks._free) == at_hand


def test_memory_that_the_device_still_writes_to_is_not_used_again(flying: HostTransfers, model: Model) -> None:
    requests, blocks = begun(model), flying._blocks
    at_hand = len(blocks._free)
    flying.add(requests, torch.tensor([1.0, 2.0]))
    [(_, copy)] = flying._calls
    flying.clear()
    assert len(blocks._free) == at_hand - 1
    copy.arrived = True
    flying.clear()
    assert len(blocks._free) == at_hand


def test_what_never_comes_from_a_card_needs_no_blocks(flying: HostTransfers) -> None:
    flying._blocks = PinnedBlocks(lambda _size: pytest.fail("no block was asked for"))
    flying.reserve(0)
    assert flying._blocks._free == []
