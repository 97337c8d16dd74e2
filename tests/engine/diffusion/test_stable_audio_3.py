"""Stable Audio 3, shrunk: each kind plays what stock plays, by seed, alone and among others, whatever the length."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from midifrag.config.samplers import samplers_for
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render, Rendered
from midifrag.engine.network.denoiser import StockDenoiser
from tests.engine.sa3_models import Sort, sa3
from tests.engine.stock import run, stock_audio

#: Decibels between a sound and its difference from stock's.
ENOUGH = 80.0
#: How each is played: with guidance as a base model, without as what was made of it.
SCALES = {"rf_denoiser": 1.0, "rectified_flow": 7.0}
KINDS = [(sort, objective) for sort in ("small", "medium") for objective in SCALES]


@cache
def model_of(sort: Sort, objective: str) -> Model:
    return sa3(sort, objective)


@cache
def worker_of(sort: Sort, objective: str) -> DiffusionWorker:
    return DiffusionWorker.from_model(model_of(sort, objective))


def decibels(stock: np.ndarray, ours: np.ndarray) -> float:
    error = float(np.linalg.norm(stock - ours))
    return float("inf") if not error else 20 * float(np.log10(np.linalg.norm(stock) / error))


def asked(objective: str, **more: Any) -> dict[str, Any]:
    return {"steps": 3, "cfg_scale": SCALES[objective], **more}


def stock_of(model: Model, seconds: float, seed: int = 7, prompt: str = "rain", **settings: Any) -> np.ndarray:
    """What stock makes of its own: it finds the number of latents, the padding and the schedule by itself."""
    sampler = settings.pop("sampler", model.defaults.sampler)
    frames = model.sample_size // model.downsampling
    words = {"prompt": prompt, "negative_prompt": settings.pop("negative_prompt", "")}
    audio = stock_audio(
        model, seed=seed, frames=frames, seconds=seconds, sampler_type=sampler, **words, **settings
    ).numpy()
    assert float(audio.std()) > 1e-3
    return audio[:, : round(seconds * model.sample_rate)]


@pytest.mark.parametrize("seconds", [0.5, 2.3])
@pytest.mark.parametrize(("sort", "objective"), KINDS)
def test_each_kind_plays_what_stock_plays(sort: Sort, objective: str, seconds: float) -> None:
    model, settings = model_of(sort, objective), asked(objective)
    ours = run(worker_of(sort, objective), Render(1, "rain", seconds, 7, **settings))[-1]
    assert ours.audio.shape == (2, round(seconds * model.sample_rate))
    assert decibels(stock_of(model, seconds, **settings), ours.audio) > ENOUGH
    assert (ours.used["guidance"], ours.used["schedule"]) == ("apg", "model")


@pytest.mark.parametrize("seconds", [15.9, 16.0])
def test_the_longest_takes_have_no_room_beyond_them(seconds: float) -> None:
    model = model_of("small", "rf_denoiser")
    settings = asked("rf_denoiser", steps=1)
    ours = run(worker_of("small", "rf_denoiser"), Render(1, "rain", seconds, 7, **settings))[-1]
    assert decibels(stock_of(model, seconds, **settings), ours.audio) > ENOUGH


@pytest.mark.parametrize("sampler", samplers_for("rf_denoiser"))
def test_every_sampler_plays_what_stock_plays(sampler: str) -> None:
    model = model_of("small", "rf_denoiser")
    settings = asked("rf_denoiser", sampler=sampler, cfg_scale=1.0 if sampler == "rk4" else 3.0)
    ours = run(worker_of("small", "rf_denoiser"), Render(1, "rain", 0.7, 7, **settings))[-1]
    if sampler == "rk4":
        # Stock takes no step at all along a schedule of a take's own length. This one is the same for every length.
        # Its last question is at 1e-5, where stock's guidance divides what fp32 has rounded by that.
        settings["use_effective_length_for_schedule"] = False
    assert decibels(stock_of(model, 0.7, **settings), ours.audio) > ENOUGH


@pytest.mark.parametrize("guidance", ["apg", "cfg"])
@pytest.mark.parametrize("negative", ["", "hum"])
def test_either_guidance_with_a_negative_prompt_or_without(guidance: str, negative: str) -> None:
    model = model_of("medium", "rectified_flow")
    settings = asked("rectified_flow", guidance=guidance, negative_prompt=negative)
    ours = run(worker_of("medium", "rectified_flow"), Render(1, "rain", 0.7, 7, **settings))[-1]
    assert decibels(stock_of(model, 0.7, **settings), ours.audio) > ENOUGH


@pytest.mark.parametrize("sampler", ["pingpong", "euler", "dpmpp"])
@pytest.mark.parametrize("sort", ["small", "medium"])
def test_stock_s_own_network_is_played_to_the_bit(sort: Sort, sampler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Latents; decoded in windows, they are no further off than sums in another order."""
    monkeypatch.setattr("midifrag.engine.diffusion.model_parts.unsupported", lambda _module: "something else")
    model, settings = sa3(sort, "rf_denoiser"), asked("rf_denoiser")
    worker = DiffusionWorker.from_model(model)
    assert isinstance(worker.runner.parts.denoiser(), StockDenoiser)
    ends = []
    decode = worker.runner.decode_window
    monkeypatch.setattr(
        worker.runner, "decode_window", lambda batch, window: (ends.append(batch[0].state.x), decode(batch, window))[1]
    )
    run(worker, Render(1, "rain", 0.7, 7, sampler=sampler, **settings))
    latents = stock_audio(
        model,
        seed=7,
        frames=model.sample_size // model.downsampling,
        seconds=0.7,
        sampler_type=sampler,
        return_latents=True,
        **settings,
    ).numpy()
    if sampler == "dpmpp":
        # Stock's coefficient for the same step is written otherwise.
        assert decibels(latents, ends[0][0].numpy()) > 100
    else:
        np.testing.assert_array_equal(ends[0][0].numpy(), latents)


@pytest.mark.parametrize("sort", ["small", "medium"])
def test_among_others_a_sound_is_what_it_is_alone(sort: Sort) -> None:
    """Of other prompts, lengths, guidance and numbers of steps; two are of one length in latents, not in seconds."""
    renders = [
        Render(1, "rain", 0.7, 7, **asked("rf_denoiser")),
        Render(2, "a long and slow pad", 0.705, 8, **asked("rf_denoiser", cfg_scale=4.0)),
        Render(3, "bell", 0.7, 9, negative_prompt="hum", **asked("rf_denoiser", cfg_scale=2.0, guidance="cfg")),
        Render(4, "bell " * 30, 0.7, 10, **asked("rf_denoiser", steps=2)),
        Render(5, "kick", 1.4, 11, **asked("rf_denoiser")),
    ]
    worker = worker_of(sort, "rf_denoiser")
    together = {event.job: event.audio for event in run(worker, *renders) if isinstance(event, Rendered)}
    for render in renders:
        alone = run(worker, render)[-1].audio
        assert decibels(alone, together[render.job]) > ENOUGH


def test_prompt_length_and_seed_have_a_say() -> None:
    """So that the other tests compare what matters."""
    worker = worker_of("small", "rf_denoiser")
    settings = asked("rf_denoiser")
    usual = run(worker, Render(1, "rain", 0.7, 7, **settings))[-1].audio
    others = (
        Render(1, "bell", 0.7, 7, **settings),
        Render(1, "rain", 0.7, 8, **settings),
        Render(1, "rain", 0.72, 7, **settings),
    )
    for other in others:
        assert decibels(usual, run(worker, other)[-1].audio[:, : usual.shape[1]]) < ENOUGH - 20


def test_the_same_seed_is_the_same_sound_each_time() -> None:
    """Stock decodes with noise from no seed."""
    worker, render = worker_of("small", "rf_denoiser"), Render(1, "rain", 0.7, 7, **asked("rf_denoiser"))
    first, second = run(worker, render)[-1].audio, run(worker, render)[-1].audio
    np.testing.assert_array_equal(first, second)


def test_headroom_is_a_setting_and_less_of_it_is_less_work() -> None:
    model = model_of("small", "rf_denoiser")
    short = sa3("small", "rf_denoiser", headroom=1.0)
    assert short.variable.rendered(0.7) < model.variable.rendered(0.7)
    settings = asked("rf_denoiser")
    ours = run(DiffusionWorker.from_model(short), Render(1, "rain", 0.7, 7, **settings))[-1]
    assert decibels(stock_of(short, 0.7, duration_padding_sec=1.0, **settings), ours.audio) > ENOUGH


def test_they_run_on_the_quick_network_and_a_decoder_in_windows() -> None:
    for sort, objective in KINDS:
        denoiser, decoder = worker_of(sort, objective).runner.parts.descriptions
        assert denoiser.startswith("midifrag's own forward pass")
        assert "SAME decoder in windows" in decoder
