"""The built-in model as it is shipped: through stable-audio-tools' own front door, and through the engine."""

import numpy as np
import pytest
import torch

import midifrag
from midifrag.config import loading
from midifrag.config.catalogue import POCKET_FOLDER, default_model
from midifrag.config.shipped import shipped_path
from midifrag.engine.loading.silence_output import silence_output
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.forward_pass import ForwardPass
from training.generator import Generator
from training.lessons import NUMBERS
from training.measures import MEASURES


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # A missing file would be looked for on the hub.
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        yield Generator(POCKET_FOLDER)


@pytest.fixture(scope="module")
def pocket():
    return midifrag.load_model("pocket", device="cpu", precision="fp32")


def test_it_is_the_default_and_small():
    assert default_model() == "pocket"
    assert sum(path.stat().st_size for path in POCKET_FOLDER.rglob("*") if path.is_file()) <= 16_000_000
    assert (POCKET_FOLDER / "README.md").is_file()


def test_stock_renders_it_with_no_network(stock):
    audio = stock(["short dark kick", "wide rising pad"], 1.0)
    assert audio.shape == (2, 2, 44_100)
    assert torch.isfinite(audio).all()
    assert (audio.square().mean(dim=(1, 2)).sqrt() > 0.01).all()


@pytest.mark.thorough
def test_what_its_card_says_to_others_makes_the_sound_that_was_measured(stock, monkeypatch):
    snippet = (POCKET_FOLDER / "README.md").read_text().split("```python")[1].split("```")[0]
    assert 'device="cpu"' in snippet
    monkeypatch.chdir(POCKET_FOLDER)
    told = {}
    with silence_output():
        exec(snippet.replace('device="cpu"', 'device="cpu", seed=3'), told)
    expected = stock(["short dark kick"], 3.0, seed=3, samples=130 * 1024)
    assert torch.equal(told["audio"].cpu(), expected)


def test_a_press_takes_one_pass_in_each_of_four_steps(pocket, monkeypatch):
    passes = []
    forward = ForwardPass.__call__

    def counted(self, inputs, guided_rows):
        passes.append(len(inputs.latents) + len(guided_rows))
        return forward(self, inputs, guided_rows)

    monkeypatch.setattr(ForwardPass, "__call__", counted)
    take = midifrag.render(pocket, "kick", seconds=0.5, seed=3)
    assert (take.used["steps"], take.used["cfg_scale"], take.notes) == (4, 3.0, ())
    assert passes == [1] * 4


def test_what_it_hears_of_how_it_is_played_is_what_it_was_taught(pocket):
    assert {one.name: (one.low, one.high) for one in pocket.inputs if one.is_parameter} == NUMBERS


def test_the_engine_obeys_its_words_and_seconds(pocket):
    sounds = {
        word: midifrag.render(pocket, f"{word} organ", seconds=3, seed=3).audio
        for word in ("dark", "bright", "slow", "fast")
    }
    assert all(sound.shape == (2, 3 * 44_100) for sound in sounds.values())
    assert MEASURES["brightness"](sounds["dark"]) < MEASURES["brightness"](sounds["bright"])
    assert MEASURES["speed"](sounds["slow"]) < 3.0 < MEASURES["speed"](sounds["fast"])


def test_the_same_seed_is_the_same_sound(pocket):
    first, again, other = (midifrag.render(pocket, "soft bell", seconds=1, seed=seed).audio for seed in (5, 5, 6))
    np.testing.assert_allclose(first, again, atol=1e-6)
    assert np.abs(first - other).max() > 0.01


def test_every_word_of_the_shipped_set_means_something_to_it(pocket):
    loaded = loading.load(shipped_path(), environment={})
    conditioner = Conditioner(pocket)
    prompts = [pad.prompt for bank in loaded.banks for pad in bank.pads.values() if pad.model is None]
    assert len(prompts) > 40
    assert {prompt: ignored for prompt in prompts if (ignored := conditioner.ignored(prompt))} == {}
