"""Takes that begin from a sound: against stock where that means the same, alone and among others, at every strength."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from midifrag.audio import SourceSound
from midifrag.config.samplers import SAMPLER_KINDS, samplers_for
from midifrag.engine.diffusion.encoded_sounds import fitted
from midifrag.engine.diffusion.parameters import frames_for
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render, Rendered
from midifrag.errors import RequestError
from tests.engine.sa3_models import sa3
from tests.engine.stock import loaded, run, stock_audio

#: Decibels between a sound and its difference from what it should be.
ENOUGH = 80.0
SECONDS = 0.4


@cache
def model_of(objective: str) -> Model:
    if objective != "sa3":
        return loaded(objective)
    model = sa3("small", "rf_denoiser")
    with torch.no_grad():
        # So that what a frame is told of a sound has more of a say than rounding.
        for layer in model.module.model.model.transformer.layers:
            layer.to_local_embed[-1].weight.mul_(30)
    return model


@cache
def worker_of(objective: str) -> DiffusionWorker:
    return DiffusionWorker.from_model(model_of(objective))


def frames_of(model: Model) -> int:
    return frames_for(model, SECONDS, round(SECONDS * model.sample_rate))


def sound_of(seed: int, rate: int, seconds: float = SECONDS, channels: int = 2) -> SourceSound:
    drawn = np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, round(seconds * rate)))
    return SourceSound.of(drawn.astype(np.float32), rate)


def asked(job: int, objective: str, **more: Any) -> Render:
    rate = model_of(objective).sample_rate
    told = {"prompt": "rain", "seconds": SECONDS, "seed": 7, "steps": 4, "cfg_scale": 1.0, "sound": sound_of(1, rate)}
    return Render(**{"job": job, **told, **more})


def played(objective: str, **more: Any) -> np.ndarray:
    last = run(worker_of(objective), asked(1, objective, **more))[-1]
    assert isinstance(last, Rendered), last
    return last.audio


def decibels(wanted: np.ndarray, ours: np.ndarray) -> float:
    error = float(np.linalg.norm(wanted - ours))
    return math.inf if not error else 20 * float(np.log10(np.linalg.norm(wanted) / error))


def through_the_codec(objective: str, sound: SourceSound) -> np.ndarray:
    """What stock's own autoencoder makes of a sound, with latents that are the mean."""
    model = model_of(objective)
    frames = frames_of(model)
    audio = torch.from_numpy(fitted(sound, model.sample_rate, 2, frames * model.downsampling)).unsqueeze(0)
    pretransform = model.module.pretransform
    with torch.inference_mode():
        latents = pretransform.model.encoder(audio) if model.variable is None else pretransform.encode(audio)
        latents = latents.chunk(2, dim=1)[0] if model.variable is None else latents
        return pretransform.decode(latents)[0, :, : round(SECONDS * model.sample_rate)].numpy()


KINDS = ("v", "rectified_flow", "rf_denoiser", "sa3")


@pytest.mark.parametrize("objective", KINDS)
def test_at_0_the_sound_comes_back_as_the_codec_has_it_and_at_1_nothing_is_left_of_it(objective: str) -> None:
    sound = sound_of(1, model_of(objective).sample_rate)
    assert decibels(through_the_codec(objective, sound), played(objective, strength=0.0)) > ENOUGH
    plain = played(objective, sound=None)
    np.testing.assert_array_equal(played(objective, strength=1.0), plain)


STRENGTHS = (0.05, 0.2, 0.4, 0.6, 0.8)


def distances(objective: str, **more: Any) -> list[float]:
    """How far from the sound each strength leads, of several seeds together."""
    seeds = (7, 8, 9, 10)
    renders = [
        asked(100 * index + seed, objective, strength=strength, seed=seed, **more)
        for index, strength in enumerate((0.0, *STRENGTHS))
        for seed in seeds
    ]
    made = {one.job: one.audio for one in run(worker_of(objective), *renders) if isinstance(one, Rendered)}
    source = made[seeds[0]]
    steps = range(1, 1 + len(STRENGTHS))
    return [float(sum(np.linalg.norm(made[100 * index + seed] - source) for seed in seeds)) for index in steps]


@pytest.mark.parametrize("sampler", SAMPLER_KINDS)
def test_the_more_strength_the_further_from_the_sound_with_every_sampler(sampler: str) -> None:
    [objective] = [one for one in ("v", "rectified_flow") if sampler in samplers_for(one)]
    far = distances(objective, sampler=sampler)
    assert far == sorted(far)
    assert far[0] > 0


@pytest.mark.parametrize("schedule", ["classic", "model"])
def test_the_more_strength_the_further_from_the_sound_in_stable_audio_3(schedule: str) -> None:
    far = distances("sa3", schedule=schedule, sampler="euler")
    assert far == sorted(far)


@pytest.mark.parametrize("objective", KINDS)
def test_the_same_seed_is_the_same_sound_and_among_others_what_it_is_alone(objective: str) -> None:
    rate = model_of(objective).sample_rate
    part = {"fill": (0.1, 0.2), "strength": None} if objective == "sa3" else {"strength": 0.5}
    renders = [
        asked(1, objective, strength=0.3),
        asked(2, objective, sound=None),
        asked(3, objective, strength=0.7, sound=sound_of(2, rate), cfg_scale=3.0),
        asked(4, objective, sound=None, negative_prompt="hum", cfg_scale=2.0, seed=9),
        asked(5, objective, seed=11, **part),
        asked(6, objective, strength=0.0, sound=sound_of(2, rate)),
    ]
    together = {
        one.job: one.audio
        for one in run(DiffusionWorker.from_model(model_of(objective)), *renders)
        if isinstance(one, Rendered)
    }
    assert sorted(together) == [1, 2, 3, 4, 5, 6]
    for render in renders:
        alone = run(worker_of(objective), render)[-1].audio
        assert decibels(alone, together[render.job]) > ENOUGH


def as_the_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stock draws what it begins from; the mean of that is what a sound is here."""
    monkeypatch.setattr("stable_audio_tools.models.bottleneck.vae_sample", lambda mean, _scale: (mean, torch.zeros(1)))


@pytest.mark.parametrize("sampler", ["dpmpp-2m", "k-heun", "k-lms", "k-dpm-2"])
def test_v_models_play_what_stock_plays_where_its_noise_level_is_the_same_sigma(
    sampler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_the_mean(monkeypatch)
    model, sound = model_of("v"), sound_of(1, 8000)
    # σ of 4 at the top: four parts of noise to one of the sound. From there to σ min both are even in log σ.
    ours = played("v", strength=0.8, sampler=sampler, sigma_min=0.3, cfg_scale=3.0)
    stock = stock_audio(
        model,
        seed=7,
        frames=frames_of(model),
        seconds=SECONDS,
        steps=4,
        cfg_scale=3.0,
        sampler_type=sampler,
        sigma_min=0.3,
        init_audio=(8000, torch.from_numpy(sound.audio)),
        init_noise_level=4.0,
    ).numpy()[:, : ours.shape[1]]
    assert decibels(stock, ours) > ENOUGH


@pytest.mark.parametrize("sampler", ["euler", "dpmpp", "pingpong"])
def test_flow_models_play_what_stock_plays_with_levels_that_begin_where_the_sound_does(
    sampler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stock is told our levels: its own go back up, and lose the sound."""
    as_the_mean(monkeypatch)
    model, sound = model_of("rectified_flow"), sound_of(1, 8000)
    ours = played("rectified_flow", strength=0.3, sampler=sampler)
    begin = math.log(0.7 / 0.3)
    levels = torch.sigmoid(-torch.linspace(begin, begin + 2, 5))
    levels[0], levels[-1] = 0.3, 0.0
    monkeypatch.setattr("stable_audio_tools.inference.sampling.build_schedule", lambda **_: levels)
    stock = stock_audio(
        model,
        seed=7,
        frames=frames_of(model),
        seconds=SECONDS,
        steps=4,
        cfg_scale=1.0,
        sampler_type=sampler,
        init_audio=(8000, torch.from_numpy(sound.audio)),
        init_noise_level=0.3,
    ).numpy()[:, : ours.shape[1]]
    assert decibels(stock, ours) > ENOUGH


@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_a_part_that_is_made_anew_is_stock_s_and_all_else_stays(scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    model, sound = model_of("sa3"), sound_of(1, 1000, 1.0)
    ours = played("sa3", fill=(0.2, 0.6), seconds=1.0, sound=sound, cfg_scale=scale)
    frames = model.sample_size // model.downsampling
    latents = stock_audio(
        model,
        seed=7,
        frames=frames,
        seconds=1.0,
        steps=4,
        cfg_scale=scale,
        sampler_type="pingpong",
        inpaint_audio=(1000, torch.from_numpy(sound.audio)),
        inpaint_mask_start_seconds=0.2,
        inpaint_mask_end_seconds=0.6,
        return_latents=True,
    )
    pretransform = model.module.pretransform
    used = model.variable.rendered(1.0)
    with torch.inference_mode():
        whole = pretransform.encode(torch.from_numpy(fitted(sound, 1000, 2, used * 64)).unsqueeze(0))
        begins = torch.arange(used) * 64
        stays = ((begins < 200) | (begins >= 600)) & (begins < 1000)
        wanted = pretransform.decode(torch.where(stays, whole, latents[None]))[0, :, :1000].numpy()
    assert decibels(wanted, ours) > ENOUGH
    untouched = pretransform.decode(whole)[0].detach().numpy()
    # A latent's sound reaches a little into that of its neighbours.
    assert decibels(untouched[:, : 128 - 64], ours[:, : 128 - 64]) > ENOUGH


def test_a_sound_goes_on_where_it_ends_and_stays_before_that() -> None:
    sound = sound_of(1, 1000, 1.0)
    ours = played("sa3", fill=(1.0, 2.0), seconds=2.0, sound=sound)
    assert ours.shape == (2, 2000)
    back = played("sa3", strength=0.0, seconds=2.0, sound=sound)
    assert decibels(back[:, :700], ours[:, :700]) > ENOUGH
    assert decibels(back[:, 1000:], ours[:, 1000:]) < 40


def test_what_is_kept_of_a_sound_is_told_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside what is kept in the end, so that what is made anew goes on from it."""
    runner, ends = worker_of("sa3").runner, []
    decode = runner.decode_window
    monkeypatch.setattr(
        runner, "decode_window", lambda batch, window: (ends.append(batch[0].state.x), decode(batch, window))[1]
    )
    played("sa3", fill=(0.1, 0.3))
    played("sa3", sound=None)
    # The latents that are made anew, from the same noise.
    told, untold = (latents[..., 2:5] for latents in ends)
    assert float((told - untold).norm()) > 1e-3 * float(untold.norm())


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("objective", KINDS)
def test_few_steps_at_any_strength_are_finite(objective: str, steps: int) -> None:
    for strength in (0.001, 0.1, 0.999):
        assert np.isfinite(played(objective, strength=strength, steps=steps)).all()


def test_a_sound_is_encoded_once_and_another_one_again(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DiffusionWorker.from_model(model_of("rectified_flow"))
    for job, strength in enumerate((0.3, 0.6, 0.0), start=1):
        run(worker, asked(job, "rectified_flow", strength=strength))
    assert worker.runner.sounds.runs == 1
    run(worker, asked(9, "rectified_flow", sound=sound_of(2, 8000)))
    assert worker.runner.sounds.runs == 2


def test_the_usual_strength_is_told_and_makes_the_same_again() -> None:
    event = run(worker_of("v"), asked(1, "v"))[-1]
    assert event.used["strength"] == 0.6
    again = Render(2, **event.used, sound=sound_of(1, 8000))
    np.testing.assert_array_equal(run(worker_of("v"), again)[-1].audio, event.audio)
    assert run(worker_of("v"), asked(1, "v", sound=None, strength=0.4))[-1].used["strength"] is None


@pytest.mark.parametrize(
    ("objective", "more", "words"),
    [
        ("v", {"fill": (0.1, 0.2)}, "makes no part of a sound anew"),
        ("sa3", {"fill": (0.3, 0.2)}, "fill: 0.3 to 0.2 s"),
        ("sa3", {"fill": (0.3, 0.5)}, "fill: 0.3 to 0.5 s is no part of 0.4 s"),
        ("v", {"strength": 1.5}, "strength: 1.5 is above 1"),
    ],
)
def test_what_cannot_be_made_of_a_sound_is_refused(objective: str, more: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        worker_of(objective).submit(asked(1, objective, **more))


def test_a_model_without_an_encoder_refuses_a_sound_and_says_so() -> None:
    worker = DiffusionWorker.from_model(replace(model_of("v"), encodes=False))
    assert worker.info().begins_from == ()
    with pytest.raises(RequestError, match="cannot begin from a sound"):
        worker.submit(asked(1, "v"))
    assert worker_of("v").info().begins_from == ("sound",)
    assert worker_of("sa3").info().begins_from == ("sound", "part")
