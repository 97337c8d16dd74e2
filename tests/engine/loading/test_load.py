from __future__ import annotations

import json
import pickle
import sys
from dataclasses import replace

import pytest
import torch

from midifrag.config import catalogue
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading import load as loading
from midifrag.engine.loading.load import load_stable_audio
from midifrag.engine.loading.precision import ChosenDevice
from midifrag.engine.loading.silence_output import silence_output
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import CheckpointError, ModelError
from tests.engine import tiny_models
from tests.engine.layout_table import POINTER
from tests.engine.tiny_models import save_checkpoint, tiny_model, tiny_model_folder


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
    assert all(torch.equal(state[key], value) for key, value in expected.state_dict().items())
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
    assert sys.modules["torch._dynamo"].config.suppress_errors is False


def test_half_precision_where_it_is_safe(tmp_path):
    model = load_stable_audio(choice(tiny_model_folder(tmp_path), precision="bf16"))
    dit = model.module.model.model
    assert dit.transformer.layers[0].self_attn.to_qkv.weight.dtype == torch.bfloat16
    assert dit.transformer.rotary_pos_emb.inv_freq.dtype == torch.float32
    assert dit.timestep_features.weight.dtype == torch.float32
    assert dit.to_timestep_embed[0].weight.dtype == torch.float32
    assert {value.dtype for value in model.module.pretransform.parameters()} == {torch.bfloat16}
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
    assert loading.files_in_folder(folder).checkpoint.name == "rain-80000.safetensors"
    (folder / "another.ckpt").touch()
    with pytest.raises(CheckpointError, match=r"several checkpoints \(another\.ckpt, rain-80000\.safetensors\)"):
        loading.files_in_folder(folder)


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
    for module in (catalogue, loading):
        monkeypatch.setattr(module, "POCKET_FOLDER", tmp_path)
    assert load_stable_audio(EngineChoice("pocket", device="cpu")).objective == "rectified_flow"


@pytest.mark.parametrize(("entry", "seconds"), [({}, 0.0), ({"min_seconds": 4}, 4.0)])
def test_the_least_length_of_a_model_is_told_by_its_worker(tmp_path, entry, seconds):
    loaded = choice(tiny_model_folder(tmp_path))
    model = load_stable_audio(replace(loaded, source={**loaded.source, **entry}))
    assert model.min_seconds == seconds
    assert DiffusionWorker.from_model(model).info().min_seconds == seconds


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
    with pytest.raises(ModelError, match=r"cannot build: UnpicklingError: .* could run code$"):
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
