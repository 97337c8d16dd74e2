from __future__ import annotations

import json

import pytest

from midifrag.engine.loading import encoder_files, hub
from midifrag.errors import HubError
from tests.engine.hub_caches import OLDER, CachedRepository, safetensors_of
from tests.engine.hub_server import Repository

NAME = "someone/model"
FILES = {"model_config.json": b'{"a": 1}', "model.safetensors": safetensors_of(bytes(range(256)) * 20_000)}


def test_a_branch_that_was_written_anew(server, cache_folder):
    made = CachedRepository(cache_folder, NAME)
    made.put({"model_config.json": b"{}"}, OLDER)
    made.refer(OLDER)
    server.repositories[NAME] = Repository(FILES)
    with pytest.raises(HubError, match="no revision fedcba98"):
        hub.fetch_model({"hub": NAME, "revision": OLDER})
    assert hub.fetch_model({"hub": NAME}).checkpoint.read_bytes() == FILES["model.safetensors"]


def test_a_download_that_is_cut_off_once_is_resumed(server):
    server.repositories[NAME] = Repository(FILES, cuts={"model.safetensors": 1})
    assert hub.fetch_model({"hub": NAME}).checkpoint.read_bytes() == FILES["model.safetensors"]
    assert server.log.count(("GET", f"/{NAME}/resolve/0123456789abcdef0123456789abcdef01234567/model.safetensors")) == 2


def test_a_download_that_ends_short_leaves_nothing_behind(server, tmp_path):
    repository = server.repositories[NAME] = Repository(FILES, short=frozenset({"model.safetensors"}))
    with pytest.raises(HubError, match=r"cut off .*Start again"):
        hub.fetch_model({"hub": NAME})
    whole = list((tmp_path / "cache").rglob("*.safetensors"))
    assert whole == []
    repository.short = frozenset()
    assert hub.fetch_model({"hub": NAME}).checkpoint.read_bytes() == FILES["model.safetensors"]


def test_a_repository_that_was_renamed(server):
    server.repositories |= {NAME: Repository({}, moved="another/name"), "another/name": Repository(FILES)}
    assert hub.fetch_model({"hub": NAME}).checkpoint.read_bytes() == FILES["model.safetensors"]


def test_an_index_that_leads_elsewhere_is_refused(server, cache_folder):
    index = json.dumps({"weight_map": {"a": "../../../secret"}}).encode()
    files = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors.index.json": index}
    server.repositories["t5-small"] = Repository(files)
    with pytest.raises(HubError, match=r"names a file outside of its folder \(\.\./\.\./\.\./secret\).*Choose another"):
        encoder_files.fetch_text_encoder("t5-small")
    assert not any("secret" in path for _, path in server.log)
