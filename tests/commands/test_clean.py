import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from midifrag.cli import app

runner = CliRunner()


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


def test_what_could_not_be_done_as_asked_is_noted():
    soundfile.write("short.wav", np.full((441, 1), 0.5), 44100)
    result = runner.invoke(app, ["clean", "short.wav", "out.wav", "--loop", "--loudness", "-5"])
    assert result.exit_code == 0
    assert "note: " in result.output
