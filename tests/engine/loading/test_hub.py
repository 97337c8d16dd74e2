from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time

import pytest
from huggingface_hub import constants

from benchmarks.byte_tokenizer import save_byte_tokenizer
from midifrag.engine.loading import hub
from midifrag.errors import HubError
from tests.engine.hub_server import TOKEN, Repository, serve
from tests.engine.tiny_models import tiny_config, tiny_model

NAME = "someone/model"
FILES = {"model_config.json": b'{"a": 1}', "model.safetensors": bytes(range(256)) * 20_000}


@pytest.fixture
def server(monkeypatch, tmp_path):
    with serve() as running:
        monkeypatch.setattr(constants, "ENDPOINT", running.endpoint)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", running.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(time, "sleep", lambda _seconds: None)  # the library's pauses between attempts
        yield running


def test_a_model_is_found_and_downloaded_with_progress(server):
    server.repositories[NAME] = Repository(FILES)
    heard = []
    found = hub.fetch_model({"hub": NAME}, hub.in_mebibytes(lambda *news: heard.append(news)))
    assert found.config.read_bytes() == FILES["model_config.json"]
    assert found.checkpoint.read_bytes() == FILES["model.safetensors"]
    mine = [(done, total) for done, total, what in heard if what == "downloading model.safetensors (MiB)"]
    assert mine[-1] == (5, 5)
    assert mine == sorted(mine)


def test_what_is_cached_needs_no_network(server):
    server.repositories[NAME] = Repository(FILES)
    first = hub.fetch_model({"hub": NAME})
    server.log.clear()
    assert hub.fetch_model({"hub": NAME}) == first
    assert server.log == []


def test_a_ckpt_is_taken_where_there_are_no_safetensors(server):
    server.repositories[NAME] = Repository({"model_config.json": b"{}", "model.ckpt": b"weights"})
    assert hub.fetch_model({"hub": NAME}).checkpoint.read_bytes() == b"weights"
    server.log.clear()
    assert hub.fetch_model({"hub": NAME}).checkpoint.name == "model.ckpt"
    assert server.log == []


def test_a_named_file_and_revision(server):
    server.repositories[NAME] = Repository({**FILES, "fine.ckpt": b"fine"})
    assert hub.fetch_model({"hub": NAME, "file": "fine.ckpt"}).checkpoint.read_bytes() == b"fine"
    with pytest.raises(HubError, match="no revision v9"):
        hub.fetch_model({"hub": NAME, "revision": "v9"})


def test_a_gated_model_says_what_to_do(server):
    server.repositories[NAME] = Repository(FILES, gated=True)
    with pytest.raises(HubError) as error:
        hub.fetch_model({"hub": NAME})
    for part in ("gated", f"{server.endpoint}/{NAME}", "accept the licence", "hf auth login", "HF_TOKEN"):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_a_token_without_access_is_gated_too(server, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    server.repositories[NAME] = Repository(FILES, gated=True)
    with pytest.raises(HubError, match="gated"):
        hub.fetch_model({"hub": NAME})


@pytest.mark.parametrize("place", ["environment", "file"])
def test_the_token_comes_from_the_usual_places(server, monkeypatch, tmp_path, place):
    if place == "environment":
        monkeypatch.setenv("HF_TOKEN", TOKEN)
    else:
        (tmp_path / "token").write_text(TOKEN)
    server.repositories[NAME] = Repository(FILES, gated=True)
    assert hub.fetch_model({"hub": NAME}).checkpoint.read_bytes() == FILES["model.safetensors"]


def test_a_missing_repository(server):
    with pytest.raises(HubError, match=r"knows no model no/where, or it is private.*spelling"):
        hub.fetch_model({"hub": "no/where"})


def test_a_repository_without_a_stable_audio_model(server):
    server.repositories[NAME] = Repository({"config.json": b"{}"})
    with pytest.raises(HubError, match=r"someone/model, but no model_config\.json"):
        hub.fetch_model({"hub": NAME})


def test_a_name_that_cannot_be_one(server):
    with pytest.raises(HubError, match="looks like owner/name"):
        hub.fetch_model({"hub": "a/b/c"})


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


def test_no_network(server, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match=r"not on this machine yet.*cannot be reached.*model: pocket or sketch"):
        hub.fetch_model({"hub": NAME})


def test_offline_is_undone(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with hub.offline():
        assert constants.is_offline_mode()
    assert not constants.is_offline_mode()


def t5_repository(folder):
    """A T5 encoder of the smallest size that stable-audio-tools accepts, with a byte tokenizer."""
    from transformers import T5Config, T5EncoderModel

    shape = {"d_model": 512, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2, "vocab_size": 258}
    T5EncoderModel(T5Config(**shape)).save_pretrained(folder)
    save_byte_tokenizer(folder)
    return Repository({file.name: file.read_bytes() for file in folder.iterdir()})


def model_with_t5(folder):
    """A tiny model whose text conditioner is a T5; its encoder is not in the checkpoint, as in the real ones."""
    import torch
    from safetensors.torch import save

    module, _ = tiny_model("v")
    state = {key: value for key, value in module.state_dict().items() if "token_embedder" not in key}
    projection = "conditioner.conditioners.prompt.proj_out"
    state |= {f"{projection}.weight": torch.randn(32, 512) / 20, f"{projection}.bias": torch.zeros(32)}
    config = tiny_config("v")
    config["model"]["conditioning"]["configs"][0] = {
        "id": "prompt",
        "type": "t5",
        "config": {"t5_model_name": "t5-small", "max_length": 16},
    }
    return Repository({"model_config.json": json.dumps(config).encode(), "model.safetensors": save(state)})


SCRIPT = """
    import sys, urllib.request
    import torch
    from huggingface_hub import constants
    from midifrag.engine.loading.load import load_stable_audio
    from midifrag.engine.protocol import EngineChoice
    from midifrag.engine.loading.silence_output import silence_output

    heard = []
    choice = EngineChoice("mine", {"hub": "someone/model"}, device="cpu", precision="fp32")
    model = load_stable_audio(choice, lambda *news: heard.append(news))
    stages = {what for _, _, what in heard}
    assert "downloading model.safetensors (MiB)" in stages, stages
    encoder = model.module.conditioner.conditioners["prompt"]
    assert next(encoder.model.parameters()).dtype == torch.float32
    with silence_output():
        embedding, mask = encoder(["rain on a tin roof"], "cpu")
    assert embedding.shape == (1, 16, 32) and embedding.isfinite().all() and embedding.abs().sum() > 0
    try:
        urllib.request.urlopen(constants.ENDPOINT + "/second-time")
    except OSError:
        pass
    again = load_stable_audio(choice).module.conditioner.conditioners["prompt"]
    with silence_output():
        assert torch.equal(again(["rain on a tin roof"], "cpu")[0], embedding)
"""


@pytest.mark.timeout(300)  # a new interpreter that imports torch and transformers
def test_a_whole_model_with_its_text_encoder_comes_from_the_hub(tmp_path):
    with serve() as running:
        running.repositories = {NAME: model_with_t5(tmp_path), "t5-small": t5_repository(tmp_path / "t5")}
        environment = {**os.environ, "HF_ENDPOINT": running.endpoint, "HF_HOME": str(tmp_path / "home")}
        environment |= {"NO_PROXY": "127.0.0.1", "OMP_NUM_THREADS": "1"}
        ran = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(SCRIPT)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert (ran.stdout, ran.stderr) == ("", "")
        paths = [path for _, path in running.log]
        assert any(path.startswith("/t5-small/") and path.endswith("model.safetensors") for path in paths)
        assert paths[-1] == "/second-time"
