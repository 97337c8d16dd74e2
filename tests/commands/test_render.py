from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord

runner = CliRunner()


def test_render_writes_a_fragment_and_the_same_seed_the_same_one():
    for name in ("a.wav", "b.wav"):
        result = runner.invoke(app, ["render", "short dark kick", "-o", name, "--model", "sketch", "--seed", "3"])
        assert result.exit_code == 0, result.output
    first, rate = soundfile.read("a.wav")
    assert rate == 44100
    assert np.abs(first).max() == pytest.approx(1.0, abs=1e-3)
    assert np.array_equal(first, soundfile.read("b.wav")[0])


def test_a_seed_of_minus_one_is_another_each_time():
    for name in ("a.wav", "b.wav"):
        result = runner.invoke(app, ["render", "short dark kick", "-o", name, "--model", "sketch", "--seed", "-1"])
        assert result.exit_code == 0, result.output
    first, second = (soundfile.read(name)[0] for name in ("a.wav", "b.wav"))
    assert first.shape != second.shape or not np.array_equal(first, second)


def test_raw_keeps_the_length_and_level_of_the_take():
    runner.invoke(app, ["render", "short kick", "-o", "raw.wav", "--model", "sketch", "--seconds", "3", "--raw"])
    info = soundfile.info("raw.wav")
    assert (info.duration, info.subtype) == (3.0, "PCM_24")


def test_a_folder_that_is_not_there_is_said_before_a_model_is_loaded(monkeypatch):
    monkeypatch.setattr("midifrag.engine.api.open_model", lambda _choice: pytest.fail("loaded"))
    result = runner.invoke(app, ["render", "x", "-o", "nowhere/x.wav", "--model", "sketch"])
    assert result.exit_code == 1
    assert "there is no folder nowhere" in result.output


def test_a_raw_take_is_not_overwritten(monkeypatch):
    monkeypatch.setattr("midifrag.engine.api.open_model", lambda _choice: pytest.fail("loaded"))
    with closing(Archive(Path("archive"))) as archive:
        archive.store(np.full((1, 100), 0.5, np.float32), 44100, TakeRecord(prompt="rain"))
        before = archive.path(1).read_bytes()
    result = runner.invoke(app, ["render", "x", "-o", "archive/output001.wav", "--model", "sketch"])
    assert result.exit_code == 1
    assert "archive/output001.wav is a raw take, which is never overwritten" in result.output
    assert Path("archive/output001.wav").read_bytes() == before


def rendering(monkeypatch, audio):
    take = SimpleNamespace(audio=np.asarray(audio, np.float32), sample_rate=44100, used={"seed": 1}, notes=())
    monkeypatch.setattr("midifrag.engine.api.perform", lambda _model, _request: take)


@pytest.mark.parametrize(("flags", "value"), [([], np.nan), (["--raw"], np.inf), ([], 0.0)])
def test_what_cannot_become_a_file_is_said_with_its_name(monkeypatch, flags, value):
    rendering(monkeypatch, np.full((2, 4410), value))
    result = runner.invoke(app, ["render", "x", "-o", "x.wav", "--model", "sketch", *flags])
    assert result.exit_code == 1
    assert "x.wav is not written: " in result.output
    assert not Path("x.wav").exists()


def test_a_raw_take_beyond_full_scale_is_made_softer_and_not_clipped(monkeypatch):
    rendering(monkeypatch, [[0.0, 2.0, -1.0, 0.5]])
    result = runner.invoke(app, ["render", "x", "-o", "x.wav", "--model", "sketch", "--raw"])
    assert "note: its peak was 2.00: made softer, as it would clip" in result.output
    np.testing.assert_allclose(soundfile.read("x.wav")[0], [0.0, 1.0, -0.5, 0.25], atol=1e-6)


def test_what_became_of_the_sound_is_noted(monkeypatch):
    rendering(monkeypatch, np.full((2, 441), 0.5))
    assert "note: only 10 ms long" in runner.invoke(app, ["render", "x", "-o", "x.wav", "--model", "sketch"]).output


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
        (["--steps", "0", "--seed", "-2"], "command line: --steps: 0 is below 1\ncommand line: --seed: -2 is below 0"),
    ],
)
def test_what_is_beyond_a_parameter_s_limits_is_said_before_a_model_is_loaded(monkeypatch, flags, line):
    monkeypatch.setattr("midifrag.engine.api.open_model", lambda _choice: pytest.fail("loaded"))
    result = runner.invoke(app, ["render", "x", "-o", "x.wav", "--model", "sketch", *flags])
    assert (result.exit_code, result.output.strip()) == (2, line)


@pytest.mark.parametrize(
    ("flags", "frames"),
    [
        (["--bars", "2", "--bpm", "174"], round(8 * 60 / 174 * 44100)),
        (["--beats", "3", "--bpm", "92.5"], round(3 * 60 / 92.5 * 44100)),
        (["--bars", "1"], 2 * 44100),
    ],
)
def test_a_length_in_bars_or_beats_is_exact(flags, frames):
    result = runner.invoke(app, ["render", "soft pad", "-o", "a.wav", "--model", "sketch", "--seed", "3", *flags])
    assert result.exit_code == 0, result.output
    assert soundfile.info("a.wav").frames == frames


def test_a_prompt_says_tempo_bars_and_key_of_the_set(monkeypatch):
    asked = []
    take = SimpleNamespace(audio=np.tile([[0.5, -0.5]], 99999), sample_rate=44100, used={}, notes=())
    monkeypatch.setattr("midifrag.engine.api.perform", lambda _model, request: asked.append(request) or take)
    words = "{bars} bars in {key} at {bpm}"
    result = runner.invoke(app, ["render", words, "-o", "a.wav", "--model", "sketch", "--bars", "2", "--bpm", "90"])
    assert result.exit_code == 0, result.output
    assert (asked[0].prompt, asked[0].seconds) == ("2 bars in any key at 90", 6.0)


@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (["--bars", "2", "--seconds", "3"], 2, "command line: --bars: stands beside --seconds; a length is one of"),
        (["--bars", "65"], 2, "command line: --bars: 65 is above 64"),
        (["--bars", "9"], 1, "9 bars at 120 BPM are 18.0 s, more than pocket renders, 6.0 s: ask for less."),
        (["--bars", "1", "--bpm", "500"], 2, "500"),
    ],
)
def test_a_length_that_cannot_be_is_said_before_a_model_is_loaded(monkeypatch, flags, code, line):
    monkeypatch.setattr("midifrag.engine.api.open_model", lambda _choice: pytest.fail("loaded"))
    result = runner.invoke(app, ["render", "x", "-o", "x.wav", "--model", "pocket", *flags])
    assert result.exit_code == code
    assert line in result.output


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (np.zeros((4410, 2)), "silent"),
        (np.zeros((0, 2)), "holds no sound at all"),
        (np.full((4410, 2), np.nan), "samples that are no numbers"),
    ],
)
def test_a_sound_that_nothing_can_begin_from_is_said_before_a_model_is_loaded(monkeypatch, audio, words):
    monkeypatch.setattr("midifrag.engine.api.open_model", lambda _choice: pytest.fail("loaded"))
    soundfile.write("odd.wav", audio, 44100, subtype="FLOAT")
    result = runner.invoke(app, ["render", "x", "-o", "x.wav", "--model", "pocket", "--from", "odd.wav"])
    assert result.exit_code == 1
    assert words in result.output
    assert not Path("x.wav").exists()
