from unittest import mock

import pytest
import torch

from midifrag.engine.diffusion import model_runner
from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.parameters import resolve_parameters
from midifrag.engine.diffusion.request import Request
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.network.graphs import GraphCache, GraphShape
from midifrag.engine.network.transformer import FastDenoiser
from tests.engine.presses import press
from tests.engine.replayed import Replayed


def recording(model: Model) -> tuple[DiffusionWorker, FastDenoiser]:
    """A worker whose work is recorded as on a card, warm for one press and chords, and its denoiser."""
    worker = DiffusionWorker.from_model(model)
    denoiser = worker.runner.parts.denoiser()
    assert isinstance(denoiser, FastDenoiser)
    denoiser.captures_graphs, denoiser._graphs = True, GraphCache(Replayed)
    # By a clock that stands still everything is waited for, and nothing is slow.
    with mock.patch("midifrag.engine.diffusion.rehearsal.monotonic", return_value=0.0):
        list(worker.warm((press(1),)))
    return worker, denoiser


@pytest.mark.parametrize("shortages", [1, 2])
def test_the_largest_recordings_that_a_shortage_dropped_are_made_again_once(
    model: Model, monkeypatch: pytest.MonkeyPatch, shortages: int
) -> None:
    worker, denoiser = recording(model)
    recorded = denoiser.captures
    assert recorded > 2
    denoise, tries = worker.runner.denoise, []

    def short(batch: list[Request]) -> torch.Tensor:
        tries.append(batch)
        if len(tries) < 3:
            raise MemoryError
        return denoise(batch)

    for job in range(shortages):
        tries.clear()
        with monkeypatch.context() as patch:
            patch.setattr(worker.runner, "denoise", short)
            worker.submit(press(job))
            while worker._requests:
                worker.tick()
        assert denoiser.captures == recorded - 1 - job
    rounds = 0
    while worker.busy:
        assert worker.tick() == []
        rounds += 1
    assert (rounds, denoiser.captures) == ((1, recorded) if shortages == 1 else (0, recorded - 2))


def test_windows_shrink_before_recordings_go_and_of_these_the_largest_goes_first(model: Model) -> None:
    worker, denoiser = recording(model)
    sizes = sorted({shape.batch for shape in denoiser._graphs._captured})
    left = []
    for tries in range(len(sizes) + 1):
        assert worker.runner.free_memory(tries)
        left.append(sorted(shape.batch for shape in denoiser._graphs._captured))
    assert left == [sizes[: len(sizes) - gone] for gone in range(len(sizes) + 1)]
    assert not worker.runner.free_memory(len(sizes) + 1)
    assert len(worker.runner.recordings) == 0
    assert [shape.batch for shape in worker.runner.recordings._lost] == sizes


def test_recordings_are_given_up_where_there_is_no_room_for_them(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DiffusionWorker.from_model(model)
    recordings = worker.runner.recordings
    recordings._lost = [GraphShape(size, 16, guided, False) for guided in (False, True) for size in (1, 2, 4)]
    tried = []

    def full(shape: GraphShape) -> None:
        tried.append(shape.batch)
        if shape.batch > 1:
            raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(recordings, "make", full)
    assert [worker.tick() for _ in range(3) if worker.busy] == [[], [], []]
    assert tried == [1, 2, 1]
    assert not worker.busy


@pytest.mark.parametrize("graphs", [True, False])
def test_a_device_that_can_record_does_without_where_it_is_told_to(model: Model, graphs: bool) -> None:
    worker = DiffusionWorker.from_model(model, graphs=graphs)
    denoiser = worker.runner.parts.denoiser()
    denoiser.captures_graphs, denoiser._graphs = True, GraphCache(Replayed)
    # By a clock that stands still everything is waited for, and nothing is slow.
    with mock.patch("midifrag.engine.diffusion.rehearsal.monotonic", return_value=0.0):
        list(worker.warm((press(1),)))
    assert (denoiser.captures > 0) is graphs
    assert ("without CUDA graphs" in worker.info().warmed) is not graphs


def test_a_prompt_is_encoded_once(model: Model) -> None:
    runner = ModelRunner(model)
    for prompt in ("rain", "bell", "rain"):
        runner.encode(resolve_parameters(press(1, prompt=prompt), model))
    runner.encode(resolve_parameters(press(1, prompt="rain", negative_prompt="bell", seconds=2.0), model))
    assert runner.counters.text_encoder_runs == 2


def test_windows_become_usual_again_after_one_shortage_and_stay_small_after_two(model: Model) -> None:
    runner = ModelRunner(model)
    request = Request(press(1, seconds=2.0), resolve_parameters(press(1, seconds=2.0), model), 1, spare=False)
    usual = runner.window(request, alone=False).samples
    runner.free_memory(0)
    assert runner.window(request, alone=False).samples == usual // 2
    runner.on_idle()
    assert runner.window(request, alone=False).samples == usual
    runner.free_memory(0)
    runner.on_idle()
    assert runner.window(request, alone=False).samples == usual // 2


def test_windows_are_large_only_where_nobody_waits_and_calls_are_quick(model: Model) -> None:
    runner = ModelRunner(model)
    request = Request(press(1, seconds=2.0), resolve_parameters(press(1, seconds=2.0), model), 1, spare=False)
    small, large = (runner.window(request, alone=alone).samples for alone in (False, True))
    assert large > small
    runner.is_slow = True
    assert runner.window(request, alone=True).samples == small


class Counted:
    """A card's memory of which something is in use already, as a runner is built and more is taken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
        weights = sum(each.nbytes for each in model.module.state_dict().values())
        self.live = weights + 1000
        monkeypatch.setattr(model_runner, "live_bytes", lambda _device: self.live)


def test_on_a_card_the_engine_s_memory_is_what_is_in_use_beside_the_model(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Counted(monkeypatch, model)
    runner = ModelRunner(model)
    # The 1000 are another engine's.
    assert runner.memory()["engine"] == 0
    card.live += 5000
    assert runner.memory()["engine"] == 5000
    runner.recordings._bytes, runner.recordings._live_bytes = {1: 4000}, {1: 1500}
    assert runner.memory() == {"model": card.live - 6000, "engine": 3500, "graphs": 4000}
