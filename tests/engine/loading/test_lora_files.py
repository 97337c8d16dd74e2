"""Files of LoRAs: all of one fits its model, or it is refused with what does not and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from midifrag.engine.loading.checksum import checksum
from midifrag.engine.loading.lora_files import read_lora
from midifrag.errors import LoraError

LAYERS: Mapping[str, nn.Module] = {"model.model.a": nn.Linear(5, 6), "model.model.c": nn.Conv1d(4, 4, 1)}
STOCK = "model.{}.parametrizations.weight.0.{}"


def tensors(kind: str = "lora", rank: int = 2) -> dict[str, Tensor]:
    values: dict[str, Tensor] = {}
    for layer, outputs, inputs in (("a", 6, 5), ("c", 4, 4)):
        if kind.endswith("-xs"):
            values[STOCK.format(layer, "M_xs")] = torch.randn(rank, rank)
        else:
            values[STOCK.format(layer, "lora_A")] = torch.randn(rank, inputs)
            values[STOCK.format(layer, "lora_B")] = torch.randn(outputs, rank)
        if "dora" in kind:
            values[STOCK.format(layer, "magnitude")] = torch.ones(inputs if "cols" in kind else outputs)
        if "bora" in kind:
            values[STOCK.format(layer, "magnitude_r")] = torch.ones(outputs)
            values[STOCK.format(layer, "magnitude_c")] = torch.ones(inputs)
    return values


def saved(file: Path, values: dict[str, Tensor], **config: Any) -> Path:
    said = {"rank": 2, "alpha": 4, "adapter_type": "lora", **config}
    save_file(values, file, metadata={"lora_config": json.dumps(said)})
    return file


def refused(file: Path) -> str:
    with pytest.raises(LoraError) as error:
        read_lora(file, LAYERS)
    assert str(error.value).startswith((str(file), "There is no LoRA"))
    return str(error.value)


@pytest.mark.parametrize("kind", ["lora", "dora-rows", "dora-cols", "bora", "lora-xs", "bora-xs"])
def test_a_whole_file_is_read_with_its_scale_and_checksum(tmp_path: Path, kind: str) -> None:
    values = tensors(kind)
    file = saved(tmp_path / "x.safetensors", values, adapter_type=kind)
    read = read_lora(file, LAYERS)
    assert (read.format, read.kind, read.is_added) == ("stable-audio-tools", kind, kind.startswith("lora"))
    assert read.checksum == checksum(file)
    assert list(read.adapters) == list(LAYERS)
    one = read.adapters["model.model.a"]
    assert one.kind == kind.removesuffix("-xs")
    if not kind.endswith("-xs"):
        torch.testing.assert_close(one.up, values[STOCK.format("a", "lora_B")] * 2)
        torch.testing.assert_close(one.down, values[STOCK.format("a", "lora_A")])
    assert (one.rows is not None) is (kind in ("dora-rows", "bora", "bora-xs"))
    assert (one.columns is not None) is (kind in ("dora-cols", "bora", "bora-xs"))


@pytest.mark.parametrize("kind", ["lora", "dora-rows", "bora"])
def test_what_was_read_stays_as_it_is_when_its_file_is_written_anew(tmp_path: Path, kind: str) -> None:
    """Files in fp32 are mapped: what takes one's place would be heard at once, and one cut short would end it all."""
    values = tensors(kind)
    file = saved(tmp_path / "x.safetensors", values, adapter_type=kind)
    read = read_lora(file, LAYERS)
    with file.open("r+b") as stream:
        stream.write(b"\0" * file.stat().st_size)
    one = read.adapters["model.model.a"]
    torch.testing.assert_close(one.down, values[STOCK.format("a", "lora_A")])
    torch.testing.assert_close(one.up, values[STOCK.format("a", "lora_B")] * 2)
    for lengths in (one.rows, one.columns):
        assert lengths is None or bool((lengths == 1).all())


def test_older_files_tell_rows_from_columns_by_their_shape(tmp_path: Path) -> None:
    for size, kind in (((1, -1), "dora-cols"), ((-1, 1), "dora-rows")):
        values = tensors(kind)
        for name in [name for name in values if name.endswith("magnitude")]:
            values[name] = values[name].reshape(size).contiguous()
        read = read_lora(saved(tmp_path / f"{kind}.safetensors", values, adapter_type="dora"), LAYERS)
        assert {adapter.kind for adapter in read.adapters.values()} == {kind}


def _without_up(values: dict[str, Tensor]) -> None:
    del values[STOCK.format("a", "lora_B")]


def _wider(values: dict[str, Tensor]) -> None:
    values[STOCK.format("a", "lora_A")] = torch.ones(2, 9)


def _elsewhere(values: dict[str, Tensor]) -> None:
    values[STOCK.format("z", "lora_A")] = torch.ones(2, 5)


def _nan(values: dict[str, Tensor]) -> None:
    values[STOCK.format("c", "lora_B")][0, 0] = float("nan")


def _whole_numbers(values: dict[str, Tensor]) -> None:
    values[STOCK.format("c", "lora_B")] = torch.ones(4, 2, dtype=torch.int8)


def _other_rank(values: dict[str, Tensor]) -> None:
    values[STOCK.format("a", "lora_A")] = torch.ones(3, 5)
    values[STOCK.format("a", "lora_B")] = torch.ones(6, 3)


def _no_rank(values: dict[str, Tensor]) -> None:
    values[STOCK.format("a", "lora_A")] = torch.ones(0, 5)
    values[STOCK.format("a", "lora_B")] = torch.ones(6, 0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without_up, "model.model.a lacks its up"),
        (_wider, "model.model.a is 2 × 5 in the model, and 2 × 9 in the file"),
        (_elsewhere, "model.z.parametrizations.weight.0.lora_A"),
        (_nan, "no number (NaN or infinity)"),
        (_whole_numbers, "not in fp16, bf16 or fp32"),
        (_other_rank, "has rank 3, and its file says 2"),
        (_no_rank, "has rank 0"),
    ],
)
def test_what_does_not_fit_says_which_layer_and_why(
    tmp_path: Path, change: Callable[[dict[str, Tensor]], None], told: str
) -> None:
    values = tensors()
    change(values)
    assert told in refused(saved(tmp_path / "x.safetensors", values))


def test_foreign_and_broken_files_say_what_they_are(tmp_path: Path) -> None:
    file = saved(tmp_path / "x.safetensors", tensors())
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(file.read_bytes()[:-10])
    assert "is cut off" in refused(cut)
    assert "There is no LoRA" in refused(tmp_path / "gone.safetensors")
    page = tmp_path / "page.safetensors"
    page.write_text("<!doctype html><html></html>")
    assert "is a web page" in refused(page)
    other = tmp_path / "other.safetensors"
    save_file({"x.hada_w1_a": torch.ones(2, 2)}, other)
    assert "none of the formats" in refused(other)
    strange = saved(tmp_path / "strange.safetensors", tensors(), adapter_type="loha")
    assert "of the type 'loha'" in refused(strange)
    model = tmp_path / "model.safetensors"
    save_file({"model.model.a.weight": torch.ones(6, 5)}, model)
    assert "none of the formats" in refused(model)
    training = tmp_path / "training.ckpt"
    torch.save({"state_dict": tensors()}, training)
    assert "convert_lora_ckpt_to_safetensors" in refused(training)
    objects = tmp_path / "objects.ckpt"
    torch.save({"x": nn.Linear(2, 2)}, objects)
    assert "could run code" in refused(objects)


def test_alphas_of_other_programs_scale_by_their_rules(tmp_path: Path) -> None:
    up, down = torch.ones(6, 4), torch.ones(4, 5)

    def scale(values: dict[str, Tensor], **files: str) -> float:
        file = tmp_path / "y.safetensors"
        save_file(values, file)
        for name, text in files.items():
            (tmp_path / f"{name}.json").write_text(text)
        return float(read_lora(file, LAYERS).adapters["model.model.a"].up[0, 0])

    kohya = {"lora_unet_a.lora_down.weight": down, "lora_unet_a.lora_up.weight": up}
    assert scale(kohya) == 1.0
    assert scale({**kohya, "lora_unet_a.alpha": torch.tensor(8.0)}) == 2.0
    assert scale({**kohya, "lora_unet_a.alpha": torch.tensor(0.0)}) == 1.0
    peft = {"a.lora_A.weight": down, "a.lora_B.weight": up}
    assert scale(peft) == 1.0
    assert scale(peft, adapter_config=json.dumps({"lora_alpha": 8})) == 2.0
    assert scale(peft, adapter_config=json.dumps({"lora_alpha": 8, "use_rslora": True})) == 4.0
