"""Which layer each name of a LoRA's file is about, in each program's way of naming."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from midifrag.engine.loading.lora_formats import Reading, read_names

QKV = "model.model.transformer.layers.0.self_attn.to_qkv"
SECONDS = "conditioner.conditioners.seconds_total.embedder.1"
LAYERS = (QKV, "model.model.transformer.project_in", SECONDS)
NOWHERE = Path("/nowhere/x.safetensors")


def read(*names: str, layers: tuple[str, ...] = LAYERS, file: Path = NOWHERE, **metadata: str) -> Reading:
    return read_names(names, metadata, layers, file)


def test_stable_audio_tools_own() -> None:
    said = json.dumps({"rank": 4, "alpha": 8, "adapter_type": "bora", "include": None})
    before = "model.transformer.layers.0.self_attn.to_qkv.parametrizations.weight.0."
    reading = read(
        *(before + one for one in ("lora_A", "lora_B", "magnitude_r", "magnitude_c")),
        "conditioners.seconds_total.embedder.1.parametrizations.weight.0.lora_A",
        "model.transformer.layers.9.self_attn.to_qkv.parametrizations.weight.0.lora_A",
        before.replace(".0.lora", ".1.lora") + "else",
        lora_config=said,
    )
    assert (reading.format, reading.kind, reading.rank, reading.alpha) == ("stable-audio-tools", "bora", 4, 8.0)
    assert set(reading.layers[QKV]) == {"down", "up", "rows", "columns"}
    assert set(reading.layers[SECONDS]) == {"down"}
    assert len(reading.foreign) == 2
    assert not reading.trouble


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("no json", "no JSON"),
        (json.dumps({"adapter_type": "loha"}), "of the type 'loha'"),
        (json.dumps({"rank": "many"}), "cannot be meant"),
        (json.dumps({"alpha": float("inf")}), "alpha of inf"),
    ],
)
def test_what_such_a_file_says_of_itself_may_be_wrong(config: str, told: str) -> None:
    reading = read("model.x.parametrizations.weight.0.lora_A", lora_config=config)
    assert told in reading.trouble


def test_loraw() -> None:
    path = QKV.replace(".", "/")
    reading = read(f"{path}/lora_down.weight", f"{path}/lora_up.weight", "model/else/lora_up.weight")
    assert (reading.format, reading.foreign) == ("LoRAW", ["model/else/lora_up.weight"])
    assert reading.layers == {QKV: {"down": f"{path}/lora_down.weight", "up": f"{path}/lora_up.weight"}}
    assert "no alpha" in reading.note


@pytest.mark.parametrize("before", ["", "lora_unet_", "lora_unet_model_", "lora_transformer_model_model_transformer_"])
def test_kohya(before: str) -> None:
    flat = before + ("transformer_" if not before.endswith("transformer_") or before == "lora_transformer_" else "")
    flat += "layers_0_self_attn_to_qkv"
    names = [f"{flat}.{role}" for role in ("lora_down.weight", "lora_up.weight", "alpha")]
    reading = read(*names)
    assert (reading.format, reading.foreign) == ("kohya", [])
    assert set(reading.layers[QKV]) == {"down", "up", "alpha"}


def test_names_that_could_be_of_two_layers_are_of_none() -> None:
    layers = ("model.a.b", "model.a_b")
    reading = read("lora_unet_a_b.lora_down.weight", layers=layers)
    assert (reading.layers, reading.foreign) == ({}, ["lora_unet_a_b.lora_down.weight"])
    both = ("model.model.transformer.model.x", "model.x")
    assert read("x.lora_A.weight", layers=both).layers == {"model.x": {"down": "x.lora_A.weight"}}
    assert not read("model.x.lora_A.weight", layers=both).layers


@pytest.mark.parametrize("before", ["base_model.model.", "base_model.model.model.", "diffusion_model.", ""])
def test_peft(before: str) -> None:
    names = [f"{before}transformer.layers.0.self_attn.to_qkv.{one}.weight" for one in ("lora_A", "lora_B.default")]
    reading = read(*names)
    assert (reading.format, reading.foreign, reading.alpha) == ("peft", [], None)
    assert set(reading.layers[QKV]) == {"down", "up"}


def test_peft_s_configuration_beside_its_file_or_in_it(tmp_path: Path) -> None:
    file, beside = tmp_path / "adapter_model.safetensors", tmp_path / "adapter_config.json"
    name = "transformer.layers.0.self_attn.to_qkv.lora_A.weight"
    beside.write_text(json.dumps({"lora_alpha": 8, "use_rslora": True}))
    reading = read(name, file=file)
    assert (reading.alpha, reading.by_root, reading.note) == (8.0, True, "")
    inside = read(name, file=file, lora_adapter_metadata=json.dumps({"transformer.lora_alpha": 2}))
    assert (inside.alpha, inside.by_root) == (2.0, False)
    beside.write_text(json.dumps({"alpha_pattern": {"x": 3}}))
    assert "alpha_pattern" in read(name, file=file).trouble
    beside.write_text("no json")
    assert "cannot be read" in read(name, file=file).trouble
    rows = name.replace("lora_A.weight", "lora_magnitude_vector.weight")
    beside.write_text(json.dumps({"lora_alpha": 8}))
    assert read(name, rows, file=file).kind == "dora-rows"


def test_what_is_in_no_format() -> None:
    assert "none of the formats" in read("x.hada_w1_a", "x.hada_w1_b").trouble
