from __future__ import annotations

import hashlib

import pytest
import torch

from midifrag.engine.loading import checkpoint
from midifrag.errors import CheckpointError
from tests.engine.tiny_models import save_checkpoint, tiny_model


@pytest.fixture(scope="module")
def module():
    return tiny_model("v")[0]


def same(state, module):
    expected = module.state_dict()
    return state.keys() == expected.keys() and all(torch.equal(state[key], expected[key]) for key in expected)


@pytest.mark.parametrize("kind", ["safetensors", "ckpt", "training", "training_ema"])
def test_every_kind_of_checkpoint_gives_the_models_own_keys(module, tmp_path, kind):
    file = tmp_path / ("a.safetensors" if kind == "safetensors" else "a.ckpt")
    save_checkpoint(module, file, kind)
    assert same(checkpoint.read_state(file), module)


def test_a_bare_state_dict(module, tmp_path):
    torch.save(module.state_dict(), tmp_path / "bare.pt")
    assert same(checkpoint.read_state(tmp_path / "bare.pt"), module)


def test_an_old_checkpoint_without_a_zip_inside(module, tmp_path):
    torch.save({"state_dict": module.state_dict()}, tmp_path / "old.ckpt", _use_new_zipfile_serialization=False)
    assert same(checkpoint.read_state(tmp_path / "old.ckpt"), module)


def test_fitting_fills_the_model(module, tmp_path):
    other, _ = tiny_model("v", seed=5)
    checkpoint.fit(other, module.state_dict(), tmp_path / "x")
    assert same(other.state_dict(), module)


def test_half_precision_checkpoints_are_widened(module, tmp_path):
    other, _ = tiny_model("v", seed=5)
    state = {key: value.half() for key, value in module.state_dict().items()}
    checkpoint.fit(other, state, tmp_path / "x")
    assert {value.dtype for value in other.state_dict().values()} == {torch.float32}
    assert torch.allclose(other.model.model.preprocess_conv.weight, module.model.model.preprocess_conv.weight, 1e-2)


def test_computed_constants_may_be_absent(module, tmp_path):
    other, _ = tiny_model("v", seed=5)
    state = {key: value for key, value in module.state_dict().items() if not key.endswith(("inv_freq", "norm.beta"))}
    assert len(state) < len(module.state_dict())
    checkpoint.fit(other, state, tmp_path / "x")
    assert same(other.state_dict(), module)


def refusal(call, *arguments):
    with pytest.raises(CheckpointError) as error:
        call(*arguments)
    return str(error.value)


def test_a_missing_file(tmp_path):
    assert "There is no checkpoint" in refusal(checkpoint.read_state, tmp_path / "gone.ckpt")


@pytest.mark.parametrize("kind", ["safetensors", "ckpt"])
@pytest.mark.parametrize("kept", [0, 5, 0.5, 0.99])
def test_a_truncated_file(module, tmp_path, kind, kept):
    file = tmp_path / f"cut.{kind}"
    save_checkpoint(module, file, kind)
    content = file.read_bytes()
    file.write_bytes(content[: kept if isinstance(kept, int) else int(len(content) * kept)])
    message = refusal(checkpoint.read_state, file)
    assert str(file) in message
    assert "damaged, cut off or not a checkpoint" in message


class Strange:
    pass


def test_python_objects_are_not_unpickled(tmp_path):
    torch.save({"state_dict": {"a": torch.ones(1)}, "extra": Strange()}, tmp_path / "x.ckpt")
    message = refusal(checkpoint.read_state, tmp_path / "x.ckpt")
    assert "could run code" in message
    assert "unwrap_model.py" in message


@pytest.mark.parametrize("content", [{"state_dict": {}}, {"epoch": 3}, [1, 2], {"state_dict": None}])
def test_a_file_without_weights(tmp_path, content):
    torch.save(content, tmp_path / "x.ckpt")
    assert str(tmp_path / "x.ckpt") in refusal(checkpoint.read_state, tmp_path / "x.ckpt")


def test_another_architecture_is_named_and_changes_nothing(module, tmp_path):
    wider, _ = tiny_model("v", seed=3, depth=3, cond_token_dim=32, num_memory_tokens=4)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    message = refusal(checkpoint.fit, module, wider.state_dict(), tmp_path / "wide.safetensors")
    assert "wide.safetensors is a checkpoint of another architecture" in message
    assert "unknown to the model: model.model.transformer.memory_tokens 4×64" in message
    assert same(before, module)


def test_mismatching_shapes_and_missing_keys_are_named(module, tmp_path):
    state = dict(module.state_dict())
    state["model.model.preprocess_conv.weight"] = torch.zeros(9, 8, 1)
    del state["model.model.postprocess_conv.weight"]
    message = refusal(checkpoint.fit, module, state, tmp_path / "x")
    assert "1 of another shape: model.model.preprocess_conv.weight is 9×8×1 in the file and 8×8×1 in the" in message
    assert "1 missing from the file: model.model.postprocess_conv.weight 8×8×1." in message


def test_long_lists_are_cut(module, tmp_path):
    message = refusal(checkpoint.fit, module, {"a": torch.zeros(1)}, tmp_path / "x")
    learnt = sum(1 for _ in module.parameters())
    assert f"{learnt} missing from the file:" in message
    assert f"and {learnt - checkpoint.SHOWN_KEYS} more." in message


def test_checksum(tmp_path):
    (tmp_path / "x").write_bytes(b"abc" * 1000)
    assert checkpoint.checksum(tmp_path / "x") == hashlib.sha256(b"abc" * 1000).hexdigest()
