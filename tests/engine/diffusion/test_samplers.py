"""The engine's audio equals stock ``generate_diffusion_cond``'s: same weights, conditioning, noise; fp32."""

from functools import cache

import numpy as np
import pytest

from midifrag.config.samplers import samplers_for
from midifrag.engine.diffusion.noise import Noise
from midifrag.engine.diffusion.samplers import SAMPLERS
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render, Rendered
from tests.engine.stock import DEFAULTS, loaded, run, stock_audio
from tests.support.forms import combined, covering

OBJECTIVES = ("v", "rectified_flow", "rf_denoiser")
#: What 0.2 s need, rounded up to 32 tokens with the one that stands before them.
FRAMES = 31
SECONDS = 0.2
#: Of the peak. Solvers that extrapolate, over five large steps with guidance, amplify rounding: weights that are one
#: rounding off move stock's own audio by 1.6e-4. A wrong coefficient moves it by 1e-2 and more.
TOLERANCE = 3e-4


def settings_for(sampler: str) -> dict[str, float]:
    if SAMPLERS[sampler].uses_sigma_min:
        return {"sigma_min": 0.3, "sigma_max": 50.0}
    return {"sigma_max": 1.0}


def brownian(seed: int, model: Model):
    noise = Noise(seed, model.module.io_channels, FRAMES, model.device)
    noise.draw()
    return noise.draw


@cache
def model_of(objective: str) -> Model:
    return loaded(objective)


@cache
def in_doubles(objective: str) -> Model:
    """The same for `rk4`: its last question is at 1e-5, by which stock's guidance divides what fp32 has rounded."""
    exact = loaded(objective)
    exact.module.double()
    return exact


@pytest.mark.parametrize(
    ("objective", "sampler", "cfg_scale"),
    covering((one, name, scale) for one in OBJECTIVES for name in samplers_for(one) for scale in (1.0, 4.0)),
)
def test_same_audio_as_stock(objective: str, sampler: str, cfg_scale: float) -> None:
    model = model_of(objective)
    exact = in_doubles(objective) if sampler == "rk4" else model
    settings = {"steps": 5, "cfg_scale": cfg_scale, **settings_for(sampler)}
    fresh = brownian(7, model) if SAMPLERS[sampler].fresh_noise == "brownian" else None
    stock = stock_audio(
        exact, seed=7, frames=FRAMES, seconds=SECONDS, fresh=fresh, sampler_type=sampler, **settings
    ).numpy()
    render = Render(1, "rain", SECONDS, 7, sampler=sampler, **settings)
    (ours,) = [each.audio for each in run(DiffusionWorker.from_model(model), render) if isinstance(each, Rendered)]
    assert ours.shape == (2, round(SECONDS * model.sample_rate))
    scale = np.abs(stock).max()
    assert scale > 0.01
    np.testing.assert_allclose(ours / scale, stock[:, : ours.shape[1]] / scale, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("objective", "sampler", "cfg_scale"),
    combined(["rectified_flow", "rf_denoiser"], samplers_for("rectified_flow"), [1.0, 4.0]),
)
def test_same_audio_as_stock_at_its_own_schedule_and_guidance(objective: str, sampler: str, cfg_scale: float) -> None:
    model = model_of(objective)
    exact = in_doubles(objective) if sampler == "rk4" else model
    settings = {"steps": 5, "cfg_scale": cfg_scale, "sigma_max": 1.0}
    ways = {"schedule": "model", "guidance": "apg"}
    stock = stock_audio(exact, seed=7, frames=FRAMES, seconds=SECONDS, sampler_type=sampler, **settings, **ways).numpy()
    worker = DiffusionWorker.from_model(model)
    ours = run(worker, Render(1, "rain", SECONDS, 7, sampler=sampler, **settings, **ways))[-1]
    scale = np.abs(stock).max()
    np.testing.assert_allclose(ours.audio / scale, stock[:, : ours.audio.shape[1]] / scale, atol=TOLERANCE)
    assert ours.used["schedule"] == "model"
    assert ours.used["guidance"] == "apg"


@pytest.mark.parametrize("sampler", samplers_for("v"))
def test_projected_guidance_as_stock_for_v_models(sampler: str) -> None:
    model = model_of("v")
    settings = {"steps": 5, "cfg_scale": 4.0, **settings_for(sampler)}
    fresh = brownian(7, model) if SAMPLERS[sampler].fresh_noise == "brownian" else None
    asked = {"seed": 7, "frames": FRAMES, "seconds": SECONDS, "sampler_type": sampler, "guidance": "apg"}
    stock = stock_audio(model, fresh=fresh, **asked, **settings).numpy()
    render = Render(1, "rain", SECONDS, 7, sampler=sampler, guidance="apg", **settings)
    ours = run(DiffusionWorker.from_model(model), render)[-1]
    scale = np.abs(stock).max()
    np.testing.assert_allclose(ours.audio / scale, stock[:, : ours.audio.shape[1]] / scale, atol=TOLERANCE)
    assert ours.used["schedule"] is None


def test_a_record_without_a_schedule_plays_as_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of a take of before there was a choice."""
    model = model_of("rectified_flow")
    played = run(DiffusionWorker.from_model(model), Render(1, "rain", SECONDS, 7, cfg_scale=4.0))[-1]
    assert (played.used["schedule"], played.used["guidance"]) == ("classic", "cfg")
    old = {name: value for name, value in played.used.items() if name not in ("schedule", "guidance")}
    again = run(DiffusionWorker.from_model(model), Render(1, **old))[-1]
    np.testing.assert_array_equal(again.audio, played.audio)


def test_stock_sampler_default_names_are_offered() -> None:
    for objective, defaults in DEFAULTS.items():
        assert defaults.sampler in samplers_for(objective)


def test_negative_prompt_as_stock() -> None:
    model = model_of("v")
    settings = {"steps": 4, "cfg_scale": 5.0, "sigma_min": 0.3, "sigma_max": 50.0}
    words = {"prompt": "rain", "negative_prompt": "hum"}
    stock = stock_audio(
        model, seed=3, frames=FRAMES, seconds=SECONDS, sampler_type="dpmpp-2m", **words, **settings
    ).numpy()
    events = run(DiffusionWorker.from_model(model), Render(1, seconds=SECONDS, seed=3, **words, **settings))
    plain = run(DiffusionWorker.from_model(model), Render(1, "rain", SECONDS, 3, **settings))
    scale = np.abs(stock).max()
    np.testing.assert_allclose(events[-1].audio / scale, stock[:, : events[-1].audio.shape[1]] / scale, atol=TOLERANCE)
    assert np.abs(events[-1].audio - plain[-1].audio).max() > 0.01 * scale


def test_every_sampler_is_in_the_table_once() -> None:
    assert {name for objective in ("v", "rectified_flow", "rf_denoiser") for name in samplers_for(objective)} == set(
        SAMPLERS
    )
