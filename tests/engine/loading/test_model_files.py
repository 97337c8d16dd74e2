"""What `midifrag models` says of a model's files, what `midifrag check` says, and what a load does, are one answer."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save_file

from midifrag.commands.check import unusable_models
from midifrag.commands.models import here
from midifrag.config import loading
from midifrag.engine.loading.load import load_stable_audio
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import ModelError
from tests.engine.layout_table import POINTER
from tests.engine.tiny_models import tiny_model_folder

FOLDER = {"folder": "m"}
FILES = {"config": "m/model_config.json", "checkpoint": "m/model.safetensors"}
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title>"


@dataclass(frozen=True)
class Row:
    """``change`` is done to a right model's folder; ``says`` are parts of what all three say, none where it plays."""

    name: str
    change: Callable[[Path], object]
    says: tuple[str, ...] = ()
    entry: tuple[tuple[str, str], ...] = tuple(FOLDER.items())


def weights(content: bytes, name: str = "model.safetensors") -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def longer(folder: Path) -> None:
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"more")


def config(change: Callable[[dict], object]) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        content = json.loads((folder / "model_config.json").read_text())
        change(content)
        (folder / "model_config.json").write_text(json.dumps(content))

    return make


def lora(folder: Path) -> None:
    names = ("a.lora_A.weight", "a.lora_B.weight")
    save_file({name: torch.ones(2, 2) for name in names}, folder / "model.safetensors")


def other(name: str, content: bytes) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        (folder / name).write_bytes(content)

    return make


def put(path: str, value: object) -> Callable[[Path], object]:
    def change(content: dict) -> None:
        *keys, last = path.split(".")
        for key in keys:
            content = content[key]
        content[last] = value

    return config(change)


def tokenizer(name: str) -> Callable[[Path], object]:
    return config(lambda c: c["model"]["conditioning"]["configs"][0]["config"].update(tokenizer_name=name))


def renamed(old: str, new: str) -> Callable[[Path], object]:
    return lambda folder: (folder / old).rename(folder / new)


def two(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "rain.safetensors")
    shutil.copy(folder / "rain.safetensors", folder / "wind.pt")


def no_tensors(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")


def folder_of_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()


ITS_OWN = "Use the model_config.json that its checkpoint was trained with."
FILES_ENTRY = tuple(FILES.items())
ROWS = (
    Row("as it was saved", lambda _: None),
    Row("as files", lambda _: None, entry=FILES_ENTRY),
    Row("under its own name", renamed("model.safetensors", "rain-80000.safetensors")),
    Row("under another end", lambda f: shutil.move(f / "model.safetensors", f / "rain.pt")),
    Row("beside another one", weights(b"", "older.ckpt")),
    Row("beside what macOS leaves", weights(b"", "._model.safetensors")),
    Row(
        "its autoencoder apart",
        lambda f: shutil.copy(f / "model.safetensors", f / "vae.bin"),
        entry=(*FILES_ENTRY, ("pretransform", "m/vae.bin")),
    ),
    Row("a Git LFS pointer", weights(POINTER), ("is a Git LFS pointer", "git lfs pull")),
    Row("a pointer as files", weights(POINTER), ("is a Git LFS pointer", "git lfs pull"), FILES_ENTRY),
    Row("a web page", weights(PAGE), ("is a web page", "Download the file itself")),
    Row("cut off", cut, ("is cut off", "Copy or download it again")),
    Row("with bytes behind it", longer, ("is damaged: it has", "Copy or download it again")),
    Row("empty", weights(b""), ("is empty", "Copy or download it again")),
    Row("without a tensor", no_tensors, ("there are no tensors in it", "Name the checkpoint")),
    Row("a folder as checkpoint", folder_of_weights, ("is a folder, not a checkpoint", "Name the file in it")),
    Row("no checkpoint", lambda f: (f / "model.safetensors").unlink(), ("holds no checkpoint", "Put one there")),
    Row("two checkpoints", two, ("several checkpoints (rain.safetensors, wind.pt)", "config:", "checkpoint:")),
    Row("a name in other letters", renamed("model.safetensors", "Model.SafeTensors")),
    Row("an end in other letters", renamed("model.safetensors", "rain.CKPT")),
    Row(
        "a checkpoint as .bin", renamed("model.safetensors", "mine.bin"), ("It holds mine.bin: write config:", "mine.")
    ),
    Row("a GGUF file", other("model.gguf", b"GGUF" + bytes(600)), ("It holds model.gguf", "does not play GGUF")),
    Row("an archive", other("model.zip", b"PK\5\6" + bytes(18)), ("It holds model.zip", "is a zip archive", "Unpack")),
    Row("a LoRA", lora, ("is a LoRA file", "Name it with loras:")),
    Row("a device", lambda _: None, (os.devnull, "is no file"), (FILES_ENTRY[0], ("checkpoint", os.devnull))),
    Row(
        "a checkpoint that is not there", lambda f: (f / "model.safetensors").unlink(), ("no checkpoint",), FILES_ENTRY
    ),
    Row("its config under another name", renamed("model_config.json", "config-rain.json"), ("holds config-rain.json",)),
    Row("no config", lambda f: (f / "model_config.json").unlink(), ("holds no model_config.json", "Put the one")),
    Row("no config there", renamed("model_config.json", "x.json"), ("There is no model configuration",), FILES_ENTRY),
    Row("a broken config", weights(b'{"a": ', "model_config.json"), ("not readable as JSON", ITS_OWN)),
    Row("a config of other letters", weights(b'{"a": "\xff"}', "model_config.json"), ("not readable as JSON", ITS_OWN)),
    Row("a list as config", weights(b"[1, 2]", "model_config.json"), ("holds a list, and no model's", ITS_OWN)),
    Row("nothing as config", weights(b"null", "model_config.json"), ("holds nothing, and no model's", ITS_OWN)),
    Row("a page as config", weights(PAGE, "model_config.json"), ("is a web page",)),
    Row("another library's config", weights(b'{"d_model": 3}', "model_config.json"), ("no model_type", ITS_OWN)),
    Row("a kind that is not played", config(lambda c: c.update(model_type="lm")), ("of type 'lm'", "Choose another")),
    Row("a config without its rate", config(lambda c: c.pop("sample_rate")), ("lacks sample_rate", ITS_OWN)),
    Row("a rate of zero", config(lambda c: c.update(sample_rate=0)), ("no usable sample_rate", ITS_OWN)),
    Row("a rate in words", config(lambda c: c.update(sample_rate="fast")), ("no usable sample_rate", ITS_OWN)),
    Row("a block of the wrong kind", config(lambda c: c.update(midifrag=[1])), ("of another kind", ITS_OWN)),
    Row(
        "a tokenizer without a name",
        config(lambda c: c["model"]["conditioning"]["configs"][0]["config"].pop("tokenizer_name")),
        ("names no tokenizer", ITS_OWN),
    ),
    Row(
        "a tokenizer at a path that is not there",
        tokenizer("/nowhere/tok"),
        ("m/model_config.json takes its tokenizer from /nowhere/tok", "there is no folder"),
    ),
    Row(
        "a tokenizer's folder that is not there",
        lambda f: shutil.rmtree(f / "tokenizer"),
        ("model_config.json takes its tokenizer from tokenizer", "m/tokenizer. Copy that folder there"),
    ),
    Row("a tokenizer in folders", tokenizer("a/b/c"), ("takes its tokenizer from a/b/c", "m/a/b/c. Copy")),
    Row("a tokenizer above it", tokenizer("../tok"), ("takes its tokenizer from ../tok", "Copy that folder there")),
    Row("a tokenizer of too long a name", tokenizer("t" * 300), ("takes its tokenizer from ttt", "Copy")),
    Row(
        "a tokenizer's folder without one",
        lambda f: [one.unlink() for one in (f / "tokenizer").iterdir()],
        ("m/tokenizer, which holds none", "Copy that folder again"),
    ),
    Row("told of nothing", put("model.diffusion.cross_attention_cond_ids", ["nope"]), ("conditioned on nope", ITS_OWN)),
    Row("no autoencoder", put("model.pretransform.config", {}), ("nothing under model.pretransform.config", ITS_OWN)),
    Row("no network", put("model.diffusion.config", {}), ("nothing under model.diffusion.config", ITS_OWN)),
    Row("channels in words", put("model.io_channels", "64"), ("no usable model.io_channels: '64'", ITS_OWN)),
    Row("a size below zero", put("sample_size", -5), ("no usable sample_size: -5", ITS_OWN)),
    Row("a size for years", put("sample_size", 10**13), ("no usable sample_size: 10000000000000", ITS_OWN)),
    Row(
        "an encoder that is misspelt",
        config(
            lambda c: c["model"]["conditioning"]["configs"][0].update(type="t5", config={"t5_model_name": "t5-bsae"})
        ),
        ("did you mean t5-base?", ITS_OWN),
    ),
    Row(
        "a file as folder",
        lambda _: None,
        ("is a file and no folder", "checkpoint:"),
        (("folder", "m/model.safetensors"),),
    ),
    Row("no such folder", lambda _: None, ("There is no folder", "Check the path"), (("folder", "models"),)),
    Row("a folder as config", lambda _: None, ("is a folder", "folder:"), (("config", "m"), FILES_ENTRY[1])),
    Row(
        "an autoencoder that is a pointer",
        weights(POINTER, "vae.ckpt"),
        ("vae.ckpt is a Git LFS pointer",),
        (*FILES_ENTRY, ("pretransform", "m/vae.ckpt")),
    ),
    Row(
        "an autoencoder that is not there",
        lambda _: None,
        ("There is no checkpoint", "vae.ckpt"),
        (*FILES_ENTRY, ("pretransform", "m/vae.ckpt")),
    ),
)


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    return tiny_model_folder(tmp_path_factory.mktemp("right") / "m")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_models_check_and_a_load_say_the_same(row, right, tmp_path, no_hub):
    shutil.copytree(right, tmp_path / "m")
    row.change(tmp_path / "m")
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "opening.yaml").write_text("name: Opening\npads: {36: {prompt: rain}}\n")
    (tmp_path / "presets.yaml").write_text(yaml.safe_dump({"model": "mine", "models": {"mine": dict(row.entry)}}))
    loaded = loading.load(tmp_path / "presets.yaml", environment={})
    source = loaded.source("mine")
    checked, listed = [one.message for one in unusable_models(loaded)], here("mine", source)
    chosen = EngineChoice("mine", source, device="cpu", precision="fp32")
    if not row.says:
        assert load_stable_audio(chosen).name == "mine"
        assert (checked, listed.partition(",")[0]) == ([], "yes")
        return
    with pytest.raises(ModelError) as refused:
        load_stable_audio(chosen)
    assert checked == [str(refused.value)]
    assert listed == f"will not play: {refused.value}"
    assert all(part in str(refused.value) for part in row.says), refused.value
