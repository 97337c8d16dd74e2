from __future__ import annotations

import copy

import pytest

from midifrag.config import model_configs
from midifrag.config.model_configs import refusal
from tests.engine.tiny_models import tiny_config


def changed(change):
    config = copy.deepcopy(tiny_config())
    change(config)
    return config


def conditioner(kind, **settings):
    return lambda c: c["model"]["conditioning"]["configs"].append({"id": "more", "type": kind, "config": settings})


def autoencoder(part, kind):
    return lambda c: c["model"]["pretransform"]["config"].update({part: {"type": kind, "config": {}}})


def test_what_is_played_is_not_refused():
    assert refusal(tiny_config()) is None
    assert refusal(changed(conditioner("t5", t5_model_name="google/flan-t5-large"))) is None
    assert refusal(changed(conditioner("t5gemma", repo_id="someone/model", subfolder="t5gemma-b-b-ul2"))) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(model_type="lm"), "of type 'lm'; midifrag plays diffusion_cond"),
        (lambda c: c.pop("model_type"), "names no model_type"),
        (lambda c: c.pop("sample_size"), "lacks sample_size."),
        (lambda c: c["model"].pop("conditioning"), "lacks model.conditioning.configs."),
        (lambda c: c["model"]["diffusion"].update(type="adp_cfg_1d"), "network of type 'adp_cfg_1d'"),
        (lambda c: c["model"]["diffusion"].update(diffusion_objective="x"), "diffusion_objective is 'x'"),
        (lambda c: c["model"]["conditioning"].update(configs={"a": 1}), "no list of entries"),
        (lambda c: c["model"]["conditioning"]["configs"].append("bpm"), "no list of entries"),
        (conditioner("clap_audio"), "conditioned on more: audio, which a preset cannot give."),
        (conditioner("clap_text"), "clap_text, which the package laion-clap reads. That does not run beside midifrag"),
        (conditioner("pretransform"), "conditioned on more: audio"),
        (conditioner("source_mix"), "conditioned on more: audio"),
        (conditioner("mood"), "of type mood; stable-audio-tools knows t5, "),
        (
            conditioner("t5", t5_model_name="google/umt5"),
            "names the text encoder google/umt5; stable",
        ),
        (
            conditioner("t5gemma", model_name="google/t5gemma-9b"),
            "names the text encoder google/t5gemma-9b; stable-audio-tools knows google/t5gemma-b-b-ul2.",
        ),
        (conditioner("t5gemma", subfolder="../../elsewhere"), "names a text encoder outside of its repository (../"),
    ],
)
def test_what_cannot_be_played_is_told_without_weights(change, words):
    assert words in refusal(changed(change))


@pytest.mark.parametrize(
    ("content", "words"), [(None, "nothing"), ([], "a list"), ("text", "a text"), (3, "a number"), (True, "true or")]
)
def test_what_is_no_configuration(content, words):
    assert f"holds {words}" in refusal(content)
    assert "Use the model_config.json that its checkpoint was trained with." in refusal(content)


@pytest.mark.parametrize(
    ("change", "module", "package"),
    [
        (conditioner("phoneme"), "g2p_en", "g2p_en"),
        (autoencoder("encoder", "dac"), "dac", "descript-audio-codec"),
        (autoencoder("decoder", "seanet"), "encodec", "encodec"),
        (autoencoder("bottleneck", "rvq"), "vector_quantize_pytorch", "vector-quantize-pytorch"),
        (lambda c: c["model"]["pretransform"].update(type="audiocraft_pretrained"), "audiocraft", "audiocraft"),
    ],
)
def test_a_package_that_is_missing_comes_with_the_command(monkeypatch, change, module, package):
    there = set()
    monkeypatch.setattr(model_configs, "find_spec", lambda name: name if name in there else None)
    told = refusal(changed(change))
    assert f"needs the package {package}. Install it: uv pip install --no-config {package}" in told
    there.add(module)
    assert refusal(changed(change)) is None


def test_the_tables_are_those_of_the_package():
    from stable_audio_tools.models.conditioners import T5Conditioner, T5GemmaConditioner

    assert list(model_configs.T5GEMMA_NAMES) == T5GemmaConditioner.T5GEMMA_MODELS
    assert [name for name in T5Conditioner.T5_MODELS if "/snapshots/" not in name] == list(model_configs.T5_NAMES)
    assert set(model_configs.PACKAGES) & set(model_configs.AUDIO_CONDITIONERS) == set()


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({}, ("google/t5gemma-b-b-ul2", "")),
        ({"model_name": "google/t5gemma-b-b-ul2"}, ("google/t5gemma-b-b-ul2", "")),
        ({"repo_id": "a/model", "subfolder": "t5"}, ("a/model", "t5")),
    ],
)
def test_where_a_t5gemma_encoder_lies(said, place):
    assert model_configs.gemma_place(said) == place


def test_text_encoders_are_those_of_t5_conditioners():
    config = changed(conditioner("t5", max_length=3))
    assert model_configs.text_encoders(config) == ["t5-base"]
