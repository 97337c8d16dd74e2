import json

import pytest
from huggingface_hub import constants

from benchmarks.byte_tokenizer import save_byte_tokenizer
from midifrag.config import loading
from midifrag.engine.loading import prompt_room
from midifrag.engine.loading.prompt_room import cut_sentence, long_prompts, open_tokenizer, words_beyond
from tests.engine.tiny_models import tiny_config, tiny_model_folder

LONG = "a bell that rings softly over vexed rain"


@pytest.mark.parametrize(
    ("prompt", "cut"),
    [
        ("", ""),
        ("one two", ""),
        ("one two three", "three"),
        ("one two  three\nfour", "three\nfour"),
        ("one, two, three, four five six seven", "three, four five six seven"),
        ("   ", ""),
    ],
)
def test_the_words_that_do_not_fit_are_cut(prompt, cut):
    """A token a word."""
    assert words_beyond(prompt, lambda text: len(text.split()), 2) == cut


@pytest.mark.parametrize("room", [1, 2, 7, 38])
def test_wherever_a_prompt_is_cut(room):
    for words in range(1, 40):
        prompt = " ".join(f"w{number}" for number in range(words))
        expected = " ".join(f"w{number}" for number in range(room, words))
        assert words_beyond(prompt, lambda text: len(text.split()), room) == expected, words


def test_a_first_word_without_room():
    assert words_beyond("abc de", len, 2) == "abc de"


def test_a_long_cut_is_told_in_part():
    assert cut_sentence("m", "rain") == "m does not read so long a prompt; cut: rain"
    assert len(cut_sentence("m", "x" * 900)) < 300


@pytest.fixture
def set_with(tmp_path):
    """A set whose model reads 24 bytes, or what ``change`` makes of it."""

    def made(pad, change=lambda _config: None, *, tokenizer=True):
        (tmp_path / "presets").mkdir()
        (tmp_path / "mine").mkdir()
        if tokenizer:
            save_byte_tokenizer(tmp_path / "mine" / "tokenizer")
        config = tiny_config()
        change(config)
        (tmp_path / "mine" / "model_config.json").write_text(json.dumps(config))
        (tmp_path / "presets.yaml").write_text("{set_list: [a], model: mine, models: {mine: {folder: mine}}}")
        (tmp_path / "presets" / "a.yaml").write_text(f"{{name: A, pads: {{36: {{{pad}}}, 37: {{prompt: rain}}}}}}")
        return loading.load(tmp_path / "presets.yaml", environment={})

    return made


def test_a_set_s_long_prompts_are_told_without_its_model(set_with):
    sentence = "mine does not read so long a prompt; cut: over vexed rain"
    assert list(long_prompts(set_with(f"prompt: {LONG}"))) == [f"presets/a.yaml: pads.36.prompt: {sentence}"]


def test_a_long_negative_prompt(set_with):
    [line] = long_prompts(set_with(f"prompt: rain, negative_prompt: {LONG}"))
    assert line.startswith("presets/a.yaml: pads.36.negative_prompt: mine does not read so long a negative prompt; cut")


def test_prompts_that_fit_whatever_the_tokenizer_need_none(set_with, monkeypatch):
    monkeypatch.setattr(prompt_room, "open_tokenizer", lambda *_: pytest.fail("it was opened"))
    assert list(long_prompts(set_with("prompt: rain"))) == []


@pytest.mark.parametrize(
    "change", [lambda config: config.pop("model"), lambda config: config["model"].update(conditioning={"configs": 3})]
)
def test_a_model_that_is_wrong_or_not_here_is_told_elsewhere(set_with, change):
    assert list(long_prompts(set_with(f"prompt: {LONG}", change))) == []


@pytest.mark.parametrize("names", [("model_config.json", None), ("rain.json", None), ("rain.json", "rain.ckpt")])
def test_a_hub_s_model_that_has_been_downloaded(set_with, tmp_path, monkeypatch, names):
    set_with("prompt: rain")
    (tmp_path / "presets.yaml").write_text("{set_list: [a], model: far, models: {far: {hub: someone/model}}}")
    (tmp_path / "presets" / "a.yaml").write_text(f"{{name: A, pads: {{36: {{prompt: {LONG}}}}}}}")
    show = loading.load(tmp_path / "presets.yaml", environment={})
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    assert list(long_prompts(show)) == []
    config = json.loads((tmp_path / "mine" / "model_config.json").read_text())
    config["model"]["conditioning"]["configs"][0]["config"]["tokenizer_name"] = str(tmp_path / "mine" / "tokenizer")
    repository = tmp_path / "hub" / "models--someone--model"
    (repository / "snapshots" / "abc").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    (repository / "snapshots" / "abc" / names[0]).write_text(json.dumps(config))
    if names[1] is not None:
        (repository / "snapshots" / "abc" / names[1]).write_bytes(b"weights")
    assert list(long_prompts(show)) == [
        "presets/a.yaml: pads.36.prompt: far does not read so long a prompt; cut: over vexed rain"
    ]


def test_a_tokenizer_that_is_not_here(set_with, tmp_path):
    assert open_tokenizer("nobody/knows-this", None) is None
    assert list(long_prompts(set_with(f"prompt: {LONG}", tokenizer=False))) == []


def test_a_press_is_told_what_is_cut(tmp_path):
    from midifrag.engine.diffusion.worker import DiffusionWorker
    from midifrag.engine.loading.load import load_stable_audio
    from midifrag.engine.protocol import EngineChoice
    from tests.engine.presses import press
    from tests.engine.stock import run

    source = {"folder": str(tiny_model_folder(tmp_path))}
    model = load_stable_audio(EngineChoice("mine", source, device="cpu", precision="fp32"))
    rendered = run(DiffusionWorker.from_model(model), press(1, prompt=LONG, negative_prompt=LONG))[-1]
    assert rendered.notes[:2] == (
        "mine does not read so long a prompt; cut: over vexed rain",
        "mine does not read so long a negative prompt; cut: over vexed rain",
    )
