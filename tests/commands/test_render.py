import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from midifrag.cli import app

runner = CliRunner()


def test_render_writes_a_fragment_and_the_same_seed_the_same_one():
    for name in ("a.wav", "b.wav"):
        result = runner.invoke(app, ["render", "short dark kick", "-o", name, "--model", "sketch", "--seed", "3"])
        assert result.exit_code == 0, result.output
    first, rate = soundfile.read("a.wav")
    assert rate == 44100
    assert np.abs(first).max() == pytest.approx(1.0, abs=1e-3)
    assert np.array_equal(first, soundfile.read("b.wav")[0])


def test_raw_keeps_the_length_and_level_of_the_take():
    runner.invoke(app, ["render", "short kick", "-o", "raw.wav", "--model", "sketch", "--seconds", "3", "--raw"])
    info = soundfile.info("raw.wav")
    assert (info.duration, info.subtype) == (3.0, "PCM_24")


def test_a_folder_that_is_not_there_is_said_before_a_model_is_loaded(monkeypatch):
    monkeypatch.setattr("midifrag.engine.api.open_model", lambda _choice: pytest.fail("loaded"))
    result = runner.invoke(app, ["render", "x", "-o", "nowhere/x.wav", "--model", "sketch"])
    assert result.exit_code == 1
    assert "there is no folder nowhere" in result.output


def test_more_seconds_than_a_model_has_are_said_before_it_is_loaded(monkeypatch):
    monkeypatch.setattr("midifrag.engine.api.open_model", lambda _choice: pytest.fail("loaded"))
    result = runner.invoke(app, ["render", "rain", "-o", "a.wav", "--model", "pocket", "--seconds", "9"])
    assert result.exit_code == 1
    assert "9 s is more than pocket renders, 6.0 s" in result.output


def test_render_with_an_unknown_model_says_what_there_is():
    result = runner.invoke(app, ["render", "x", "-o", "x.wav", "--model", "nope"])
    assert result.exit_code == 2
    assert "command line: --model: 'nope' is none of" in result.output
    assert "sketch" in result.output


def test_an_empty_prompt_is_refused():
    result = runner.invoke(app, ["render", " ", "-o", "x.wav", "--model", "sketch"])
    assert result.exit_code == 2
    assert "the prompt is empty" in result.output


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--seconds", "0.05"], "command line: --seconds: 0.05 is below 0.1"),
        (["--cfg", "31"], "command line: --cfg-scale: 31 is above 30"),
        (["--steps", "0", "--seed", "-1"], "command line: --steps: 0 is below 1\ncommand line: --seed: -1 is below 0"),
    ],
)
def test_what_is_beyond_a_parameter_s_limits_is_said_before_a_model_is_loaded(monkeypatch, flags, line):
    monkeypatch.setattr("midifrag.engine.api.open_model", lambda _choice: pytest.fail("loaded"))
    result = runner.invoke(app, ["render", "x", "-o", "x.wav", "--model", "sketch", *flags])
    assert (result.exit_code, result.output.strip()) == (2, line)
