"""LoRAs sound as stable-audio-tools plays them, by seed, each kind and several at once, alone and in one batch."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from midifrag.engine.diffusion.lora_rack import KEPT
from midifrag.engine.diffusion.parameters import resolve_parameters
from midifrag.engine.diffusion.request import Request
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.lora_formats import STOCK_TYPES
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Failed, Render, Rendered
from midifrag.engine.network.call_rows import Row
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.denoiser import StockDenoiser
from tests.engine.lora_maker import damaged, products, save_kohya, save_loraw, save_peft, save_stock_lora, stock_with
from tests.engine.sa3_models import sa3
from tests.engine.stock import loaded, run, stock_audio
from tests.support.forms import form

ENOUGH = 80.0
ASKED: dict[str, Any] = {"steps": 2, "cfg_scale": 3.0}
SECONDS = 0.7
ASKS = Render(1, "rain", SECONDS, 7, **ASKED)


@cache
def sa3_model() -> Model:
    return sa3("small", "rf_denoiser")


@cache
def worker() -> DiffusionWorker:
    return DiffusionWorker.from_model(sa3_model())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loras")


def lora(folder: Path, kind: str, seed: int = 0) -> Path:
    file = folder / f"{kind}-{seed}.safetensors"
    return file if file.is_file() else save_stock_lora(sa3_model(), file, kind, seed)


def decibels(wanted: np.ndarray, ours: np.ndarray) -> float:
    error = float(np.linalg.norm(wanted - ours))
    return float("inf") if not error else 20 * float(np.log10(np.linalg.norm(wanted) / error))


def stock(loras: list[tuple[Path, float]], seed: int = 7) -> np.ndarray:
    model = stock_with(sa3_model(), loras)
    frames = model.sample_size // model.downsampling
    audio = stock_audio(
        model, seed=seed, frames=frames, seconds=SECONDS, sampler_type=model.defaults.sampler, **ASKED
    ).numpy()
    return audio[:, : round(SECONDS * model.sample_rate)]


def line(*loras: tuple[Path, float]) -> str:
    return "; ".join(f"{file.stem}={strength} from {file}" for file, strength in loras)


def ours(*loras: tuple[Path, float], seed: int = 7) -> np.ndarray:
    done = run(worker(), Render(1, "rain", SECONDS, seed, loras=line(*loras), **ASKED))[-1]
    assert isinstance(done, Rendered), done
    return done.audio


def output(model: Model, loras: str | None = None) -> torch.Tensor:
    """What a network makes of the first noise of a request: the engine's own, or stock's of a model that has them."""
    if loras is None:
        request = Request(ASKS, resolve_parameters(ASKS, model), 0, spare=False)
        network = StockDenoiser(model.module)
        conditioning = Conditioner(model).encode("rain", "", SECONDS)
        request.begin(model, network.prepare(conditioning, [], request.parameters.frames))
        return network.evaluate([Row(request.model_input, conditioning, 3.0, "apg")])
    asks = replace(ASKS, loras=loras)
    request = Request(asks, resolve_parameters(asks, model), 0, spare=False)
    worker().runner.begin(request)
    return worker().runner.denoise([request])


@pytest.mark.shortened
@pytest.mark.parametrize("kind", STOCK_TYPES)
def test_each_kind_is_what_stock_makes_of_it_at_each_strength(folder: Path, kind: str) -> None:
    """A step of the network and all conditioning, with every layer that a LoRA can change."""
    file = lora(folder, kind)
    plain = output(sa3_model(), "")
    for strength in form((0.0, -1.0), (0.0, 0.5, 1.0, 2.0, -1.0)):
        wanted = output(stock_with(sa3_model(), [(file, strength)]))
        played = output(sa3_model(), line((file, strength)))
        assert decibels(wanted.numpy(), played.numpy()) > ENOUGH, strength
        assert (decibels(plain.numpy(), played.numpy()) > ENOUGH) is (strength == 0), strength


@pytest.mark.parametrize("kind", ["lora", "bora"])
def test_a_whole_take_sounds_as_stock(folder: Path, kind: str) -> None:
    file = lora(folder, kind)
    assert decibels(stock([(file, 0.8)]), ours((file, 0.8))) > ENOUGH


def test_two_at_once_sound_as_stock(folder: Path) -> None:
    """Whatever comes first: what is merged, what stands beside the network, or two of either."""
    plain, other, rows = lora(folder, "lora"), lora(folder, "lora", 1), lora(folder, "dora-rows")
    for both in ([(plain, 0.8), (other, -0.5)], [(rows, 0.7), (plain, 1.5)], [(plain, 1.5), (rows, 0.7)]):
        wanted = output(stock_with(sa3_model(), both))
        assert decibels(wanted.numpy(), output(sa3_model(), line(*both)).numpy()) > ENOUGH


def test_a_chord_of_different_strengths_is_each_alone(folder: Path) -> None:
    plain, other, rows = lora(folder, "lora"), lora(folder, "lora", 1), lora(folder, "dora-cols")
    wanted = [(), ((plain, 0.4),), ((plain, -1.0),), ((plain, 2.0), (other, 1.0)), ((rows, 0.5), (other, 1.0))]
    renders = [
        Render(number, "rain", SECONDS, number, loras=line(*loras), **ASKED) for number, loras in enumerate(wanted, 1)
    ]
    before = worker().counters.denoiser_calls
    together = {done.job: done.audio for done in run(worker(), *renders) if isinstance(done, Rendered)}
    # What is merged has calls of its own; all others share theirs.
    assert worker().counters.denoiser_calls - before == 2 * ASKED["steps"]
    for number, loras in enumerate(wanted, 1):
        assert decibels(ours(*loras, seed=number), together[number]) > ENOUGH


def test_a_network_that_is_stock_s_own_plays_them_merged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("midifrag.engine.diffusion.model_parts.unsupported", lambda _module: "something else")
    plain = lora(folder, "lora")
    alone = DiffusionWorker.from_model(sa3_model())
    # Built ahead of the press.
    list(alone.warm((Render(0, "rain", SECONDS, 7, loras=line((plain, 0.5)), **ASKED),)))
    assert len(alone.runner.loras._merged) == 1
    done = run(alone, Render(1, "rain", SECONDS, 7, loras=line((plain, 0.5)), **ASKED))[-1]
    assert decibels(stock([(plain, 0.5)]), done.audio) > ENOUGH


@pytest.mark.parametrize("writer", ["loraw", "kohya", "peft"])
def test_other_programs_files_sound_as_stable_audio_tools_own(tmp_path: Path, writer: str) -> None:
    """On Stable Audio Open's kind; the same products, of layers of the network alone."""
    model = loaded("v")
    whole = save_stock_lora(model, tmp_path / "whole.safetensors")
    found = {name: each for name, each in products(whole).items() if name.startswith("model.")}
    scale = 2.0  # alpha by rank
    if writer == "loraw":
        file = save_loraw(tmp_path / "other.ckpt", {name: (down, up * scale) for name, (down, up) in found.items()})
    elif writer == "kohya":
        file = save_kohya(tmp_path / "other.safetensors", found)
    else:
        file = save_peft(tmp_path / "other.safetensors", found, {"r": 3, "lora_alpha": 6})
    alone = DiffusionWorker.from_model(model)
    asked: dict[str, Any] = {"steps": 2, "sampler": "dpmpp-2m"}
    done = run(alone, Render(1, "rain", 1.0, 7, loras=line((file, 0.8)), **asked))[-1]
    assert isinstance(done, Rendered), done

    # What stock's file does to conditioners as well is left out there.
    def network_alone(values: dict[str, Any]) -> None:
        for name in [name for name in values if name.startswith("conditioners.")]:
            del values[name]

    same = damaged(whole, tmp_path / "same.safetensors", network_alone)
    wanted = run(alone, Render(2, "rain", 1.0, 7, loras=line((same, 0.8)), **asked))[-1]
    assert decibels(wanted.audio, done.audio) > 60
    plain = run(alone, Render(3, "rain", 1.0, 7, **asked))[-1]
    assert decibels(plain.audio, done.audio) < 40


def test_a_take_s_record_names_them_and_is_played_again(folder: Path, tmp_path: Path) -> None:
    plain = lora(folder, "lora")
    mine = tmp_path / "mine.safetensors"
    mine.write_bytes(plain.read_bytes())
    alone = DiffusionWorker.from_model(sa3_model())
    silent = f"silent=0 from {tmp_path / 'nowhere.safetensors'}"
    first = run(alone, Render(1, "rain", SECONDS, 7, loras=f"{silent}; mine=0.5 from {mine}", **ASKED))[-1]
    said = first.used["loras"]
    assert said.startswith(f"mine=0.5 from {mine} sha256:"), said
    used = {name: value for name, value in first.used.items() if name not in ("prompt", "seconds", "seed")}
    again = Render(2, "rain", SECONDS, 7, recorded=True, **{**used, "negative_prompt": ""})
    np.testing.assert_array_equal(run(DiffusionWorker.from_model(sa3_model()), again)[-1].audio, first.audio)

    mine.write_bytes(lora(folder, "lora", 1).read_bytes())
    [*_, failed] = run(DiffusionWorker.from_model(sa3_model()), again)
    assert isinstance(failed, Failed)
    assert "is another LoRA than the one that is meant" in failed.reason
    mine.unlink()
    [*_, failed] = run(DiffusionWorker.from_model(sa3_model()), again)
    assert isinstance(failed, Failed)
    assert str(mine) in failed.reason


def test_a_press_whose_lora_is_no_good_fails_alone(tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no LoRA at all")
    others = [Render(1, "rain", SECONDS, 7, loras=line((broken, 1.0)), **ASKED), Render(2, "rain", SECONDS, 7, **ASKED)]
    ends = [event for event in run(worker(), *others) if isinstance(event, Rendered | Failed)]
    assert {type(event): event.job for event in ends} == {Failed: 1, Rendered: 2}


def test_more_merged_ones_at_once_than_are_kept_have_one_network_each(folder: Path) -> None:
    rows = lora(folder, "dora-rows")
    alone = DiffusionWorker.from_model(sa3_model())
    renders = [
        Render(number, "rain", SECONDS, number, loras=line((rows, number / 4)), **ASKED)
        for number in range(1, KEPT + 3)
    ]
    before = alone.counters.models_built
    built: list[object] = []
    build = alone.runner.loras._build
    alone.runner.loras._build = lambda module, precision: built.append(module) or build(module, precision)
    ends = [event for event in run(alone, *renders) if isinstance(event, Rendered)]
    assert (len(ends), len(built)) == (len(renders), len(renders))
    assert alone.counters.models_built == before
    assert len(alone.runner.loras._merged) == KEPT


def test_what_was_made_of_a_replaced_file_is_freed_when_nothing_is_in_flight(folder: Path, tmp_path: Path) -> None:
    """Else each replacement would make every step a little slower, for the rest of the show."""
    for kind in ("lora", "dora-rows"):
        mine = tmp_path / f"{kind}.safetensors"
        mine.write_bytes(lora(folder, kind).read_bytes())
        alone = DiffusionWorker.from_model(sa3_model())
        rack, denoiser = alone.runner.loras, alone.runner.parts.denoiser()
        asks = Render(1, "rain", SECONDS, 7, loras=line((mine, 0.5)), **ASKED)
        first = run(alone, asks)[-1]
        memory = denoiser.memory
        mine.write_bytes(lora(folder, kind, 1).read_bytes())
        second = run(alone, replace(asks, job=2))[-1]
        assert isinstance(first, Rendered)
        assert isinstance(second, Rendered)
        assert decibels(first.audio, second.audio) < ENOUGH
        assert denoiser.memory == memory
        assert len(rack._merged) == (0 if kind == "lora" else 1)
        assert decibels(second.audio, run(alone, replace(asks, job=3))[-1].audio) > ENOUGH
