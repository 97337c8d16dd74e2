from __future__ import annotations

import json
import pickle
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from benchmarks.byte_tokenizer import save_byte_tokenizer
from midifrag.config import catalogue
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading import cache, model_files
from midifrag.engine.loading import load as loading
from midifrag.engine.loading.inventory import presence, why_refused
from midifrag.engine.loading.load import load_stable_audio
from midifrag.engine.loading.precision import ChosenDevice
from midifrag.engine.loading.silence_output import silence_output
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import CheckpointError, HubError, ModelError, UnfitCheckpointError
from tests.engine import tiny_models
from tests.engine.hub_caches import OLDER, CachedRepository
from tests.engine.hub_server import Repository
from tests.engine.layout_table import POINTER
from tests.engine.tiny_models import save_checkpoint, tiny_config, tiny_model, tiny_model_folder


def choice(folder, **options):
    return EngineChoice("mine", {"folder": str(folder)}, **{"device": "cpu", "precision": "fp32", **options})


@pytest.mark.parametrize("objective", ["v", "rectified_flow", "rf_denoiser"])
def test_a_folder_becomes_the_model_that_was_saved(tmp_path, objective):
    heard = []
    model = load_stable_audio(choice(tiny_model_folder(tmp_path, objective)), lambda *news: heard.append(news))
    expected, _ = tiny_model(objective)
    assert model.objective == objective
    assert (model.sample_rate, model.channels) == (tiny_models.SAMPLE_RATE, tiny_models.CHANNELS)
    assert (model.sample_size, model.downsampling) == (tiny_models.SAMPLE_SIZE, tiny_models.DOWNSAMPLING)
    state = model.module.state_dict()
    saved = expected.state_dict()
    assert state.keys() == saved.keys()
    assert all(torch.equal(state[key], saved[key]) for key in saved)
    assert (model.encodes, model.begins_from) == (True, ("sound",))
    assert not model.module.training
    assert not any(parameter.requires_grad for parameter in model.module.parameters())
    assert [done for done, _, _ in heard] == [0, 1, 2, 3]


def test_a_fine_tuned_checkpoint_beside_its_configuration(tmp_path):
    folder = tiny_model_folder(tmp_path, kind="training_ema")
    source = {"config": str(folder / "model_config.json"), "checkpoint": str(folder / "model.ckpt")}
    model = load_stable_audio(EngineChoice("mine", source, device="cpu", precision="fp32"))
    expected, _ = tiny_model("v")
    averaged = "model.model.preprocess_conv.weight"
    assert torch.equal(model.module.state_dict()[averaged], expected.state_dict()[averaged])


def test_the_tokenizer_is_found_from_any_folder(tmp_path, monkeypatch):
    folder = tiny_model_folder(tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    model = load_stable_audio(choice(folder))
    with silence_output():
        embedding, _ = model.module.conditioner.conditioners["prompt"](["rain"], "cpu")
    assert embedding.isfinite().all()


@pytest.mark.parametrize(("options", "expected"), [({}, "device"), ({"noise": "cpu"}, "cpu")])
def test_where_noise_is_drawn_is_an_option(tmp_path, options, expected):
    assert load_stable_audio(choice(tiny_model_folder(tmp_path), options=options)).noise == expected


def test_why_a_card_is_not_used_is_told_at_once_and_with_what_is_loaded(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(loading, "resolve_device", lambda _name: ChosenDevice(torch.device("cpu"), "Card: too old"))
    model = load_stable_audio(choice(tiny_model_folder(tmp_path), device="auto"))
    assert "Card: too old" in caplog.messages
    assert "mine on cpu, fp32; Card: too old; " in DiffusionWorker.from_model(model).info().summary


def test_nothing_is_printed(tmp_path, capfd):
    load_stable_audio(choice(tiny_model_folder(tmp_path)))
    assert capfd.readouterr() == ("", "")


def test_compiler_failures_are_not_hidden(tmp_path):
    load_stable_audio(choice(tiny_model_folder(tmp_path)))
    assert torch._dynamo.config.suppress_errors is False


def test_half_precision_where_it_is_safe(tmp_path):
    model = load_stable_audio(choice(tiny_model_folder(tmp_path), precision="bf16"))
    dit = model.module.model.model
    assert dit.transformer.layers[0].self_attn.to_qkv.weight.dtype == torch.bfloat16
    assert dit.transformer.rotary_pos_emb.inv_freq.dtype == torch.float32
    assert dit.timestep_features.weight.dtype == torch.float32
    assert dit.to_timestep_embed[0].weight.dtype == torch.float32
    assert {value.dtype for value in model.module.pretransform.model.decoder.parameters()} == {torch.bfloat16}
    # Sounds that a take begins from are encoded once.
    assert {value.dtype for value in model.module.pretransform.model.encoder.parameters()} == {torch.float32}
    assert {value.dtype for value in model.module.conditioner.parameters()} == {torch.float32}
    assert torch.equal(dit.timestep_features.weight, tiny_model("v")[0].model.model.timestep_features.weight)


def test_the_checksum_is_the_checkpoints(tmp_path):
    import hashlib

    folder = tiny_model_folder(tmp_path)
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert load_stable_audio(choice(folder)).checksum == digest


def test_an_only_checkpoint_may_have_any_name(tmp_path):
    folder = tiny_model_folder(tmp_path)
    (folder / "model.safetensors").rename(folder / "rain-80000.safetensors")
    assert model_files.files_in_folder(folder, {}).checkpoint.name == "rain-80000.safetensors"
    (folder / "another.ckpt").touch()
    with pytest.raises(CheckpointError, match=r"several checkpoints \(another\.ckpt, rain-80000\.safetensors\)"):
        model_files.files_in_folder(folder, {})


def test_a_folder_without_a_checkpoint(tmp_path):
    folder = tiny_model_folder(tmp_path)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        load_stable_audio(choice(folder))


def test_a_checkpoint_of_another_architecture(tmp_path):
    folder = tiny_model_folder(tmp_path)
    save_checkpoint(tiny_model("v", embed_dim=96, num_heads=3)[0], folder / "model.safetensors", "safetensors")
    with pytest.raises(CheckpointError, match=r"(?s)model\.safetensors holds .* in other sizes.*of another shape"):
        load_stable_audio(choice(folder))


def test_pocket_is_missed_politely(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "POCKET_FOLDER", tmp_path)
    with pytest.raises(ModelError, match=r"pocket is not part of this installation.*model: sketch"):
        load_stable_audio(EngineChoice("pocket", device="cpu"))


def test_pocket_loads_from_its_folder(monkeypatch, tmp_path):
    tiny_model_folder(tmp_path, "rectified_flow")
    for module in (catalogue, model_files):
        monkeypatch.setattr(module, "POCKET_FOLDER", tmp_path)
    assert load_stable_audio(EngineChoice("pocket", device="cpu")).objective == "rectified_flow"


@pytest.mark.parametrize(("entry", "seconds"), [({}, 0.0), ({"min_seconds": 4}, 4.0)])
def test_the_least_length_of_a_model_is_told_by_its_worker(tmp_path, entry, seconds):
    loaded = choice(tiny_model_folder(tmp_path))
    model = load_stable_audio(replace(loaded, source={**loaded.source, **entry}))
    assert model.min_seconds == seconds
    assert DiffusionWorker.from_model(model).info().min_seconds == seconds


@pytest.fixture
def of_the_hub(server, cache_folder, tmp_path):
    """A model of a local hub, and how it is chosen; its tokenizer is one of the hub's, too."""
    tokenizer = tmp_path / "words"
    save_byte_tokenizer(tokenizer)
    words = {file.name: file.read_bytes() for file in tokenizer.iterdir()} | {"config.json": b"{}"}
    folder = tiny_model_folder(tmp_path / "made")
    (folder / "model_config.json").write_text(json.dumps(tiny_config(tokenizer="someone/words")))
    files = {name: (folder / name).read_bytes() for name in ("model_config.json", "model.safetensors")}
    server.repositories |= {"someone/words": Repository(words), "someone/model": Repository(files)}

    def chosen(**entry):
        return EngineChoice("mine", {"hub": "someone/model", **entry}, device="cpu", precision="fp32")

    return chosen


def test_defaults_of_an_entry_are_over_those_of_the_model(of_the_hub):
    model = load_stable_audio(of_the_hub(defaults={"steps": 33, "seconds": 1.5}))
    assert (model.defaults.steps, model.defaults.seconds, model.defaults.cfg_scale) == (33, 1.5, 7.0)


def test_defaults_that_it_cannot_render_are_refused_before_its_weights_are_fetched(of_the_hub, server):
    with pytest.raises(ModelError, match=r"default of 60\.0 s is not within"):
        load_stable_audio(of_the_hub(defaults={"seconds": 60.0}))
    assert not any("model.safetensors" in path or "words" in path for _, path in server.log)


def test_what_is_older_than_the_branch_is_told_in_the_models_line(of_the_hub, server, cache_folder, caplog):
    made = CachedRepository(cache_folder, "someone/model")
    made.put(server.repositories["someone/model"].files, OLDER)
    made.refer()
    model = load_stable_audio(of_the_hub())
    note = "someone/model as of fedcba98: what is newer is not whole here"
    assert model.remark == note
    assert note in caplog.messages


def test_a_checkpoint_with_a_wrong_byte_is_fetched_again_by_itself(of_the_hub, server, cache_folder, monkeypatch):
    right = load_stable_audio(of_the_hub())
    made = CachedRepository(cache_folder, "someone/model")
    content = server.repositories["someone/model"].files["model.safetensors"]
    made.spoil("model.safetensors", content[:-1] + bytes([content[-1] ^ 1]))
    monkeypatch.setattr(cache, "SMALL", 1000)
    server.log.clear()
    assert load_stable_audio(of_the_hub()).checksum == right.checksum
    assert [path.rpartition("/")[2] for kind, path in server.log if kind == "GET"] == ["model.safetensors"]


def test_a_checkpoint_that_reads_as_damaged_and_is_not_stays_refused(of_the_hub, server):
    server.repositories["someone/model"].files["model.safetensors"] = b"no checkpoint"
    with pytest.raises(CheckpointError):
        load_stable_audio(of_the_hub())


@pytest.mark.parametrize("lists", [True, False])
def test_a_tokenizer_in_a_folder_of_the_repository_comes_with_the_model(
    of_the_hub, server, tmp_path, monkeypatch, lists
):
    files = server.repositories["someone/model"].files
    files["model_config.json"] = json.dumps(tiny_config(tokenizer="words")).encode()
    words = server.repositories.pop("someone/words").files
    files.update({f"words/{name}": content for name, content in words.items()})
    server.repositories["someone/model"].lists = lists
    load_stable_audio(of_the_hub())
    assert presence("mine", of_the_hub().source).is_whole
    server.repositories.clear()
    server.log.clear()
    load_stable_audio(of_the_hub())
    assert server.log == []
    [tokenizer] = (tmp_path / "cache").rglob("words/tokenizer.json")
    tokenizer.unlink()
    assert presence("mine", of_the_hub().source).missing == ("words/tokenizer.json",)


@pytest.mark.parametrize("name", ["../../words", "/tmp/words", "~/words"])
def test_a_tokenizer_outside_of_the_repository_is_not_followed(of_the_hub, server, name):
    files = server.repositories["someone/model"].files
    files["model_config.json"] = json.dumps(tiny_config(tokenizer=name)).encode()
    with pytest.raises(ModelError, match="outside of its repository someone/model"):
        load_stable_audio(of_the_hub())
    assert not any("model.safetensors" in path for _, path in server.log)
    assert "outside of its repository" in why_refused("mine", of_the_hub().source)


def test_a_tokenizer_of_one_s_own_that_is_damaged_is_not_called_fetched(tmp_path):
    folder = tiny_model_folder(tmp_path / "m")
    (folder / "tokenizer" / "tokenizer.json").write_text("{")
    with pytest.raises(HubError, match=r"cannot be read.*Copy that folder again"):
        load_stable_audio(choice(folder))


def test_a_checkpoint_that_is_none_to_play_is_refused_before_it_is_compared_with_its_checksum(
    of_the_hub, server, monkeypatch, tmp_path
):
    of_lora = tmp_path / "lora.safetensors"
    save_file({f"layers.{number}.lora_A.weight": torch.ones(2, 2) for number in range(20)}, str(of_lora))
    server.repositories["someone/model"].files["model.safetensors"] = of_lora.read_bytes()
    monkeypatch.setattr(cache, "thorough_flaw", lambda _file: pytest.fail("it was read to its end"))
    with pytest.raises(UnfitCheckpointError, match="is a LoRA file"):
        load_stable_audio(of_the_hub())


def test_that_a_checkpoint_is_compared_with_its_checksum_is_told(of_the_hub, server):
    server.repositories["someone/model"].files["model.safetensors"] = b"no checkpoint"
    heard = []
    with pytest.raises(CheckpointError):
        load_stable_audio(of_the_hub(), lambda *news: heard.append(news[2]))
    assert heard[-1] == "comparing model.safetensors with its checksum"


@pytest.mark.parametrize("entry", [{"folder": "~/m"}, {"config": "~/m/model_config.json", "checkpoint": "~/m/x.ckpt"}])
def test_a_home_folder_is_meant_by_its_sign(tmp_path, monkeypatch, entry):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model_config.json").write_text(json.dumps(tiny_config()))
    (tmp_path / "m" / "x.ckpt").touch()
    files = loading.find_files(EngineChoice("mine", entry))
    assert (files.config, files.checkpoint) == (tmp_path / "m" / "model_config.json", tmp_path / "m" / "x.ckpt")


def test_a_model_without_a_place():
    with pytest.raises(ModelError, match=r"'mine' has no place to load from.*hub: owner/name"):
        load_stable_audio(EngineChoice("mine", device="cpu"))


def broken(folder, change):
    tiny_model_folder(folder)
    file = folder / "model_config.json"
    config = json.loads(file.read_text())
    change(config)
    file.write_text(json.dumps(config))
    return choice(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(model_type="autoencoder"), "of type 'autoencoder'; midifrag plays diffusion_cond"),
        (lambda c: c.pop("sample_rate"), "lacks sample_rate"),
        (lambda c: c["model"].pop("pretransform"), r"lacks model\.pretransform\.type"),
        (lambda c: c["model"]["diffusion"].update(type="adp_cfg_1d"), "network of type 'adp_cfg_1d'"),
        (lambda c: c["model"]["diffusion"].update(diffusion_objective="x"), "diffusion_objective is 'x'"),
        (lambda c: c["model"]["diffusion"]["config"].update(no_such=1), "cannot build: TypeError"),
        (lambda c: c.update(midifrag={"defaults": {"stepps": 3}}), "no default stepps"),
        (lambda c: c.update(midifrag={"defaults": {"steps": "many"}}), "hold a wrong value"),
        (lambda c: c.update(midifrag={"defaults": {"seconds": 60}}), r"60\.0 s is not within its 2\.05 s"),
    ],
)
def test_configurations_that_cannot_be_played(tmp_path, change, message):
    with pytest.raises(ModelError, match=message):
        load_stable_audio(broken(tmp_path, change))


def test_how_to_run_a_file_s_code_is_told_to_nobody(tmp_path, monkeypatch):
    def build(_config):
        raise pickle.UnpicklingError(
            "Weights only load failed. Re-running `torch.load` with weights_only=False will do"
        )

    with silence_output():
        from stable_audio_tools.models import factory
    tiny_model_folder(tmp_path)
    monkeypatch.setattr(factory, "create_model_from_config", build)
    with pytest.raises(ModelError, match=r"cannot build: UnpicklingError: .* could run code\. Use the model_config"):
        load_stable_audio(choice(tmp_path))


def test_what_lies_in_a_checkpoint_s_or_a_configuration_s_place_is_told_before_anything_is_built(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "build_module", lambda *_: pytest.fail("it was built"))
    tiny_model_folder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(POINTER)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is a Git LFS pointer"):
        load_stable_audio(choice(tmp_path))
    (tmp_path / "model_config.json").write_bytes(b"<!DOCTYPE html><html>")
    with pytest.raises(ModelError, match=r"model_config\.json is a web page"):
        load_stable_audio(choice(tmp_path))


def test_a_configuration_that_is_not_json(tmp_path):
    tiny_model_folder(tmp_path)
    (tmp_path / "model_config.json").write_text("{")
    with pytest.raises(ModelError, match="not readable as JSON"):
        load_stable_audio(choice(tmp_path))
    with pytest.raises(ModelError, match="no model configuration"):
        load_stable_audio(EngineChoice("x", {"config": str(tmp_path / "no.json"), "checkpoint": "x"}, device="cpu"))


def test_a_device_is_set_up_before_a_model_is_loaded_onto_it(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(loading, "set_up_device", done.append)
    model = load_stable_audio(choice(tiny_model_folder(tmp_path)))
    assert done == [model.device]
