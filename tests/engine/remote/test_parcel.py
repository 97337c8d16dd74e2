"""A LoRA's file on its way: as it is, or with the scale that lies beside it."""

import hashlib
import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from midifrag.engine.loading.lora_formats import read_names
from midifrag.engine.remote.parcel import lora_parcel

NAMES = [f"x.lora_{end}.weight" for end in ("A", "B")]


def saved(folder, names=NAMES, **metadata):
    file = folder / "dusty.safetensors"
    save_file({name: torch.full((2, 3), float(number)) for number, name in enumerate(names)}, file, metadata or None)
    return file


def whole(parcel, piece):
    return b"".join(parcel.read(start, piece) for start in range(0, parcel.size, piece))


def test_a_file_travels_as_it_is(tmp_path):
    file = saved(tmp_path)
    parcel = lora_parcel(file, "dusty")
    assert whole(parcel, 7) == file.read_bytes()
    assert parcel.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("piece", [1, 100, 1 << 20])
def test_a_scale_that_lies_beside_it_travels_inside(tmp_path, piece):
    file = saved(tmp_path, format="pt")
    said = {"lora_alpha": 7.5, "use_rslora": True}
    (tmp_path / "adapter_config.json").write_text(json.dumps(said))
    parcel = lora_parcel(file, "dusty")
    data = whole(parcel, piece)
    assert (len(data), hashlib.sha256(data).hexdigest()) == (parcel.size, parcel.sha256)
    there = tmp_path / "there" / "sent.safetensors"
    there.parent.mkdir()
    there.write_bytes(data)
    with safe_open(str(there), "pt") as stream, safe_open(str(file), "pt") as here:
        metadata = stream.metadata()
        assert all(torch.equal(stream.get_tensor(name), here.get_tensor(name)) for name in NAMES)
    assert metadata["format"] == "pt"
    readings = (read_names(NAMES, {"format": "pt"}, ("x",), file), read_names(NAMES, metadata, ("x",), there))
    assert [(one.alpha, one.by_root, one.note) for one in readings] == [(7.5, True, "")] * 2


@pytest.mark.parametrize(
    ("names", "metadata"),
    [
        (["x.lora_down.weight", "x.lora_up.weight"], {}),
        (["x.parametrizations.weight.0.lora_A", "x.parametrizations.weight.0.lora_B"], {}),
        (NAMES, {"lora_adapter_metadata": "{}"}),
    ],
)
def test_what_lies_beside_others_is_not_theirs(tmp_path, names, metadata):
    (tmp_path / "adapter_config.json").write_text('{"lora_alpha": 7}')
    file = saved(tmp_path, names, **metadata)
    assert lora_parcel(file, "dusty").sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
