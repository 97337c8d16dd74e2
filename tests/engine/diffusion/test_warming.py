"""Everything that the first press would otherwise wait for."""

from collections.abc import Callable

import pytest
import torch

from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.rehearsal import QUICK_SECONDS
from midifrag.engine.diffusion.request import Request
from midifrag.engine.diffusion.warming import load_with_progress
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Rendered, Warming
from midifrag.engine.network.windowed import WINDOW_LATENTS
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import ModelError
from tests.engine.presses import of, press
from tests.engine.stock import run


class Clock:
    """Time passes only where a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("midifrag.engine.diffusion.rehearsal.monotonic", clock)
    return clock


@pytest.mark.usefixtures("clock")
def test_warm_up_survives_memory_that_runs_out(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DiffusionWorker.from_model(model)
    denoise, sizes = worker.runner.denoise, []

    def short(batch: list[Request]) -> torch.Tensor:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise MemoryError
        return denoise(batch)

    monkeypatch.setattr(worker.runner, "denoise", short)
    list(worker.warm((press(1),)))
    assert max(sizes) == 3
    assert sizes.count(3) == 1
    assert len(of(Rendered, run(worker, press(1)))) == 1


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("call", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("work", ["denoise", "decode"])
def test_memory_may_run_out_at_any_call_of_a_warm_up(
    model: Model, monkeypatch: pytest.MonkeyPatch, work: str, call: int
) -> None:
    """Also at the second one, which is timed."""
    worker = DiffusionWorker.from_model(model, max_in_flight=2)
    original, calls = getattr(worker.runner, work), []

    def short(batch: list[Request], **options: bool) -> torch.Tensor:
        calls.append(batch)
        if len(calls) == call:
            raise MemoryError
        return original(batch, **options)

    monkeypatch.setattr(worker.runner, work, short)
    assert list(worker.warm((press(1),)))[-1].what == "ready"
    assert len(of(Rendered, run(worker, press(1)))) == 1


@pytest.mark.parametrize("slow", [False, True])
def test_what_only_controls_reach_is_rehearsed_alone_and_only_where_that_is_quick(
    model: Model, monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    worker = DiffusionWorker.from_model(model)
    worker.runner.is_slow = slow
    denoise, sizes = worker.runner.denoise, []
    monkeypatch.setattr(worker.runner, "denoise", lambda batch: sizes.append(len(batch)) or denoise(batch))
    list(worker.warm((press(1, spare=True), press(2, seconds=2.0, spare=True), press(3, seconds=500.0, spare=True))))
    assert set(sizes) == (set() if slow else {1})
    assert (len(sizes) > 0) is not slow


def takes(seconds: float, clock: Clock, runner: ModelRunner, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have each denoiser call take so long; the sizes of the batches come into the list."""
    denoise, sizes = runner.denoise, []

    def timed(batch: list[Request]) -> torch.Tensor:
        sizes.append(len(batch))
        clock.now += seconds
        return denoise(batch)

    monkeypatch.setattr(runner, "denoise", timed)
    return sizes


@pytest.mark.parametrize(("seconds", "slow"), [(0.9 * QUICK_SECONDS, False), (1.1 * QUICK_SECONDS, True)])
def test_a_slow_call_is_remembered(
    model: Model, monkeypatch: pytest.MonkeyPatch, clock: Clock, seconds: float, slow: bool
) -> None:
    worker = DiffusionWorker.from_model(model, max_in_flight=3)
    sizes = takes(seconds, clock, worker.runner, monkeypatch)
    list(worker.warm((press(1),)))
    assert worker.runner.is_slow is slow
    assert set(sizes) == ({1} if slow else {1, 2, 3})


def test_where_it_is_slow_the_window_that_will_be_used_is_rehearsed(
    model: Model, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setitem(WINDOW_LATENTS, "cpu", 16)
    worker = DiffusionWorker.from_model(model)
    decode, sizes = worker.runner.decode, []

    def watched(batch: list[Request], *, alone: bool) -> torch.Tensor:
        audio = decode(batch, alone=alone)
        # Only a large window is slow.
        clock.now += 2 * QUICK_SECONDS * (audio.shape[-1] > 16 * 64)
        sizes.append(audio.shape[-1])
        return audio

    monkeypatch.setattr(worker.runner, "denoise", lambda batch: torch.cat([one.model_input.x for one in batch]))
    monkeypatch.setattr(worker.runner, "decode", watched)
    list(worker.warm((press(1, seconds=2.0),)))
    assert worker.runner.is_slow
    assert sizes[-1] == 16 * 64


def test_what_is_warm_is_not_rehearsed_again(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    list(worker.warm((press(1),)))
    calls = worker.counters.denoiser_calls
    list(worker.warm((press(1, prompt="another word"),)))
    assert worker.counters.denoiser_calls == calls
    list(worker.warm((press(1, seconds=2.0),)))
    assert worker.counters.denoiser_calls > calls


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("is_slow", [False, True])
def test_warm_means_warm(model: Model, is_slow: bool) -> None:
    worker = DiffusionWorker.from_model(model)
    worker.runner.is_slow = is_slow
    presses = (press(1), press(2, prompt="bell", negative_prompt="hum", cfg_scale=3.0), press(3, seconds=0.5))
    told = list(worker.warm((*presses, press(4, steps=0))))
    assert all(isinstance(event, Warming) for event in told)
    # Three prompts; where calls are quick, all that follows the first length comes when presses may come.
    total = told[-1].total
    steps = list(range(total + 1)) if is_slow else [*range(4), total]
    assert list(dict.fromkeys(event.done for event in told)) == steps
    before = worker.counters
    known = before.text_encoder_runs, len(worker.runner.recordings), before.models_built
    assert before.text_encoder_runs == 3
    events = run(worker, *presses)
    assert len(of(Rendered, events)) == 3
    after = worker.counters
    assert (after.text_encoder_runs, len(worker.runner.recordings), after.models_built) == known
    run(worker, press(9, prompt="never heard of"))
    assert worker.counters.text_encoder_runs == 4


@pytest.mark.usefixtures("clock")
def test_chords_are_decoded_warm_too(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DiffusionWorker.from_model(model, max_in_flight=4)
    decode, decoded = worker.runner.decode, set()
    monkeypatch.setattr(
        worker.runner, "decode", lambda batch, alone: (decoded.add(len(batch)), decode(batch, alone=alone))[1]
    )
    list(worker.warm((press(1),)))
    assert decoded == {1, 2, 3, 4}


def test_loading_is_told_as_it_goes(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(choice: EngineChoice, tell: Callable[[int, int, str], None]) -> Model:
        tell(1, 2, choice.model)
        tell(2, 2, "done")
        return model

    monkeypatch.setattr("midifrag.engine.loading.load.load_stable_audio", load)
    loading = load_with_progress(EngineChoice("bells"))
    assert [next(loading), next(loading)] == [Warming(1, 2, "bells"), Warming(2, 2, "done")]
    with pytest.raises(StopIteration) as end:
        next(loading)
    assert end.value.value is model


def test_what_goes_wrong_while_loading_is_raised_where_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_choice: EngineChoice, _tell: Callable[[int, int, str], None]) -> Model:
        raise ModelError("damaged")

    monkeypatch.setattr("midifrag.engine.loading.load.load_stable_audio", load)
    with pytest.raises(ModelError, match="damaged"):
        next(load_with_progress(EngineChoice("bells")))


@pytest.mark.parametrize("slow", [False, True])
def test_on_a_cpu_a_press_may_come_after_the_first_length_and_chords_are_last(
    model: Model, monkeypatch: pytest.MonkeyPatch, clock: Clock, slow: bool
) -> None:
    worker = DiffusionWorker.from_model(model, max_in_flight=3)
    done: list[tuple[str, int, int]] = []

    def noting(name: str) -> Callable[..., torch.Tensor]:
        work: Callable[..., torch.Tensor] = getattr(worker.runner, name)

        def noted(batch: list[Request], **how: bool) -> torch.Tensor:
            done.append((name, batch[0].parameters.frames, len(batch)))
            clock.now += QUICK_SECONDS * slow
            return work(batch, **how)

        return noted

    for name in ("denoise", "decode"):
        monkeypatch.setattr(worker.runner, name, noting(name))
    told = []
    for piece in worker.warm((press(1), press(2, seconds=1.0))):
        if piece.playable:
            told.append(worker.info().warmed)
            alone = list(done)
    frames = list(dict.fromkeys(frames for _, frames, _ in done))
    assert len(frames) == 2

    def calls(lengths: list[int], *counts: int) -> set[tuple[str, int, int]]:
        return {(name, each, n) for name in ("denoise", "decode") for each in lengths for n in counts}

    # Where a press would have to wait for the call of another one, each length goes before it may come.
    assert set(alone) == calls(frames if slow else frames[:1], 1)
    after = [call for call in done[len(alone) :] if call[2] > 1]
    assert set(after) == (set() if slow else calls(frames, 2, 3))
    first_chord = next((at for at, call in enumerate(done) if call[2] > 1), len(done))
    assert set(done[:first_chord]) == calls(frames, 1)
    assert "; more follows while nothing is pressed" in told[0]
    assert "follows" not in worker.info().warmed


def test_chords_are_tried_up_to_one_that_a_press_would_notice_having_to_wait_for(
    model: Model, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    worker = DiffusionWorker.from_model(model, max_in_flight=8)
    denoise, sizes = worker.runner.denoise, []

    def timed(batch: list[Request]) -> torch.Tensor:
        sizes.append(len(batch))
        clock.now += 0.3 * QUICK_SECONDS * len(batch)
        return denoise(batch)

    monkeypatch.setattr(worker.runner, "denoise", timed)
    list(worker.warm((press(1),)))
    assert [size for size in sizes if size > 1] == [2, 3, 4]


def test_where_memory_is_to_be_measured_nothing_is_playable_before_the_end(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = DiffusionWorker.from_model(model, max_in_flight=2)
    monkeypatch.setattr(worker.runner, "room", lambda _held: 1 << 40)
    pieces = list(worker.warm((press(1),)))
    assert not any(piece.playable for piece in pieces)
    assert pieces[-1].what == "ready"
