from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest
from huggingface_hub import constants

from midifrag.engine.loading import hub
from midifrag.engine.loading.byte_progress import in_mebibytes
from midifrag.errors import HubError, ModelError
from tests.engine.hub_caches import OLDER, CachedRepository, safetensors_of, t5_files
from tests.engine.hub_server import COMMIT, TOKEN, Repository, serve
from tests.engine.tiny_models import tiny_config, tiny_model

NAME = "someone/model"
FILES = {"model_config.json": b'{"a": 1}', "model.safetensors": safetensors_of(bytes(range(256)) * 20_000)}


def test_a_model_is_found_and_downloaded_with_progress(server):
    server.repositories[NAME] = Repository(FILES)
    heard = []
    found = hub.fetch_model({"hub": NAME}, in_mebibytes(lambda *news: heard.append(news)))
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


@pytest.mark.parametrize(
    ("make", "note"),
    [
        (lambda made: (made.put(FILES), made.refer()), ""),
        (lambda made: made.put(FILES), ""),
        (lambda made: made.put(FILES, links=False), ""),
        (lambda made: (made.put(FILES, OLDER), made.refer(COMMIT)), "as of fedcba98: what is newer is not whole here"),
        (
            lambda made: (made.put(FILES, OLDER), made.put({"model_config.json": b"{}"}), made.refer()),
            "as of fedcba98: what is newer is not whole here",
        ),
        (lambda made: (made.put(FILES, OLDER), made.put(FILES), made.refer()), ""),
    ],
    ids=["stock", "no refs", "copies", "refs to a missing snapshot", "newer in part", "two revisions"],
)
def test_a_model_in_a_cache_plays_without_a_look_up(server, cache_folder, make, note):
    make(CachedRepository(cache_folder, NAME))
    found = hub.fetch_model({"hub": NAME})
    assert found.checkpoint.read_bytes() == FILES["model.safetensors"]
    assert found.note == (f"{NAME} {note}" if note else "")
    assert server.log == []


def test_a_revision_that_is_named_is_not_taken_for_another(no_hub, cache_folder):
    made = CachedRepository(cache_folder, NAME)
    made.put(FILES, OLDER)
    with pytest.raises(HubError, match="not on this machine yet"):
        hub.fetch_model({"hub": NAME, "revision": "v2"})
    made.refer(OLDER, "v2")
    assert hub.fetch_model({"hub": NAME, "revision": "v2"}).note == ""


def test_what_a_cut_model_lacks_is_named_and_fetched(server, cache_folder, monkeypatch):
    made = CachedRepository(cache_folder, NAME)
    made.put(FILES)
    made.refer()
    made.spoil("model.safetensors", FILES["model.safetensors"][:1000])
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match=r"not whole .*lacks model\.safetensors \(cut off: 1,000 of 5,120,"):
        hub.fetch_model({"hub": NAME})
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    server.repositories[NAME] = Repository(FILES)
    assert hub.fetch_model({"hub": NAME}).checkpoint.read_bytes() == FILES["model.safetensors"]
    assert not any(path.endswith("model_config.json") for _, path in server.log)


@pytest.mark.parametrize(
    "files",
    [
        {"model_config.json": b"{}", "rain-80000.ckpt": b"rain"},
        {"config/rain_config.json": b"{}", "weights/rain.safetensors": b"rain", "README.md": b""},
        {"rain.json": b"{}", "rain.ckpt": b"same", "rain.safetensors": b"rain", "config.json": b"{}"},
    ],
    ids=["another checkpoint", "folders", "two formats"],
)
def test_a_fine_tune_of_other_names_plays_where_it_holds_one_pair(server, monkeypatch, files):
    server.repositories[NAME] = Repository(files)
    first = hub.fetch_model({"hub": NAME})
    assert (first.config.read_bytes(), first.checkpoint.read_bytes()) == (b"{}", b"rain")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert hub.fetch_model({"hub": NAME}) == first


def test_several_checkpoints_are_named_with_the_key_that_chooses(server):
    files = {"model_config.json": b"{}", "a.ckpt": b"a", "b.ckpt": b"b"}
    server.repositories[NAME] = Repository(files)
    with pytest.raises(HubError, match=r"may be its checkpoint: a\.ckpt, b\.ckpt\. Name one with file:"):
        hub.fetch_model({"hub": NAME})
    assert hub.fetch_model({"hub": NAME, "file": "b.ckpt"}).checkpoint.read_bytes() == b"b"


def test_a_configuration_of_another_name(server):
    server.repositories[NAME] = Repository({"a.json": b'{"a": 1}', "b.json": b"{}", "model.ckpt": b"weights"})
    with pytest.raises(HubError, match=r"its model configuration: a\.json, b\.json\. Name one with config:"):
        hub.fetch_model({"hub": NAME})
    assert hub.fetch_model({"hub": NAME, "config": "a.json"}).config.read_bytes() == b'{"a": 1}'


def test_a_named_file_that_is_not_there(server):
    server.repositories[NAME] = Repository(FILES)
    with pytest.raises(HubError, match=r"but no fine\.ckpt in its revision"):
        hub.fetch_model({"hub": NAME, "file": "fine.ckpt"})


def test_a_mirror_that_lists_no_files(server):
    server.repositories[NAME] = Repository({"rain.json": b"{}", "rain.ckpt": b"rain"}, lists=False)
    with pytest.raises(HubError, match=r"but no model_config\.json .*with config: and file:"):
        hub.fetch_model({"hub": NAME})
    named = {"hub": NAME, "config": "rain.json", "file": "rain.ckpt"}
    assert hub.fetch_model(named).checkpoint.read_bytes() == b"rain"


def test_what_cannot_be_played_is_refused_before_its_weights_are_fetched(server):
    server.repositories[NAME] = Repository(FILES)

    def refuse(config):
        raise ModelError(f"{config.name} is of no use")

    for _ in range(2):
        with pytest.raises(ModelError, match=r"model_config\.json is of no use"):
            hub.fetch_model({"hub": NAME}, check=refuse)
    assert not any("model.safetensors" in path for _, path in server.log)


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


def test_no_network(server, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match=r"not on this machine yet.*cannot be reached.*model: pocket or sketch"):
        hub.fetch_model({"hub": NAME})


def test_offline_is_undone(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with hub.offline():
        assert constants.is_offline_mode()
    assert not constants.is_offline_mode()


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
    from midifrag.engine.loading import transfer
    from midifrag.engine.loading.load import load_stable_audio
    from midifrag.engine.loading.stock import leave_out_training
    from midifrag.engine.protocol import EngineChoice
    from midifrag.engine.loading.silence_output import silence_output

    transfer.PATIENCE = 300.0  # a busy machine may take its time

    def embedding_of(module):
        encoder = module.conditioner.conditioners["prompt"]
        assert next(encoder.model.parameters()).dtype == torch.float32
        with silence_output():
            embedding, mask = encoder(["rain on a tin roof"], "cpu")
        assert embedding.shape == (1, 16, 32) and embedding.isfinite().all() and embedding.abs().sum() > 0
        return embedding

    def ask(what):
        try:
            urllib.request.urlopen(constants.ENDPOINT + what)
        except OSError:
            pass

    # What stable-audio-tools leaves in the cache, with what transformers does.
    leave_out_training()
    with silence_output():
        from stable_audio_tools.models.pretrained import get_pretrained_model
        stock, _ = get_pretrained_model("someone/model")
    stock.conditioner.conditioners["prompt"].model.float()
    ask("/from-its-cache")
    choice = EngineChoice("mine", {"hub": "someone/model"}, device="cpu", precision="fp32")
    first = load_stable_audio(choice)
    assert torch.allclose(embedding_of(first.module), embedding_of(stock.eval()), atol=1e-3)

    constants.HF_HUB_CACHE += "-of-midifrag"
    ask("/into-an-empty-one")
    heard = []
    model = load_stable_audio(choice, lambda *news: heard.append(news))
    stages = {what for _, _, what in heard}
    assert "downloading model.safetensors (MiB)" in stages, stages
    assert model.checksum == first.checksum
    assert torch.equal(embedding_of(model.module), embedding_of(first.module))
    ask("/once-more")
    assert torch.equal(embedding_of(load_stable_audio(choice).module), embedding_of(model.module))
    ask("/end")
"""


@pytest.mark.timeout(900)  # a new interpreter that imports torch and transformers, and loads four models
@pytest.mark.thorough
def test_a_whole_model_plays_from_the_cache_of_others_and_from_the_hub(tmp_path):
    with serve() as running:
        running.repositories = {NAME: model_with_t5(tmp_path), "t5-small": Repository(t5_files(tmp_path / "t5"))}
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
    first, second, third = (paths.index(path) for path in ("/from-its-cache", "/into-an-empty-one", "/once-more"))
    assert second == first + 1
    assert any(path.startswith("/t5-small/") and path.endswith("model.safetensors") for path in paths[second:third])
    assert paths[third + 1 :] == ["/end"]


def test_files_of_a_listing_that_lead_elsewhere_are_not_chosen(server):
    server.repositories["someone/model"] = Repository({"../rain.json": b"{}", "../rain.ckpt": b"weights"})
    with pytest.raises(HubError, match=r"no model_config\.json"):
        hub.fetch_model({"hub": "someone/model"})


@pytest.mark.parametrize("name", ["t5-base", "someone/words"])
def test_what_can_be_a_repository(name):
    assert hub.is_repository(name)


@pytest.mark.parametrize("name", ["/nowhere/tok", "a/b/c", "../tok", "C:\\tok", "t" * 300, "", "https://hub/x"])
def test_what_can_be_none(name):
    assert not hub.is_repository(name)


def test_a_lora_of_a_repository_is_fetched_where_it_may_be_and_kept(server):
    server.repositories[NAME] = Repository({"loras/dusty.safetensors": safetensors_of(bytes(64))})
    with pytest.raises(HubError, match="`midifrag fetch` brings it"):
        hub.lora_file(NAME, "loras/dusty.safetensors", None, may_fetch=False)
    fetched = hub.lora_file(NAME, "loras/dusty.safetensors", None, may_fetch=True)
    assert fetched.read_bytes() == safetensors_of(bytes(64))
    server.log.clear()
    assert hub.lora_file(NAME, "loras/dusty.safetensors", None, may_fetch=False) == fetched
    assert server.log == []
    with pytest.raises(HubError):
        hub.lora_file(NAME, "loras/else.safetensors", None, may_fetch=True)
