from __future__ import annotations

from pathlib import Path

import pytest

from midifrag.engine.loading import text_encoders
from midifrag.engine.loading.silence_output import silence_output
from midifrag.engine.loading.text_encoders import build_with_encoders, is_about_encoders, know_folders, with_folders
from midifrag.errors import HubError, ModelError
from tests.engine.hub_caches import CachedRepository, t5_files
from tests.engine.hub_server import COMMIT, Repository
from tests.engine.tiny_models import tiny_config

T5 = "t5-small"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    with silence_output():
        return t5_files(tmp_path_factory.mktemp("t5") / "encoder")


def config():
    whole = tiny_config()
    whole["model"]["conditioning"]["configs"][0] = {
        "id": "prompt",
        "type": "t5",
        "config": {"t5_model_name": T5, "max_length": 16},
    }
    return whole


def build(local, folders):
    """As loading does it: whatever goes wrong is said of the configuration."""
    from transformers import AutoTokenizer

    (folder,) = folders
    try:
        AutoTokenizer.from_pretrained(folder)
    except Exception as error:
        raise ModelError("the configuration is wrong") from error
    return local["model"]["conditioning"]["configs"][0]["config"]["t5_model_name"]


def test_a_name_becomes_a_folder_that_the_package_takes_for_it(no_hub, cache_folder, files):
    from stable_audio_tools.models.conditioners import T5Conditioner

    made = CachedRepository(cache_folder, T5)
    folder = str(made.put(files))
    asked = config()
    local, folders = with_folders(asked)
    assert (build(local, folders), folders) == (folder, {folder: T5})
    assert asked == config()
    know_folders(folders)
    know_folders(folders)
    assert T5Conditioner.T5_MODELS.count(folder) == 1
    assert T5Conditioner.T5_MODEL_DIMS[folder] == 512


def test_a_tokenizer_of_the_hub_becomes_a_folder(server, files):
    server.repositories["someone/words"] = Repository({"tokenizer.json": files["tokenizer.json"], "config.json": b"{}"})
    local, folders = with_folders(tiny_config(tokenizer="someone/words"))
    place = Path(local["model"]["conditioning"]["configs"][0]["config"]["tokenizer_name"])
    assert (place / "tokenizer.json").read_bytes() == files["tokenizer.json"]
    assert folders == {}


def test_a_tokenizer_beside_the_model_stays(tmp_path, no_hub):
    assert with_folders(tiny_config(tokenizer=str(tmp_path)))[0] == tiny_config(tokenizer=str(tmp_path))


def damaged(cache_folder, files, monkeypatch):
    """A file that is damaged in a way that only its checksum shows."""
    from midifrag.engine.loading import cache

    made = CachedRepository(cache_folder, T5)
    made.put(files)
    made.refer()
    made.spoil("tokenizer.json", b"[]")
    monkeypatch.setattr(cache, "SMALL", 1)


def test_a_damaged_encoder_is_fetched_again_by_itself(server, cache_folder, files, monkeypatch):
    server.repositories[T5] = Repository(files)
    damaged(cache_folder, files, monkeypatch)
    assert COMMIT in build_with_encoders(config(), build)
    assert [path for kind, path in server.log if kind == "GET"] == [f"/{T5}/resolve/{COMMIT}/tokenizer.json"]


def test_without_a_network_it_is_the_encoder_that_is_blamed(no_hub, cache_folder, files, monkeypatch):
    damaged(cache_folder, files, monkeypatch)
    with pytest.raises(HubError, match=r"t5-small is not whole .*lacks tokenizer\.json \(its checksum is wrong\)"):
        build_with_encoders(config(), build)


def test_what_no_checksum_tells_of_is_blamed_on_the_encoder_too(no_hub, cache_folder, files):
    made = CachedRepository(cache_folder, T5)
    folder = made.put(files | {"tokenizer.json": b"[]"}, links=False)
    with pytest.raises(HubError, match=r"text encoder cannot be read .*Delete that folder") as error:
        build_with_encoders(config(), build)
    assert str(folder) in str(error.value)


def test_what_is_not_about_encoders_stays_as_it_is(no_hub, cache_folder, files):
    CachedRepository(cache_folder, T5).put(files)

    def refuse(_local, _folders):
        raise ModelError("the configuration is wrong") from ValueError("depth")

    with pytest.raises(ModelError, match="the configuration is wrong"):
        build_with_encoders(config(), refuse)
    assert not is_about_encoders(None)
    assert text_encoders.is_about_encoders(raised_by_transformers(cache_folder))


def raised_by_transformers(cache_folder):
    from transformers import AutoConfig

    with pytest.raises(Exception) as error:
        AutoConfig.from_pretrained(str(cache_folder / "nothing"), local_files_only=True)
    return error.value
