"""What commands share: their flags' own checks, and what needs no command."""

from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from midifrag.cli import app

runner = CliRunner()


def test_the_version_is_said():
    assert runner.invoke(app, ["--version"]).output.split() == ["midifrag", version("midifrag")]


@pytest.mark.parametrize("arguments", [["render", "rain", "-o", "x.mp3"], ["clean", "x.wav", "y.flac"]])
def test_what_would_be_a_wav_file_under_another_name_is_refused(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert "WAV" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [None, *app.commands])
def test_h_is_help(command):
    arguments = [command] if command else []
    result = runner.invoke(app, [*arguments, "-h"])
    assert result.exit_code == 0
    assert result.output == runner.invoke(app, [*arguments, "--help"]).output
    assert "Usage: midifrag" in result.output


@pytest.mark.parametrize("command", ["check", "models", "run", "play", "monitor"])
def test_a_folder_stands_for_the_set_inside_it(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert runner.invoke(app, ["init", "mine"]).exit_code == 0
    (tmp_path / "mine" / "presets.yaml").write_text("precision: fp8\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    clip = ["a.mid"] if command == "play" else []
    result = runner.invoke(app, [command, *clip, "mine"])
    assert (result.exit_code, result.output.count("presets.yaml:1: precision: 'fp8' is none of")) == (2, 1)
    result = runner.invoke(app, [command, *clip, "empty"])
    assert result.exit_code == 2
    assert result.output.startswith(f"{Path('empty') / 'presets.yaml'}: no such file; `midifrag init FOLDER`")


@pytest.mark.parametrize("speed", ["nan", "0", "inf", "-1"])
@pytest.mark.parametrize("command", [["demo"], ["play", "a.mid"]])
def test_a_speed_that_is_none(command, speed):
    result = runner.invoke(app, [*command, "--speed", speed])
    assert result.exit_code == 2
    assert "Invalid value for '--speed'" in result.output


def test_a_user_s_home_that_is_not_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert runner.invoke(app, ["init", "."]).exit_code == 0
    for command in (["takes"], ["run"], ["demo"], ["play", "a.mid"]):
        result = runner.invoke(app, [*command, "--fragments", "~nosuchuser/x"])
        assert result.exit_code == 2, result.output
        assert "command line: --fragments: '~nosuchuser/x' begins in the home folder of a user" in result.output


@pytest.mark.parametrize("arguments", [["render", "rain", "-o", "rain.wav/"], ["clean", "in.wav", "out.wav/"]])
def test_a_folder_is_no_file_to_write(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert f"{arguments[-1]} is the name of a folder: name a file in it" in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []
