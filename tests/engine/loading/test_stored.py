import pytest
import torch
from safetensors.torch import save_file

from midifrag.engine.loading.stored import read_stored
from midifrag.errors import CheckpointError


def test_names_have_the_keys_before_them(tmp_path):
    content = {"a": {"b": torch.ones(1), "c": {3: torch.zeros(2)}}, "d": torch.ones(3), "epoch": 4, "states": [{}]}
    torch.save(content, tmp_path / "x")
    stored = read_stored(tmp_path / "x")
    assert list(stored.tensors) == ["a.b", "a.c.3", "d"]
    assert stored.beside == {"epoch", "states"}


def test_what_a_file_says_of_itself(tmp_path):
    save_file({"a": torch.ones(1)}, str(tmp_path / "x"), {"lora_config": "{}"})
    assert read_stored(tmp_path / "x").metadata == {"lora_config": "{}"}


def test_keys_are_followed_so_far(tmp_path):
    content = {"a": torch.ones(1)}
    for _ in range(9):
        content = {"x": content}
    torch.save(content, tmp_path / "x")
    assert read_stored(tmp_path / "x").tensors == {}


def test_a_safetensors_file_with_a_kind_of_number_that_nobody_knows(tmp_path):
    header = b'{"a":{"dtype":"Q9","shape":[2],"data_offsets":[0,4]}}'
    (tmp_path / "x").write_bytes(len(header).to_bytes(8, "little") + header + b"1234")
    with pytest.raises(CheckpointError, match="is damaged"):
        read_stored(tmp_path / "x")
