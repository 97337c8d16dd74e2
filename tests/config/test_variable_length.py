"""How many latents takes have whose models render any length."""

import pytest

from midifrag.config.variable_length import VariableLength, is_variable, variable_length
from midifrag.errors import ModelError

SMALL = VariableLength(44100, 4096, 1292, alignment=2)


def config(**diffusion):
    encoder = {"type": "same", "config": {"chunk_size": 32, "strides": [16]}}
    autoencoder = {"type": "autoencoder", "config": {"encoder": encoder}}
    return {
        "sample_rate": 44100,
        "sample_size": 5292032,
        "model": {"pretransform": autoencoder, "diffusion": {"mask_padding_attention": True, **diffusion}},
    }


@pytest.mark.parametrize(
    ("seconds", "effective", "valid", "rendered"),
    [(3, 33, 97, 98), (0.5, 6, 70, 70), (10, 108, 172, 174), (113.9, 1227, 1291, 1292), (120, 1292, 1292, 1292)],
)
def test_latents_of_a_take(seconds, effective, valid, rendered):
    assert (SMALL.effective(seconds), SMALL.valid(seconds), SMALL.rendered(seconds)) == (effective, valid, rendered)


def test_without_headroom_there_is_the_take_alone():
    bare = VariableLength(44100, 4096, 1292, headroom=0.0, alignment=2)
    assert (bare.effective(3), bare.valid(3), bare.rendered(3)) == (33, 33, 34)
    assert VariableLength(44100, 4096, 4096, headroom=0.0).rendered(3) == 33


def test_no_take_has_no_latents():
    assert SMALL.effective(0.00001) == 1
    assert VariableLength(44100, 4096, 1292, headroom=0.0).rendered(0.00001) == 1


def test_which_models_are_meant():
    assert is_variable(config())
    assert is_variable(config(mask_padding_attention=False, use_effective_length_for_schedule=True))
    assert is_variable(config(mask_padding_attention=False, local_add_cond_ids=["inpaint_mask"]))
    assert not is_variable(config(mask_padding_attention=False))
    assert not is_variable({"model": {}})


def test_chunks_of_the_autoencoder_are_never_cut():
    assert variable_length(config(), {}, 4096) == SMALL
    large = config()
    large["model"]["pretransform"]["config"]["encoder"]["config"]["sliding_window"] = [1, 1]
    assert variable_length(large, {}, 4096).alignment == 1
    other = config()
    other["model"]["pretransform"]["config"]["encoder"]["type"] = "oobleck"
    assert variable_length(other, {}, 2048).alignment == 1


def test_headroom_is_what_the_entry_says_then_the_model():
    own = {**config(), "midifrag": {"headroom": 3}}
    assert variable_length(own, {}, 4096).headroom == 3.0
    assert variable_length(own, {"headroom": 0}, 4096).headroom == 0.0
    with pytest.raises(ModelError, match="headroom"):
        variable_length(own, {"headroom": -1}, 4096)
    assert variable_length(config(mask_padding_attention=False), {}, 4096) is None
