from __future__ import annotations

import json

import pytest

from midifrag.config import catalogue
from midifrag.engine.loading.inventory import Presence, presence, why_refused
from midifrag.engine.loading.model_files import located
from tests.engine.hub_caches import OLDER, POINTER, CachedRepository, safetensors_of
from tests.engine.tiny_models import tiny_config

HUB = {"hub": "someone/model"}
WEIGHTS = safetensors_of(bytes(1000))


def config(**conditioner):
    whole = tiny_config(tokenizer="words")
    if conditioner:
        whole["model"]["conditioning"]["configs"][0] = {"id": "prompt", **conditioner}
    return json.dumps(whole).encode()


T5 = config(type="t5", config={"t5_model_name": "t5-small"})


@pytest.fixture
def made(no_hub, cache_folder):
    return CachedRepository(cache_folder, "someone/model")


def test_nothing_of_it_is_here(made):
    assert presence("mine", HUB) == Presence(("model_config.json", "model.safetensors"), 0, False, True)


def test_it_is_whole(made, cache_folder):
    made.put({"model_config.json": T5, "model.safetensors": WEIGHTS})
    encoder = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": WEIGHTS}
    CachedRepository(cache_folder, "t5-small").put(encoder)
    found = presence("mine", HUB)
    assert found.is_whole
    assert found.size == len(T5) + 2 * len(WEIGHTS) + 4


def test_its_encoder_is_missing(made):
    made.put({"model_config.json": T5, "model.safetensors": WEIGHTS})
    found = presence("mine", HUB)
    assert (found.missing, found.is_begun, found.is_fetched) == (("t5-small",), True, True)


def test_a_file_of_its_encoder_is_missing(made, cache_folder):
    made.put({"model_config.json": T5, "model.safetensors": WEIGHTS})
    CachedRepository(cache_folder, "t5-small").put({"config.json": b"{}", "tokenizer.json": b"{}"})
    assert presence("mine", HUB).missing == ("model.safetensors of t5-small",)


def test_its_tokenizer_is_missing(made):
    made.put({"model_config.json": config(), "model.safetensors": WEIGHTS})
    assert presence("mine", HUB).missing == ("words",)


def test_its_checkpoint_is_cut(made):
    made.put({"model_config.json": T5, "model.safetensors": WEIGHTS[:-10]}, links=False)
    assert presence("mine", HUB).missing[0] == "model.safetensors (cut off: 1,104 of 1,114 bytes)"


def test_an_older_one_is_whole(made):
    made.put({"model_config.json": config(), "model.safetensors": WEIGHTS}, OLDER)
    made.refer()
    assert "as of fedcba98" in presence("mine", HUB).note


def test_a_part_of_it_is_here(made):
    made.put({"rain.json": config(), "rain.ckpt": b"rain", "wind.ckpt": b"wind"})
    found = presence("mine", HUB)
    assert found.is_begun
    assert not found.is_whole


def folder(tmp_path, **files):
    for tokenizer in ("words", "tokenizer"):
        (tmp_path / tokenizer).mkdir()
        (tmp_path / tokenizer / "tokenizer.json").write_bytes(b"{}")
    for name, content in files.items():
        (tmp_path / name.replace("_dot_", ".")).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("name", ["model_dot_safetensors", "rain_dot_safetensors"])
def test_a_folder_of_ones_own(tmp_path, made, name):
    place = folder(tmp_path, model_config_dot_json=config(), **{name: WEIGHTS})
    found = presence("mine", {"folder": str(place)})
    assert (found.missing, found.size, found.is_fetched) == ((), len(config()) + len(WEIGHTS), False)


def test_a_home_folder_is_found(tmp_path, made, monkeypatch):
    folder(tmp_path, model_config_dot_json=config(), model_dot_ckpt=WEIGHTS)
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path.parent))
    assert presence("mine", {"folder": f"~/{tmp_path.name}"}).is_whole


def test_what_a_folder_lacks_is_named(tmp_path, made):
    place = folder(tmp_path, model_config_dot_json=config(), model_dot_safetensors=POINTER)
    found = presence("mine", {"folder": str(place)})
    assert not found.is_whole
    assert found.refused.startswith(f"{place / 'model.safetensors'} is a Git LFS pointer")
    entry = {"config": str(place / "a.json"), "checkpoint": str(place / "a.ckpt")}
    assert presence("mine", entry).refused.startswith(f"There is no model configuration {entry['config']}")


def test_what_is_built_in_is_here(made, monkeypatch, tmp_path):
    assert presence("sketch", {}).is_whole
    assert presence("bells", {"engine": "bells"}).is_whole
    monkeypatch.setattr(catalogue, "POCKET_FOLDER", tmp_path)
    assert presence("pocket", {}).missing == ("pocket",)


def test_a_model_of_the_catalogue_is_found_by_its_name(made):
    assert presence("small", {}).is_fetched
    assert located("small", {"folder": "x"}) == {"folder": "x"}


@pytest.mark.parametrize(
    ("change", "source", "words"),
    [
        ({}, {}, None),
        ({"model_type": "lm"}, {}, "model_config.json describes a model of type 'lm'"),
        ({"sample_rate": 0}, {}, "no usable sample_rate"),
        ({"sample_rate": "fast"}, {}, "no usable sample_rate"),
        ({}, {"defaults": {"seconds": 60}}, "default of 60.0 s is not within"),
    ],
)
@pytest.mark.parametrize("place", ["hub", "folder"])
def test_what_will_be_refused_is_known_without_weights(tmp_path, made, place, change, source, words):
    content = json.dumps(tiny_config() | change).encode()
    if place == "hub":
        made.put({"model_config.json": content})
        entry = HUB
    else:
        place = folder(tmp_path, model_config_dot_json=content, model_dot_safetensors=WEIGHTS)
        entry = {"folder": str(place)}
    told = why_refused("mine", {**entry, **source})
    assert told is None if words is None else words in told


def test_of_what_is_not_here_nothing_is_known(made):
    assert why_refused("mine", HUB) is None
    assert why_refused("small", {}) is None
    assert "There is no folder nowhere" in why_refused("mine", {"folder": "nowhere"})
