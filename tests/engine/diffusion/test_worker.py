"""The worker: who is on the device when, what comes out of it, and what happens when something goes wrong."""

import re
from typing import Any

import numpy as np
import pytest
import torch

from midifrag.config.samplers import samplers_for
from midifrag.engine.conformance import WorkerConformance
from midifrag.engine.diffusion import worker as worker_module
from midifrag.engine.diffusion.request import Request
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Failed, Progress, Render, Rendered, Started
from midifrag.engine.network.windowed import WINDOW_LATENTS
from tests.engine.architectures import COVERED
from tests.engine.presses import landed, of, press
from tests.engine.stock import loaded, run


class TestDiffusionWorker(WorkerConformance):
    """The shipped conformance tests, with a tiny model."""

    @pytest.fixture(autouse=True)
    def _model(self, model: Model) -> None:
        type(self).tiny = model

    def make_worker(self):
        return DiffusionWorker.from_model(self.tiny)


def test_events_of_one_request(model: Model) -> None:
    events = run(DiffusionWorker.from_model(model), press(1, steps=3))
    assert events[0] == Started(1)
    assert of(Progress, events) == [Progress(1, 1, 3), Progress(1, 2, 3), Progress(1, 3, 3)]
    rendered = events[-1]
    assert rendered.audio.dtype == np.float32
    assert rendered.audio.shape == (2, 1600)
    assert rendered.sample_rate == 8000
    assert rendered.engine_seconds > 0
    again = Render(2, **rendered.used)
    np.testing.assert_array_equal(run(DiffusionWorker.from_model(model), again)[-1].audio, rendered.audio)


@pytest.mark.parametrize("objective", ["v", "rectified_flow"])
def test_neighbours_change_no_rounding_in_half_precision(objective: str) -> None:
    """Rounded in another order, the difference would be that of bf16 to fp32, some 35 dB below the signal."""
    model = loaded(objective, precision="bf16", **COVERED["all of pocket's"])
    together = landed(run(DiffusionWorker.from_model(model), *(press(job, cfg_scale=3.0) for job in range(1, 5))))
    for job in range(1, 5):
        alone = run(DiffusionWorker.from_model(model), press(job, cfg_scale=3.0))[-1].audio
        assert np.linalg.norm(together[job] - alone) < 1e-4 * np.linalg.norm(alone)


@pytest.mark.parametrize("objective", ["v", "rectified_flow", "rf_denoiser"])
def test_same_seed_same_audio_whatever_is_in_flight(objective: str) -> None:
    """Every sampler at once, with all kinds of neighbours, against each alone: equal to 2e-5 of the peak."""
    model = loaded(objective, **COVERED["all of pocket's"])
    variety = [{"cfg_scale": 3.0}, {"cfg_scale": 1.0}, {"cfg_scale": 5.0, "negative_prompt": "hum"}, {"seconds": 0.4}]
    renders = [
        press(job, sampler=name, sigma_max=20.0, sigma_min=0.3, **variety[job % 4])
        for job, name in enumerate([*samplers_for(objective), *samplers_for(objective)])
    ]
    together = landed(run(DiffusionWorker.from_model(model), *renders))
    for render in renders:
        alone = run(DiffusionWorker.from_model(model), render)[-1].audio
        np.testing.assert_allclose(together[render.job], alone, atol=2e-5 * np.abs(alone).max(), rtol=0)


def test_equal_lengths_share_every_call(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    run(worker, *[press(job) for job in range(4)])
    assert worker.counters.denoiser_calls == 5
    assert worker.counters.decoder_calls == 1


def test_a_short_press_beside_a_long_render_shares_its_steps(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    worker.submit(press(1, steps=100))
    for _ in range(1 + 20):
        worker.tick()
    worker.submit(press(2, steps=8))
    ticks, events = 0, []
    while not of(Rendered, events):
        events += worker.tick()
        ticks += 1
    assert events[0] == Started(2)
    assert of(Rendered, events)[0].job == 2
    # Its beginning, its steps, its decoding.
    assert ticks == 1 + 8 + 1
    assert set(of(Progress, events)[-2:]) == {Progress(1, 28, 100), Progress(2, 8, 8)}


def test_different_lengths_take_turns(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    events = run(worker, press(1, steps=6), press(2, steps=6, seconds=1.0))
    assert [event.job for event in of(Progress, events)] == [1, 2] * 6


def test_a_press_stops_spares_at_once_and_they_go_on_later(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    alone = landed(run(DiffusionWorker.from_model(model), press(1)))[1]
    worker.submit(press(1, spare=True))
    for _ in range(1 + 2):
        worker.tick()
    events = run(worker, press(2))
    assert [event.job for event in of(Progress, events)] == [2] * 5 + [1] * 3
    np.testing.assert_allclose(landed(events)[1], alone, atol=2e-5 * np.abs(alone).max())


def test_a_promoted_spare_is_a_press(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    worker.submit(press(1, spare=True))
    worker.promote(1)
    worker.promote(99)
    events = run(worker, press(2))
    assert [event.job for event in of(Progress, events)] == [1, 2] * 5


def test_the_oldest_go_first_up_to_the_limit(model: Model) -> None:
    worker = DiffusionWorker.from_model(model, max_in_flight=2)
    events = run(worker, *[press(job, steps=2) for job in (5, 6, 7)])
    assert [event.job for event in of(Rendered, events)] == [5, 6, 7]
    assert [event.job for event in of(Progress, events)] == [5, 6, 5, 6, 7, 7]


def test_what_a_performer_waits_for_is_told_before_the_next_step(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    worker.submit(press(1, steps=50))
    assert worker.tick() == [Started(1)]
    worker.submit(press(2, steps=1))
    worker.tick()
    assert of(Progress, worker.tick()) == [Progress(1, 1, 50), Progress(2, 1, 1)]
    last = worker.tick()
    assert [event.job for event in of(Rendered, last)] == [2]
    assert not of(Progress, last)


def test_presses_that_cannot_begin_for_want_of_memory_fail_and_others_go_on(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = DiffusionWorker.from_model(model)
    begin = worker.runner.begin

    def short(request: Request) -> bool:
        if request.job in (1, 2):
            raise torch.OutOfMemoryError("out of memory")
        return begin(request)

    monkeypatch.setattr(worker.runner, "begin", short)
    events = run(worker, press(1), press(2), press(3))
    assert [event.job for event in of(Failed, events)] == [1, 2]
    assert [event.job for event in of(Started, events)] == [event.job for event in of(Rendered, events)] == [3]


def test_a_press_that_could_begin_only_at_the_second_try_is_told_to_have_begun(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = DiffusionWorker.from_model(model)
    begin, tries = worker.runner.begin, []

    def short(request: Request) -> bool:
        tries.append(request.job)
        if len(tries) == 1:
            raise torch.OutOfMemoryError("out of memory")
        return begin(request)

    monkeypatch.setattr(worker.runner, "begin", short)
    assert of(Started, run(worker, press(1))) == [Started(1)]


def test_a_sampler_that_ran_out_of_memory_begins_again_with_the_same_noise(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = landed(run(DiffusionWorker.from_model(model), press(1)))[1]
    worker = DiffusionWorker.from_model(model)
    denoise, tries = worker.runner.denoise, []

    def failing(batch: list[Request]) -> torch.Tensor:
        tries.append(len(batch))
        if len(tries) == 3:
            batch[0]._step = _dying(batch[0])
            next(batch[0]._step)
        return denoise(batch)

    monkeypatch.setattr(worker.runner, "denoise", failing)
    np.testing.assert_array_equal(landed(run(worker, press(1)))[1], alone)
    assert len(tries) == 3 + 5


def _dying(request: Request) -> Any:
    yield request.model_input
    raise torch.OutOfMemoryError("out of memory")


def test_a_beginning_that_runs_out_of_memory_is_tried_again(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = landed(run(DiffusionWorker.from_model(model), press(1)))[1]
    start, tries = Request._start_step, []

    def short(request: Request) -> None:
        tries.append(request.job)
        if len(tries) == 1:
            request._start_over()
            raise MemoryError
        start(request)

    monkeypatch.setattr(Request, "_start_step", short)
    np.testing.assert_array_equal(landed(run(DiffusionWorker.from_model(model), press(1)))[1], alone)


def test_a_sound_that_finds_no_memory_to_be_put_together_is_decoded_again(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = landed(run(DiffusionWorker.from_model(model), press(1)))[1]
    worker = DiffusionWorker.from_model(model)
    rendered, tries = Request.rendered, []

    def short(request: Request, sample_rate: int) -> Rendered:
        tries.append(request.job)
        if len(tries) == 1:
            raise MemoryError
        return rendered(request, sample_rate)

    monkeypatch.setattr(Request, "rendered", short)
    np.testing.assert_array_equal(landed(run(worker, press(1)))[1], alone)


def test_cancelled_within_one_step(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    worker.submit(press(1))
    worker.submit(press(2))
    worker.tick()
    assert worker.cancel(1)
    assert not worker.cancel(1)
    events = run(worker)
    assert {event.job for event in events} == {2}
    assert worker.cancel(2) is False


def test_long_audio_is_decoded_between_steps_of_others(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    whole = landed(run(DiffusionWorker.from_model(model), press(1, seconds=2.0, steps=2)))[1]
    monkeypatch.setitem(WINDOW_LATENTS, "cpu", 16)
    worker = DiffusionWorker.from_model(model)
    events = run(worker, press(1, seconds=2.0, steps=2), press(2, steps=20))
    kinds = [(type(event), event.job) for event in events]
    start, end = kinds.index((Progress, 1)), kinds.index((Rendered, 1))
    assert len([kind for kind in kinds[start:end] if kind == (Progress, 2)]) > 10
    assert worker.counters.decoder_calls == 16 + 1
    np.testing.assert_allclose(landed(events)[1], whole, atol=2e-5 * np.abs(whole).max())


def test_a_short_sound_is_decoded_between_the_windows_of_a_long_one(
    monkeypatch: pytest.MonkeyPatch, model: Model
) -> None:
    monkeypatch.setitem(WINDOW_LATENTS, "cpu", 16)
    worker = DiffusionWorker.from_model(model)
    events = run(worker, press(1, seconds=2.0, steps=2), press(2, steps=3))
    assert [event.job for event in of(Rendered, events)] == [2, 1]


def test_a_press_waits_for_a_single_window_of_a_spare(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    monkeypatch.setitem(WINDOW_LATENTS, "cpu", 16)
    windows = {}
    for spare in (True, False):
        worker = DiffusionWorker.from_model(model)
        run(worker, press(1, seconds=2.0, steps=2, spare=spare))
        windows[spare] = worker.counters.decoder_calls
    assert windows == {True: 16, False: 4}


def test_a_slow_device_decodes_in_small_windows_for_the_press_that_may_come(
    monkeypatch: pytest.MonkeyPatch, model: Model
) -> None:
    monkeypatch.setitem(WINDOW_LATENTS, "cpu", 16)
    worker = DiffusionWorker.from_model(model)
    worker.runner.is_slow = True
    run(worker, press(1, seconds=2.0, steps=2))
    assert worker.counters.decoder_calls == 16


def test_words_that_are_cut_are_named(model: Model) -> None:
    """The model's table reads any text, but only 24 letters of it."""
    worker = DiffusionWorker.from_model(model)
    known, cut = (
        run(worker, press(1, prompt="rain on tin")),
        run(worker, press(2, prompt="a bell that rings softly ever")),
    )
    assert of(Rendered, known)[0].notes == ()
    assert of(Rendered, cut)[0].notes == ("tiny does not read so long a prompt; cut: ever",)


def test_info_says_what_memory_is_for(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where stable-audio-tools keeps a text encoder: not in the module tree.
    encoder = torch.nn.Linear(3, 4)
    monkeypatch.setitem(model.module.conditioner.__dict__, "model", encoder)
    worker = DiffusionWorker.from_model(model)
    list(worker.warm((press(1),)))
    info = worker.info()
    assert info.samplers == ("euler", "dpmpp", "rk4", "pingpong")
    weights = sum(each.nbytes for each in model.module.state_dict().values())
    assert info.memory["model"] == weights + sum(each.nbytes for each in encoder.state_dict().values())
    # In the model's own number format the transformer's weights are shared, and the decoder's are made once.
    decoder = sum(each.nbytes for each in model.module.pretransform.model.decoder.parameters())
    assert info.memory["engine"] == decoder
    assert re.fullmatch(r"warm in \d+\.\d s: .*own forward pass in float32; .*decoder in float32", info.warmed)
    assert info.memory["one request in flight"] > 8 * 32 * 4
    worker.close()


def test_half_precision_survives_the_seed_tool_s_noise() -> None:
    """σ from 0.3 to 500 in fp16: σ² would overflow there in the first of 100 steps."""
    settings = {"sigma_min": 0.3, "sigma_max": 500.0, "steps": 10, "sampler": "dpmpp-3m-sde", "cfg_scale": 2.0}
    exact = run(DiffusionWorker.from_model(loaded("v")), press(1, **settings))[-1].audio
    worker = DiffusionWorker.from_model(loaded("v", precision="fp16"))
    rendered = run(worker, press(1, **settings))[-1]
    assert rendered.notes == ()
    assert np.isfinite(rendered.audio).all()
    assert np.linalg.norm(rendered.audio - exact) < 0.1 * np.linalg.norm(exact)


@pytest.mark.parametrize("message", ["CUDA out of memory. Tried to allocate", "CPUAllocator: can't allocate memory"])
def test_memory_short_shrinks_the_batch(model: Model, monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    worker = DiffusionWorker.from_model(model)
    denoise, sizes = worker.runner.denoise, []

    def narrow(batch: list[Request]) -> torch.Tensor:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise RuntimeError(message)
        return denoise(batch)

    monkeypatch.setattr(worker.runner, "denoise", narrow)
    renders = [press(job) for job in range(8)]
    events = run(worker, *renders)
    assert sizes[:3] == [8, 4, 2]
    assert len(of(Started, events)) == 8
    monkeypatch.undo()
    audio, alone = landed(events), run(DiffusionWorker.from_model(model), renders[7])[-1].audio
    assert len(audio) == 8
    np.testing.assert_allclose(audio[7], alone, atol=2e-5 * np.abs(alone).max())


def test_memory_short_for_one_request_fails_it_and_the_next_one_works(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = DiffusionWorker.from_model(model)

    def full(batch: list[Request]) -> torch.Tensor:
        raise torch.OutOfMemoryError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(worker.runner, "denoise", full)
        events = run(worker, press(1))
    assert [type(event) for event in events] == [Started, Failed]
    assert "out of memory even for one request" in events[-1].reason
    assert len(landed(run(worker, press(2)))) == 1


def test_memory_short_in_the_decoder_makes_windows_smaller(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DiffusionWorker.from_model(model)
    decode = worker.runner.decode

    def narrow(batch: list[Request], *, alone: bool) -> torch.Tensor:
        if worker.runner.window(batch[0], alone=alone).samples > 32 * 64:
            raise torch.OutOfMemoryError("out of memory")
        return decode(batch, alone=alone)

    monkeypatch.setattr(worker.runner, "decode", narrow)
    rendered = run(worker, press(1, seconds=2.0))[-1]
    assert rendered.audio.shape == (2, 16000)
    monkeypatch.undo()
    # With memory to spare again the next one is decoded as ever.
    fresh = DiffusionWorker.from_model(model)
    before = worker.counters.decoder_calls
    for one in (worker, fresh):
        run(one, press(2, seconds=2.0))
    assert worker.counters.decoder_calls - before == fresh.counters.decoder_calls


def test_other_errors_are_not_swallowed(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DiffusionWorker.from_model(model)

    def broken(batch: list[Request]) -> torch.Tensor:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(worker.runner, "denoise", broken)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        run(worker, press(1))


@pytest.mark.parametrize("options", [{}, {"fp16_accumulation": True}])
def test_a_device_is_set_up_before_anything_is_computed_on_it(model, monkeypatch, options):
    done: list[Any] = []
    monkeypatch.setattr(worker_module, "set_up_device", done.append)
    monkeypatch.setattr(worker_module, "add_up_in_fp16", lambda device, wanted: done.append((device, wanted)))
    DiffusionWorker.from_model(model, **options)
    assert done == [model.device, (model.device, bool(options))]
