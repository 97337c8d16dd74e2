"""Stable Audio 3 through all of loading: from the hub, with its text encoder beside it, and from a folder."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from midifrag.config.catalogue import CATALOGUE
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading import hub
from midifrag.engine.loading.inventory import presence
from midifrag.engine.loading.load import load_stable_audio
from midifrag.engine.loading.model_files import check_config, check_fetched_config
from midifrag.engine.messages import Render
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import HubError, ModelError
from tests.engine.hub_server import TOKEN, Repository
from tests.engine.sa3_models import SUBFOLDER, files_of, sa3_config, save_repository
from tests.engine.stock import as_model, run
from tests.engine.tiny_models import module_of

NAME = "stabilityai/stable-audio-3-small-music"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the real repositories: the model, and T5Gemma in a folder of its own."""
    return save_repository(tmp_path_factory.mktemp("sa3"), NAME, seed=4)


def choice(source: dict[str, Any], name: str = "mine") -> EngineChoice:
    return EngineChoice(name, source, device="cpu", precision="fp32")


def played(source: dict[str, Any], name: str = "mine") -> Any:
    worker = DiffusionWorker.from_model(load_stable_audio(choice(source, name)))
    return run(worker, Render(1, "rain on tin", 0.5, 7, steps=2))[-1].audio


@pytest.mark.usefixtures("cache_folder")
def test_by_its_name_it_comes_from_the_hub_and_then_plays_without(server, shipped, monkeypatch) -> None:
    server.repositories[NAME] = Repository(files_of(shipped), gated=True)
    with pytest.raises(HubError, match=r"gated: .*accept the licence"):
        load_stable_audio(choice({}, "sa3"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    first = played({}, "sa3")
    asked = {path for _, path in server.log}
    assert any(path.endswith(f"/{SUBFOLDER}/model.safetensors") for path in asked)
    assert presence("sa3", {}).is_whole
    server.log.clear()
    monkeypatch.delenv("HF_TOKEN")
    assert (played({}, "sa3") == first).all()
    assert server.log == []


def test_what_is_missing_of_its_text_encoder_is_said(server, shipped) -> None:
    files = files_of(shipped)
    server.repositories[NAME] = Repository(files)
    hub.fetch_model({"hub": NAME})
    told = presence("mine", {"hub": NAME})
    assert not told.is_whole
    assert any(f"{SUBFOLDER}/model.safetensors" in one for one in told.missing)


@pytest.mark.usefixtures("no_hub")
def test_a_folder_with_its_text_encoder_needs_no_hub(shipped) -> None:
    model = load_stable_audio(choice({"folder": str(shipped)}))
    assert presence("mine", {"folder": str(shipped)}).is_whole
    expected = as_model(module_of(sa3_config(gemma=str(shipped / SUBFOLDER)), seed=4), model.config)
    for key, value in expected.module.state_dict().items():
        assert torch.equal(model.module.state_dict()[key], value), key
    assert model.begins_from == ("sound", "part")
    assert model.variable == expected.variable
    assert (model.defaults.steps, model.defaults.cfg_scale, model.defaults.sampler) == (8, 1.0, "pingpong")
    assert (model.defaults.guidance, model.defaults.schedule, model.defaults.seconds) == ("apg", "model", 10.0)


def test_nothing_is_drawn_when_it_decodes(shipped) -> None:
    model = load_stable_audio(choice({"folder": str(shipped)}))
    latents = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(1))
    state = torch.random.get_rng_state()
    model.module.pretransform.decode(latents)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("headroom", [-1, 61, "much", True])
def test_a_headroom_that_is_none(shipped, headroom: Any) -> None:
    with pytest.raises(ModelError, match=r"headroom of .* is no number of seconds from 0 to 60"):
        load_stable_audio(choice({"folder": str(shipped), "headroom": headroom}))
    assert load_stable_audio(choice({"folder": str(shipped), "headroom": 2})).variable.headroom == 2.0


def test_an_unknown_text_encoder_is_refused_by_name(shipped, tmp_path) -> None:
    config = json.loads((shipped / "model_config.json").read_text())
    other = copy.deepcopy(config)
    other["model"]["conditioning"]["configs"][0]["config"]["model_name"] = "google/t5gemma-9b"
    (tmp_path / "model_config.json").write_text(json.dumps(other))
    (tmp_path / "model.safetensors").write_bytes((shipped / "model.safetensors").read_bytes())
    with pytest.raises(ModelError, match=r"text encoder google/t5gemma-9b; .* knows google/t5gemma-b-b-ul2"):
        load_stable_audio(choice({"folder": str(tmp_path)}))


def test_each_has_a_name_of_its_own() -> None:
    known = {model.name: model for model in CATALOGUE if "stable-audio-3" in str(model.source.get("hub"))}
    assert list(known) == ["sa3", "sa3-base", "sa3-sfx", "sa3-sfx-base", "sa3-medium", "sa3-medium-base"]
    assert {name for name, model in known.items() if model.objective == "rectified_flow"} == {
        name for name in known if name.endswith("base")
    }
    assert {model.min_seconds for name, model in known.items() if "medium" not in name} == {4.0}


@pytest.mark.parametrize("place", ["/tmp/words", "../../words"])
@pytest.mark.parametrize("kind", ["t5", "t5gemma", "lut"])
def test_strangers_name_no_text_encoder_outside_of_their_repository(shipped, tmp_path, kind: str, place: str) -> None:
    config = json.loads((shipped / "model_config.json").read_text())
    told = {"model_path": place, "tokenizer_name": "words"}
    config["model"]["conditioning"]["configs"][0] = {"id": "prompt", "type": kind, "config": told}
    (tmp_path / "model_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"text encoder from .*words, outside of its repository some/one"):
        check_fetched_config(tmp_path / "model_config.json", {"hub": "some/one"})
    assert check_config(tmp_path / "model_config.json", {}) == config
