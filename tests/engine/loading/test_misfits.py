"""Each sentence has its row in the table of layouts; here is what decides between them."""

import pytest
import torch

from midifrag.engine.loading.misfits import SHOWN_KEYS, Misfit, is_of_a_text_encoder, listed, lora_trouble, shape, why
from midifrag.engine.loading.stored import Stored

ONE = torch.ones(2, 3)
EXPECTED = dict.fromkeys(("model.a", "model.b", "conditioner.conditioners.bpm.w", "pretransform.c"), ONE)


def misfit(*found, **stored):
    there = dict.fromkeys(found, ONE)
    absent = [name for name in EXPECTED if name not in there]
    return Misfit(Stored({**there, **stored}), EXPECTED, there, absent, [], [])


def test_a_shape_in_words():
    assert [shape(ONE), shape(torch.tensor(1.0))] == ["2×3", "scalar"]


def test_long_lists_are_cut():
    assert listed(["a", "b"]) == "a; b"
    assert listed(list("abcde")) == f"a; b; c and {5 - SHOWN_KEYS} more"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (("model.a", "model.b"), "the diffusion network alone"),
        (("model.a", "model.b", "conditioner.conditioners.bpm.w"), "holds no autoencoder"),
        (("model.a", "model.b", "pretransform.c"), r"conditioners (bpm)"),
        (("pretransform.c",), "an autoencoder alone"),
        (("conditioner.conditioners.bpm.w",), "no diffusion network and no autoencoder"),
        (("pretransform.c", "conditioner.conditioners.bpm.w"), "no diffusion network"),
        (("model.a", "conditioner.conditioners.bpm.w", "pretransform.c"), "another architecture"),
        ((), "none of its 1 weights is the model's (x 2×3)"),
    ],
)
def test_which_parts_are_missing(found, said):
    assert said in why(misfit(*found, **({} if found else {"x": ONE})))


def test_a_lora_is_known_by_its_names_or_by_what_it_says():
    assert lora_trouble(Stored({"model.a": ONE}), has_model=True) is None
    assert "LoRA file" in (lora_trouble(Stored({"a.lora_A": ONE}), has_model=False) or "")
    assert "LoRA file" in (lora_trouble(Stored({"a": ONE}, metadata={"lora_config": ""}), has_model=False) or "")
    assert "with a LoRA beside it" in (lora_trouble(Stored({"a.lora_A": ONE}), has_model=True) or "")
    assert lora_trouble(Stored({"explorations": ONE, "floral.weight": ONE}), has_model=False) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x.encoder.block.3.layer.0.SelfAttention.q.weight", True),
        ("shared.weight", True),
        ("encoder.final_layer_norm.weight", True),
        ("pretransform.model.encoder.layers.0.weight_g", False),
    ],
)
def test_a_text_encoder_s_weights(name, expected):
    assert is_of_a_text_encoder(name) is expected
