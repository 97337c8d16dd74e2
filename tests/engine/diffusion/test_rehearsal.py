"""What is done before a press, and what is measured at it."""

from collections.abc import Callable
from itertools import accumulate
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from midifrag.engine.diffusion import model_runner, rehearsal, warming
from midifrag.engine.diffusion.parameters import resolve_parameters
from midifrag.engine.diffusion.rehearsal import QUICK_SECONDS, RenderShape
from midifrag.engine.diffusion.request import Request
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Rendered, Started
from midifrag.engine.network.decoder import OobleckDecoder
from midifrag.engine.network.graphs import GraphCache, GraphShape
from midifrag.engine.network.transformer import FastDenoiser
from midifrag.engine.network.windows import Window
from tests.engine.presses import landed, of, press
from tests.engine.replayed import Replayed
from tests.engine.stock import loaded, run


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({}, RenderShape(31, guided=True, has_negative=False)),
        ({"cfg_scale": 1.0, "negative_prompt": "hum"}, RenderShape(31, guided=False, has_negative=False)),
        ({"negative_prompt": "hum", "seconds": 0.5}, RenderShape(63, guided=True, has_negative=True)),
    ],
)
def test_what_makes_renders_alike(model: Model, changes: dict[str, Any], shape: RenderShape) -> None:
    assert RenderShape.of(resolve_parameters(press(1, **changes), model)) == shape
    assert shape.of_batch(4) == GraphShape(4, shape.frames, shape.guided, shape.has_negative)


class Card:
    """A device of which a worker thinks that it is a card; time passes and memory is taken only as calls are made.

    A denoiser call takes ``a_request`` bytes for each of its requests, a decoder call ``a_latent`` bytes for each of
    its latents, of the ``free`` ones. Both take the host ``host_seconds``, and then the device ``seconds`` for each
    request, or ``seconds_a_latent`` for each latent.
    """

    a_request, a_latent, free = 0, 0, 1 << 40
    host_seconds, seconds, seconds_a_latent = 1e-3, 0.0, 0.0

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.now = self.busy_until = 0.0
        self.peak = 0
        self.shortages = 0
        self.calls: list[tuple[str, int]] = []
        card = self

        class Copy(rehearsal.HostCopy):
            def wait(self) -> torch.Tensor:
                card.now = max(card.now, card.busy_until)
                return super().wait()

        monkeypatch.setattr(rehearsal, "HostCopy", Copy)
        monkeypatch.setattr(rehearsal, "monotonic", lambda: self.now)
        monkeypatch.setattr(rehearsal, "peak_bytes", self.peak_of)
        monkeypatch.setattr(model_runner, "free_bytes", lambda _device: self.free)

    def peak_of(self, _device: torch.device, work: Callable[[], object]) -> int:
        self.peak = 0
        work()
        return self.peak

    def take(self, what: str, amount: int, each: int, seconds: float) -> None:
        self.calls.append((what, amount))
        self.now += self.host_seconds
        self.busy_until = max(self.now, self.busy_until) + amount * seconds
        self.peak = max(self.peak, amount * each)
        if amount * each > self.free:
            self.shortages += 1
            raise torch.OutOfMemoryError("CUDA out of memory")

    def worker(self, model: Model, *, records: bool = False, **options: object) -> DiffusionWorker:
        worker = DiffusionWorker.from_model(model, **options)
        runner, module = worker.runner, model.module
        runner.parts._decoders[model.precision] = OobleckDecoder(module, torch.float32, torch.device("cuda"))
        denoiser = runner.parts.denoiser()
        assert isinstance(denoiser, FastDenoiser)
        denoiser.captures_graphs, denoiser._graphs = records, GraphCache(Replayed)
        denoise, decode, make = runner.denoise, runner.decode_window, runner.recordings.make

        def denoised(batch: list[Request]) -> torch.Tensor:
            self.take("denoise", len(batch), self.a_request, self.seconds)
            return denoise(batch)

        def decoded(batch: list[Request], window: Window) -> torch.Tensor:
            self.take("decode", len(batch) * window.latents, self.a_latent, self.seconds_a_latent)
            return decode(batch, window)

        def made(shape: GraphShape) -> None:
            self.calls.append(("record", shape.batch))
            make(shape)

        for name, work in (("denoise", denoised), ("decode_window", decoded)):
            self._monkeypatch.setattr(runner, name, work)
        self._monkeypatch.setattr(runner.recordings, "make", made)
        return worker


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    return Card(monkeypatch)


def met(worker: DiffusionWorker) -> set[tuple[int, int]]:
    decoder = worker.runner.parts.decoder()
    assert isinstance(decoder, OobleckDecoder)
    return set(decoder._met)


def test_whatever_length_is_played_its_windows_were_rehearsed(card: Card) -> None:
    """Like Stable Audio Open 1.0, the model always renders its whole length, and decodes what is asked for."""
    model = loaded(short_latents=False)
    worker = card.worker(model, max_in_flight=4)
    list(worker.warm((press(1, seconds=2.0),)))
    warm = met(worker)
    lengths = (0.2, 0.2, 0.2, 0.55, 0.9, 1.31, 1.31, 2.0)
    presses = [press(job, seconds=seconds) for job, seconds in enumerate(lengths)]
    ours = landed(run(worker, *presses))
    assert met(worker) == warm
    plain = landed(run(DiffusionWorker.from_model(model), *presses))
    for job, audio in plain.items():
        np.testing.assert_allclose(ours[job], audio, atol=2e-5 * np.abs(audio).max(), rtol=0)


def test_windows_are_not_rehearsed_again_for_renders_of_another_kind(card: Card) -> None:
    worker = card.worker(loaded(short_latents=False), max_in_flight=2)
    list(worker.warm((press(1, seconds=2.0),)))
    card.calls.clear()
    list(worker.warm((press(1, seconds=2.0, cfg_scale=1.0),)))
    assert not [each for each in card.calls if each[0] == "decode"]
    assert [each for each in card.calls if each[0] == "denoise"]


def test_calls_stay_within_the_memory_that_is_free_and_it_is_told(card: Card) -> None:
    """Sixteen at once on a card with room for five, and for a window of 130 latents."""
    card.free = 1000 << 20
    card.a_request, card.a_latent = 140 << 20, 5_800_000
    model = loaded(short_latents=False)
    worker = card.worker(model, max_in_flight=16)
    list(worker.warm((press(1, seconds=2.0),)))
    assert "memory for 5 at once" in worker.info().warmed
    assert card.shortages == 0
    card.calls.clear()
    events = run(worker, *(press(job, seconds=2.0) for job in range(16)))
    assert len(of(Rendered, events)) == 16
    assert card.shortages == 0
    assert max(amount for what, amount in card.calls if what == "denoise") == 5
    # Fewer at once, and not all of them more slowly.
    begun = [isinstance(event, Started) - isinstance(event, Rendered) for event in events]
    assert max(accumulate(begun)) == 5
    assert max(amount for what, amount in card.calls if what == "decode") == 128


def test_where_there_is_room_for_all_nothing_is_said(card: Card) -> None:
    card.a_request, card.a_latent = 140 << 20, 4 << 20
    worker = card.worker(loaded(short_latents=False), max_in_flight=4)
    list(worker.warm((press(1, seconds=2.0),)))
    assert "memory for" not in worker.info().warmed
    assert max(amount for what, amount in card.calls if what == "decode") == 4 * 256


def test_what_did_not_fit_all_the_same_is_not_tried_again(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small windows seem to take next to nothing here."""
    monkeypatch.setattr(rehearsal, "peak_bytes", lambda _device, work: (work(), 1)[1])
    card.a_latent = card.free // 200
    worker = card.worker(loaded(short_latents=False), max_in_flight=1)
    list(worker.warm((press(1, seconds=2.0),)))
    assert card.shortages == 1
    assert len(of(Rendered, run(worker, press(1, seconds=2.0)))) == 1
    assert card.shortages == 1


def test_a_slow_card_decodes_one_small_window_at_a_time(card: Card) -> None:
    card.seconds_a_latent = QUICK_SECONDS / 100
    worker = card.worker(loaded(short_latents=False), max_in_flight=4)
    list(worker.warm((press(1, seconds=2.0),)))
    assert worker.runner.is_slow
    assert (128, 1) in met(worker)
    card.calls.clear()
    run(worker, *(press(job, seconds=2.0) for job in range(3)))
    assert max(amount for what, amount in card.calls if what == "decode") <= 256


def test_only_what_a_card_waits_for_is_recorded(card: Card) -> None:
    """The host has a call on its way in 3 ms; the card takes half as long again, or a tenth for each request."""
    card.host_seconds, card.seconds = 3e-3, 1.5e-3
    worker = card.worker(loaded(), records=True, max_in_flight=16)
    list(worker.warm((press(1),)))
    recorded = [amount for what, amount in card.calls if what == "record"]
    assert recorded == []
    card.seconds = 0.3e-3
    list(worker.warm((press(1, cfg_scale=1.0),)))
    assert [amount for what, amount in card.calls if what == "record"] == [2, 1]
    assert len(worker.runner.recordings) == 2


def test_everything_is_recorded_before_anything_is_rehearsed(card: Card) -> None:
    card.host_seconds = 3e-3
    worker = card.worker(loaded(), records=True, max_in_flight=4)
    list(worker.warm((press(1), press(2, cfg_scale=1.0), press(3, seconds=1.0))))
    kinds = [what for what, _ in card.calls]
    assert [amount for what, amount in card.calls if what == "record"] == [4, 4, 4, 2, 2, 2, 1, 1, 1]
    assert "decode" not in kinds[: len(kinds) - kinds[::-1].index("record")]


def test_what_calls_took_says_how_batches_are_evaluated(card: Card) -> None:
    card.host_seconds, card.seconds = 3e-3, 0.1e-3
    worker = card.worker(loaded(), records=True, max_in_flight=8)
    list(worker.warm((press(1),)))
    denoiser = worker.runner.parts.denoiser()
    assert isinstance(denoiser, FastDenoiser)
    assert {shape.batch for shape in denoiser.costs._recorded} == {1, 2, 4}
    assert all(seconds > 0 for seconds in denoiser.costs._recorded.values())
    [plain] = denoiser.costs._plain.values()
    assert list(plain) == [2, 4, 8, 16]
    assert plain[16] == pytest.approx(3.8e-3)


def test_what_only_chords_took_is_given_back_and_a_single_press_keeps_what_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    monkeypatch.setattr(warming, "free_cached", lambda _device: done.append("free"))

    def once_more() -> Any:
        done.append("once more")
        yield

    for kind in ("cuda", "cpu"):
        runner = SimpleNamespace(
            model=SimpleNamespace(device=torch.device(kind)), release_batch=lambda: done.append("release")
        )
        list(warming._give_back(runner, SimpleNamespace(once_more=once_more)))
    assert done == ["release", "free", "once more"]


def test_once_more_is_a_step_and_a_window(card: Card) -> None:
    worker = card.worker(loaded(short_latents=False))
    parameters = resolve_parameters(press(1, seconds=2.0), worker.model)
    last = rehearsal.Rehearsal(worker.runner, parameters, RenderShape.of(parameters), 4, worker._limit)
    list(last.once_more())
    assert card.calls == [("denoise", 1), ("decode", 256)]
