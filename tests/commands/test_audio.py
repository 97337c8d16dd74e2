import datetime
import json
from contextlib import closing
from importlib.metadata import version

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from midifrag.cli import app
from midifrag.commands.audio import table_of
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord

runner = CliRunner()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


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


def test_clean_trims_fades_and_normalises_any_file():
    audio = np.zeros((44100, 2))
    audio[10000:20000] = 0.25
    soundfile.write("in.wav", audio, 44100)
    result = runner.invoke(app, ["clean", "in.wav", "out.wav"])
    assert result.exit_code == 0
    cleaned, _ = soundfile.read("out.wav")
    assert len(cleaned) == 10000
    assert cleaned[0, 0] == 0
    assert cleaned[5000, 0] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["clean", "nope.wav", "o.wav"], 1, "nope.wav"),
        (["clean", "silent.wav", "o.wav"], 1, "silent"),
        (["clean", "silent.wav", "o.wav", "--fade-ms", "-1"], 2, "--fade-ms: -1.0 is below 0"),
        (["clean", "silent.wav", "o.wav", "--bits", "12"], 2, "--bits: 12 is none of 16, 24"),
    ],
)
def test_what_cannot_be_cleaned_is_said(arguments, code, words):
    soundfile.write("silent.wav", np.zeros((100, 1)), 44100)
    result = runner.invoke(app, arguments)
    assert result.exit_code == code
    assert words in " ".join(result.output.split())


@pytest.fixture
def archive(tmp_path):
    one = Archive(tmp_path / "fragments" / "archive")
    noise = np.random.default_rng(0).normal(size=(2, 4410)).astype(np.float32) / 8
    for prompt in ("glass bell", "rain", "low bell"):
        one.store(
            noise, 44100, TakeRecord(prompt=prompt, bank="opening", model="sketch", seed=5, parameters={"seed": 5})
        )
    yield one
    one.close()


def test_takes_lists_newest_first_and_finds_by_words(archive):
    output = runner.invoke(app, ["takes"]).output
    assert output.index("low bell") < output.index("rain") < output.index("glass bell")
    output = runner.invoke(app, ["takes", "bell", "--json"]).output
    assert [take["number"] for take in json.loads(output)] == [3, 1]


def test_takes_are_listed_with_the_moment_of_their_press():
    rendered, pressed = 1_700_000_000.0, 1_700_000_500.0
    record = TakeRecord(prompt="x", rendered_at=rendered, pressed_at=pressed, spare=True, number=1)
    (when,) = table_of([record]).columns[2].cells
    assert str(when) == datetime.datetime.fromtimestamp(pressed).isoformat(" ")


def test_a_take_can_be_marked_and_annotated(archive):
    assert runner.invoke(app, ["takes", "2", "--star", "--note", "for the end"]).exit_code == 0
    assert archive.get(2).starred
    output = runner.invoke(app, ["takes", "--starred", "--json"]).output
    assert [take["note"] for take in json.loads(output)] == ["for the end"]


def test_an_unknown_take_and_a_flag_without_a_take_are_said(archive):
    assert "there is no take 99" in runner.invoke(app, ["takes", "99"]).output
    result = runner.invoke(app, ["takes", "bell", "--again"])
    assert result.exit_code == 2
    assert "which take" in result.output


def test_a_take_is_rendered_again_from_its_record(tmp_path):
    from tests.support.runtimes import played_show

    folder = tmp_path / "fragments"
    with played_show(folder) as show:
        show.note(36)
        show.seen.wait_for(lambda changes: any(getattr(c, "state", "") == "landed" for c in changes))
    assert runner.invoke(app, ["takes", "1", "--again"]).exit_code == 0
    first, _ = soundfile.read(folder / "archive" / "output001.wav")
    again, _ = soundfile.read(folder / "archive" / "output002.wav")
    assert np.array_equal(first, again)


def test_a_take_from_before_today_s_limits_is_rendered_again(tmp_path):
    parameters = {"prompt": "kick", "seconds": 0.05, "seed": 5, "cfg_scale": -100.0, "sigma_max": 1e5}
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        archive.store(
            np.ones((2, 100), np.float32), 44100, TakeRecord(prompt="kick", model="sketch", parameters=parameters)
        )
    result = runner.invoke(app, ["takes", "1", "--again"])
    assert result.exit_code == 0, result.output
    assert soundfile.info("fragments/archive/output002.wav").frames == 2205


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


def test_the_index_can_be_built_anew(archive, tmp_path):
    for file in (tmp_path / "fragments" / "archive").glob("*.sqlite*"):
        file.unlink()
    assert "holds 3 takes" in runner.invoke(app, ["takes", "--rebuild"]).output


def test_an_empty_prompt_is_refused():
    result = runner.invoke(app, ["render", " ", "-o", "x.wav", "--model", "sketch"])
    assert result.exit_code == 2
    assert "the prompt is empty" in result.output


@pytest.mark.parametrize("arguments", [["render", "rain", "-o", "x.mp3"], ["clean", "x.wav", "y.flac"]])
def test_what_would_be_a_wav_file_under_another_name_is_refused(arguments, tmp_path):
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert "WAV" in result.output
    assert list(tmp_path.iterdir()) == []


def test_looking_for_takes_makes_no_folder(tmp_path):
    for arguments in (["takes"], ["takes", "3"], ["takes", "--rebuild"]):
        result = runner.invoke(app, arguments)
        assert result.exit_code == 1
        assert "There are no takes yet" in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []


def test_an_analysis_says_the_tempo_and_where_sounds_begin(tmp_path):
    clicks = np.zeros((2, 4 * 44100), np.float32)
    clicks[:, 22050::22050] = 0.9
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        archive.store(clicks, 44100, TakeRecord(prompt="clicks"))
        output = runner.invoke(app, ["takes", "1", "--analyse"]).output
        assert archive.get(1).tempo == pytest.approx(120, rel=0.05)
    assert "sounds begin at 0.499, 0.998" in output


def test_the_version_is_said():
    assert runner.invoke(app, ["--version"]).output.split() == ["midifrag", version("midifrag")]
