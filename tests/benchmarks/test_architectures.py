"""Architectures that are made smaller for a dry run."""

import json

import pytest

from benchmarks.architectures import FOLDER, shrunk

EVERY = sorted(file.stem for file in FOLDER.glob("*.json"))


def depths(config):
    """How deep each transformer of a model is."""
    autoencoder = config["model"]["pretransform"]["config"]
    inner = [autoencoder[part]["config"].get("transformer_depths", []) for part in ("encoder", "decoder")]
    return [config["model"]["diffusion"]["config"]["depth"], *inner[0], *inner[1]]


@pytest.mark.parametrize("name", EVERY)
def test_each_transformer_of_a_model_is_made_less_deep_and_its_longest_length_shorter(name):
    whole = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    smaller = shrunk(whole, 12)
    assert depths(smaller) == [max(1, depth // 12) for depth in depths(whole)]
    assert whole["sample_size"] / 13 < smaller["sample_size"] <= whole["sample_size"] / 12
    assert shrunk(whole, 1) == whole


def test_a_decoder_that_is_a_transformer_has_no_more_of_its_kinds_of_blocks_than_blocks():
    whole = json.loads((FOLDER / "stable-audio-3-medium.json").read_text(encoding="utf-8"))
    decoder = shrunk(whole, 12)["model"]["pretransform"]["config"]["decoder"]["config"]
    assert decoder["sinusoidal_blocks"] <= decoder["transformer_depths"] == [1]
