"""Configurations of the kinds that are public, shrunk: each plays what stock plays, by seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.load import load_stable_audio
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render
from midifrag.engine.protocol import EngineChoice
from tests.engine.stock import as_model, run, stock_audio
from tests.engine.tiny_models import (
    SAMPLE_RATE,
    for_inpainting,
    module_of,
    save_checkpoint,
    shared_tokenizer,
    tiny_config,
    told_more,
)

#: Decibels between a sound and its difference from stock's.
ENOUGH = 80.0
BPM = {"id": "bpm", "type": "number", "config": {"min_val": 40, "max_val": 240}}
BARS = {"id": "bars", "type": "int", "config": {"min_val": 0, "max_val": 16}}
GENRE = {"id": "genre", "type": "list", "config": {"options": ["techno", "dub"]}}
ENERGY = {"id": "energy", "type": "number", "config": {"min_val": 0, "max_val": 1}}
STYLE = {"id": "style", "type": "lut", "config": {"tokenizer_name": "", "max_length": 8}}


class Kind(NamedTuple):
    """A kind of model: its configuration, what a press says to it, and what stock is told for that."""

    config: Callable[[], dict[str, Any]]
    said: str | None = None
    stock: Mapping[str, Any] = {}
    bpm: float | None = None
    sampler: str = ""


def config_of(objective: Any = "v", **more: Any) -> dict[str, Any]:
    return tiny_config(objective, tokenizer=shared_tokenizer(), **more)


def open_small() -> dict[str, Any]:
    config = config_of("rf_denoiser", attn_kwargs={"qk_norm": "ln"}, global_cond_dim=32)
    config["model"]["conditioning"]["configs"] = [
        entry for entry in config["model"]["conditioning"]["configs"] if entry["id"] != "seconds_start"
    ]
    config["model"]["diffusion"]["cross_attention_cond_ids"] = ["prompt", "seconds_total"]
    config["model"]["diffusion"]["global_cond_ids"] = ["seconds_total"]
    return config


def styled() -> dict[str, Any]:
    style = {**STYLE, "config": {**STYLE["config"], "tokenizer_name": shared_tokenizer()}}
    return told_more(config_of(), style, globally=False)


def whole_seconds() -> dict[str, Any]:
    config = config_of()
    for entry in config["model"]["conditioning"]["configs"][1:]:
        entry["type"] = "int"
    return config


def prepended() -> dict[str, Any]:
    config = told_more(config_of(prepend_cond_dim=32), BPM, globally=False)
    config["model"]["diffusion"]["cross_attention_cond_ids"].remove("bpm")
    config["model"]["diffusion"]["prepend_cond_ids"] = ["bpm"]
    return config


def unused_audio() -> dict[str, Any]:
    """A conditioner that its network does not listen to."""
    config = told_more(config_of(), BPM)
    config["model"]["conditioning"]["configs"].append(ENERGY)
    return config


KINDS = {
    "Stable Audio Open 1.0": Kind(config_of),
    "Stable Audio Open small": Kind(open_small),
    "rectified flow": Kind(lambda: config_of("rectified_flow")),
    "seconds_start of a preset": Kind(config_of, "seconds_start=3", {"seconds_start": 3}),
    "seconds in whole numbers": Kind(whole_seconds, None, {"seconds_start": 0, "seconds_total": 0}),
    "bpm of a preset": Kind(lambda: told_more(config_of(), BPM), "bpm=97.5", {"bpm": 97.5}, 120.0),
    "bpm of the clock": Kind(lambda: told_more(config_of(), BPM), None, {"bpm": 133.0}, 133.0),
    "bpm beyond its range": Kind(lambda: told_more(config_of(), BPM), "bpm=300", {"bpm": 300}),
    "tempo, in whole numbers": Kind(
        lambda: told_more(config_of(), {**BARS, "id": "Tempo", "config": {"max_val": 240}}), None, {"Tempo": 134}, 133.6
    ),
    "bpm, bars and energy": Kind(
        lambda: told_more(config_of("rectified_flow"), BPM, BARS, ENERGY),
        "BARS=4, energy=0.25",
        {"bpm": 90.0, "bars": 4, "energy": 0.25},
        90.0,
    ),
    "in cross-attention alone": Kind(lambda: told_more(config_of(), BPM, globally=False), "bpm=80", {"bpm": 80}),
    "prepended": Kind(prepended, "bpm=80", {"bpm": 80}),
    "adaLN": Kind(lambda: told_more(config_of(global_cond_type="adaLN"), BPM), "bpm=80", {"bpm": 80}),
    "a word of a list": Kind(lambda: told_more(config_of(), GENRE), "genre=dub", {"genre": "dub"}),
    "no word of a list": Kind(lambda: told_more(config_of(), GENRE), None, {"genre": ""}),
    "two texts": Kind(styled, None, {"style": "rain"}),
    "another text": Kind(styled, "style=dub", {"style": "dub"}),
    "what the network does not listen to": Kind(unused_audio, "bpm=80", {"bpm": 80, "energy": 0.0}),
    "inpainting": Kind(lambda: for_inpainting(config_of())),
    "inpainting, rectified flow, adaLN": Kind(
        lambda: for_inpainting(config_of("rectified_flow", global_cond_type="adaLN", num_memory_tokens=2))
    ),
    "inpainting, patches": Kind(lambda: for_inpainting(config_of("rectified_flow", patch_size=2))),
    "inpainting, few steps": Kind(lambda: for_inpainting(config_of("rf_denoiser"))),
    "inpainting on stock's network": Kind(lambda: for_inpainting(config_of(conformer=True))),
    "inpainting with bpm": Kind(lambda: for_inpainting(told_more(config_of(), BPM)), None, {"bpm": 128.0}, 128.0),
}


def decibels(stock: np.ndarray, ours: np.ndarray) -> float:
    error = float(np.linalg.norm(stock - ours))
    return float("inf") if not error else 20 * float(np.log10(np.linalg.norm(stock) / error))


def compared(model: Model, kind: Kind, **asked: Any) -> tuple[float, Any]:
    """How far our sound is from stock's, and what was told of it; stock's sampler has no noise of a tree's."""
    sampler = {"v": "dpmpp-2m", "rectified_flow": "euler", "rf_denoiser": "pingpong"}[model.objective]
    frames = 48
    settings = {"steps": 4, "cfg_scale": 3.0}
    sigmas = {"sigma_min": 0.3, "sigma_max": 50.0} if model.objective == "v" else {"sigma_max": 1.0}
    seconds = frames * model.downsampling / SAMPLE_RATE
    worker = DiffusionWorker.from_model(model)
    said = {"conditioning": kind.said, "bpm": kind.bpm, **settings, **sigmas, "sampler": sampler, **asked}
    rendered = run(worker, Render(1, "rain", seconds, 7, **said))[-1]
    stock = stock_audio(
        model,
        seed=7,
        frames=frames,
        seconds=seconds,
        beside=kind.stock,
        sampler_type=sampler,
        negative_prompt=asked.get("negative_prompt", ""),
        **settings,
        **sigmas,
    )
    assert float(stock.std()) > 1e-3
    return decibels(stock.numpy()[:, : rendered.audio.shape[-1]], rendered.audio), rendered


def model_of(kind: Kind) -> Model:
    config = kind.config()
    config["sample_size"] = 48 * 64
    return as_model(module_of(config), config, short_latents=False)


@pytest.mark.parametrize("name", KINDS)
def test_a_public_kind_of_model_plays_what_stock_plays(name: str) -> None:
    kind = KINDS[name]
    far, rendered = compared(model_of(kind), kind)
    assert far > ENOUGH
    assert rendered.notes == (
        ("bpm 300 is heard as 240: the model knows it from 40 to 240",) if name == "bpm beyond its range" else ()
    )


@pytest.mark.parametrize("name", ["bpm of the clock", "inpainting with bpm"])
def test_with_a_negative_prompt_too(name: str) -> None:
    kind = KINDS[name]
    assert compared(model_of(kind), kind, negative_prompt="hum")[0] > ENOUGH


def test_what_a_model_was_told_is_recorded_and_renders_it_again() -> None:
    kind = KINDS["bpm, bars and energy"]
    model = model_of(kind)
    _, rendered = compared(model, kind)
    assert rendered.used["conditioning"] == "bars=4, bpm=90, energy=0.25"
    again = run(DiffusionWorker.from_model(model), Render(1, **rendered.used))[-1]
    np.testing.assert_array_equal(again.audio, rendered.audio)


def test_inpainting_runs_on_the_quick_network() -> None:
    worker = DiffusionWorker.from_model(model_of(KINDS["inpainting"]))
    assert worker.runner.parts.descriptions[0].startswith("midifrag's own forward pass")
    assert not worker.info().hears_tempo
    assert DiffusionWorker.from_model(model_of(KINDS["inpainting with bpm"])).info().hears_tempo


def loaded_from(source: Mapping[str, Any]) -> Model:
    return load_stable_audio(EngineChoice("mine", dict(source), device="cpu", precision="fp32"))


@pytest.mark.parametrize("name", ["bpm of the clock", "inpainting"])
def test_an_autoencoder_of_its_own_plays_what_stock_plays(tmp_path: Path, name: str) -> None:
    """Through all of loading, with the network's checkpoint and the autoencoder's apart."""
    kind = KINDS[name]
    config = {**kind.config(), "sample_size": 48 * 64}
    module = module_of(config, seed=3)
    state = module.state_dict()
    (tmp_path / "model_config.json").write_text(json.dumps(config))
    rest = {key: value for key, value in state.items() if not key.startswith("pretransform.")}
    torch.save({"state_dict": {f"diffusion.{key}": value for key, value in rest.items()}}, tmp_path / "dit.ckpt")
    torch.save({"state_dict": module.pretransform.model.state_dict()}, tmp_path / "vae.ckpt")
    files = {"config": "model_config.json", "checkpoint": "dit.ckpt", "pretransform": "vae.ckpt"}
    model = loaded_from({key: str(tmp_path / file) for key, file in files.items()})
    assert model.remark == ""
    assert compared(model, kind)[0] > ENOUGH


def test_the_model_s_line_says_how_its_weights_are_stored(tmp_path: Path) -> None:
    config = config_of()
    (tmp_path / "model_config.json").write_text(json.dumps(config))
    save_checkpoint(module_of(config).half(), tmp_path / "model.safetensors", "safetensors")
    model = loaded_from({"folder": str(tmp_path)})
    assert "mine on cpu, fp32; weights stored in fp16; " in DiffusionWorker.from_model(model).info().summary
