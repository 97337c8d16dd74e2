from __future__ import annotations

import sys

import pytest
import torch

from midifrag.engine.loading import checkpoint
from midifrag.engine.loading.layouts import ENCODER
from midifrag.engine.loading.misfits import SHOWN_KEYS
from midifrag.errors import CheckpointError
from tests.engine.layout_table import LOADING, REFUSED, VAE, but, holed, only, plus, worked_out
from tests.engine.tiny_models import tiny_model

#: What torch says of files that hold code, and how to run it.
ADVICE = ("weights_only", "arbitrary", "torch.load", "add_safe_globals", "trust")


@pytest.fixture(scope="module")
def module():
    return tiny_model("v")[0]


@pytest.fixture(scope="module")
def target():
    return tiny_model("v", seed=5)[0]


@pytest.fixture
def blank(target):
    """A model without weights."""
    with torch.no_grad():
        for value in target.state_dict().values():
            value.zero_()
    return target


def differing(one, other):
    others = other.state_dict()
    return [name for name, value in one.state_dict().items() if not torch.equal(value, others[name])]


def refusal(call, *arguments):
    with pytest.raises(CheckpointError) as error:
        call(*arguments)
    return str(error.value)


@pytest.mark.parametrize("row", LOADING, ids=lambda row: row.name)
def test_what_can_be_used_is_used(module, blank, tmp_path, row):
    """Whatever the file is called: half of them hold no safetensors."""
    file = tmp_path / "mine.safetensors"
    row.make(module.state_dict(), file)
    notes = checkpoint.fit(blank, file)
    told = "; ".join(notes)
    assert len(notes) == len(row.notes[:1])
    assert all(note in told for note in row.notes)
    assert {value.dtype for value in blank.state_dict().values()} == {torch.float32}
    if row.rounded:
        wanted, found = worked_out(module.state_dict()), worked_out(blank.state_dict())
        assert [name for name in wanted if not torch.allclose(wanted[name], found[name], atol=0.26, rtol=0.13)] == []
        return
    different = [name for name in differing(module, blank) if not name.endswith(("inv_freq", "beta"))]
    state = blank.state_dict()
    encoder = [name for name in different if name.startswith(ENCODER) and not state[name].any()]
    assert different == (encoder if "no encoder" in told else [])


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.name)
def test_each_of_the_rest_has_its_own_sentence(module, blank, tmp_path, row):
    file = tmp_path / "mine.ckpt"
    row.make(module.state_dict(), file)
    message = refusal(checkpoint.fit, blank, file)
    assert message.startswith((str(file), f"There is no checkpoint {file}"))
    assert [part for part in row.refusal if part not in message] == []
    assert [word for word in ADVICE if word in message] == []
    assert not any(value.any() for value in blank.state_dict().values())


def test_the_table_is_long_and_says_each_thing_once():
    names = [row.name for row in (*LOADING, *REFUSED)]
    assert len(set(names)) == len(names) > 100


def test_scales_of_fp8_count(module, blank, tmp_path):
    """Without them, weights would be off by hundreds of times."""
    row = next(row for row in LOADING if row.name == "fp8 with scales")
    row.make(module.state_dict(), tmp_path / "x")
    checkpoint.fit(blank, tmp_path / "x")
    name = "model.model.transformer.layers.0.self_attn.to_qkv.weight"
    assert torch.allclose(blank.state_dict()[name], module.state_dict()[name], rtol=0.07, atol=2e-3)


@pytest.mark.parametrize("before", ["", "autoencoder.", "autoencoder_ema.ema_model.", "pretransform.model.", "module."])
def test_an_autoencoder_may_have_a_checkpoint_of_its_own(module, blank, tmp_path, before):
    state = module.state_dict()
    own = plus(before, only("pretransform.model.", state, without="pretransform.model."))
    torch.save({"state_dict": but(VAE, state)}, tmp_path / "dit.ckpt")
    torch.save({"state_dict": own}, tmp_path / "vae.ckpt")
    notes = checkpoint.fit(blank, tmp_path / "dit.ckpt", tmp_path / "vae.ckpt")
    assert differing(module, blank) == []
    assert notes == (("vae.ckpt: averaged weights (EMA)",) if "ema" in before else ())


def test_an_autoencoder_of_its_own_wins_over_the_one_inside(module, blank, tmp_path):
    state = module.state_dict()
    other = {name: value + 1 for name, value in only(VAE, state).items()}
    torch.save({"state_dict": dict(state)}, tmp_path / "whole.ckpt")
    torch.save({"state_dict": other}, tmp_path / "vae.ckpt")
    assert checkpoint.fit(blank, tmp_path / "whole.ckpt", tmp_path / "vae.ckpt") == ()
    assert differing(module, blank) == list(other)


def test_files_that_are_named_the_other_way_round_are_told_apart(module, blank, tmp_path):
    state = module.state_dict()
    torch.save({"state_dict": but(VAE, state)}, tmp_path / "dit.ckpt")
    torch.save({"state_dict": only(VAE, state)}, tmp_path / "vae.ckpt")
    message = refusal(checkpoint.fit, blank, tmp_path / "vae.ckpt", tmp_path / "dit.ckpt")
    assert "vae.ckpt holds an autoencoder alone" in message
    message = refusal(checkpoint.fit, blank, tmp_path / "dit.ckpt", tmp_path / "dit.ckpt")
    assert "dit.ckpt holds no autoencoder" in message


def test_weights_that_nobody_uses_may_be_no_numbers(module, blank, tmp_path):
    torch.save({**module.state_dict(), "extra": torch.tensor([float("nan")])}, tmp_path / "x")
    assert len(checkpoint.fit(blank, tmp_path / "x")) == 1


def test_how_many_weights_are_no_numbers_is_told(module, blank, tmp_path):
    torch.save(holed(module.state_dict(), float("-inf")), tmp_path / "x")
    message = refusal(checkpoint.fit, blank, tmp_path / "x")
    assert "in 1 of" in message
    assert "Of the first one's 64, 1 are infinite." in message


def test_another_architecture_is_named_and_changes_nothing(module, blank, tmp_path):
    wider, _ = tiny_model("v", seed=3, depth=3, num_memory_tokens=4, embed_dim=96, num_heads=3)
    state = wider.state_dict()
    del state["model.model.postprocess_conv.weight"]
    torch.save(state, tmp_path / "wide.ckpt")
    message = refusal(checkpoint.fit, blank, tmp_path / "wide.ckpt")
    assert "wide.ckpt is a checkpoint of another architecture" in message
    assert "1 missing from the file: model.model.postprocess_conv.weight 8×8×1." in message
    assert "model.model.transformer.memory_tokens 4×96" in message
    assert not any(value.any() for value in blank.state_dict().values())


def test_mismatching_shapes_are_named_and_long_lists_are_cut(module, blank, tmp_path):
    state = {**module.state_dict(), "model.model.preprocess_conv.weight": torch.zeros(9, 8, 1)}
    torch.save(state, tmp_path / "x")
    message = refusal(checkpoint.fit, blank, tmp_path / "x")
    assert "1 of another shape: model.model.preprocess_conv.weight is 9×8×1 in the file and 8×8×1 in the" in message
    row = next(row for row in REFUSED if row.name == "other sizes")
    row.make(module.state_dict(), tmp_path / "y")
    message = refusal(checkpoint.fit, blank, tmp_path / "y")
    count = sum(name.startswith("model.") for name in module.state_dict())
    assert f"{count} of another shape" in message
    assert f" and {count - SHOWN_KEYS} more." in message


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks for a right to make links")
def test_a_link_to_nothing(blank, tmp_path):
    (tmp_path / "x").symlink_to(tmp_path / "gone")
    assert "is a link to a file that is not there" in refusal(checkpoint.fit, blank, tmp_path / "x")
