"""The commands as a whole: their help, and where they find a set."""

from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from midifrag.cli import app

runner = CliRunner()


def test_the_version_is_said():
    assert runner.invoke(app, ["--version"]).output.split() == ["midifrag", version("midifrag")]


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
    (tmp_path / "mine" / "presets.yaml").write_text("precision: fp4\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    clip = ["a.mid"] if command == "play" else []
    result = runner.invoke(app, [command, *clip, "mine"])
    assert (result.exit_code, result.output.count("presets.yaml:1: precision: 'fp4' is none of")) == (2, 1)
    result = runner.invoke(app, [command, *clip, "empty"])
    assert result.exit_code == 2
    assert result.output.startswith(f"{Path('empty') / 'presets.yaml'}: no such file; `midifrag init FOLDER`")
