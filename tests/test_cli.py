"""What commands share: their flags' own checks, and what needs no command."""

from importlib.metadata import version

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
