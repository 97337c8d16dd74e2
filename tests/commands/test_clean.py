import os
import struct
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord

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
        (["clean", "silent.wav", "o.wav", "--fade-ms", "-1"], 2, "--fade-ms: -1 is below 0"),
        (["clean", "silent.wav", "o.wav", "--bits", "12"], 2, "--bits: 12 is none of 16, 24"),
    ],
)
def test_what_cannot_be_cleaned_is_said(arguments, code, words):
    soundfile.write("silent.wav", np.zeros((100, 1)), 44100)
    result = runner.invoke(app, arguments)
    assert result.exit_code == code
    assert words in " ".join(result.output.split())


@pytest.mark.parametrize("target", ["in.wav", "./in.wav", "link.wav"])
def test_the_file_that_is_read_is_not_replaced(target):
    soundfile.write("in.wav", np.full((4410, 1), 0.25), 44100)
    before = Path("in.wav").read_bytes()
    if target == "link.wav":
        os.link("in.wav", target)
    result = runner.invoke(app, ["clean", "in.wav", target])
    assert result.exit_code == 1
    assert "is the file that is read, and would be lost" in " ".join(result.output.split())
    assert Path("in.wav").read_bytes() == before


def unfinished(data=0, riff=36):
    """A recording whose header was never finished."""
    soundfile.write("whole.wav", np.random.default_rng(0).uniform(-0.5, 0.5, (44100, 2)), 44100)
    content = bytearray(Path("whole.wav").read_bytes())
    content[4:8], content[40:44] = struct.pack("<I", riff), struct.pack("<I", data)
    Path("in.wav").write_bytes(content)


@pytest.mark.parametrize(("data", "riff"), [(0, 0), (0, 36), (0xFFFFFFFF, 0xFFFFFFFF), (4000, 0)])
def test_of_an_unfinished_file_what_is_there_is_cleaned(data, riff):
    unfinished(data, riff)
    result = runner.invoke(app, ["clean", "in.wav", "out.wav", "--no-trim"])
    assert result.exit_code == 0
    assert "note: in.wav is unfinished or cut off: its header is wrong, and what is there was read" in result.output
    assert soundfile.info("out.wav").frames == 44100


def header_only():
    unfinished()
    Path("in.wav").write_bytes(Path("in.wav").read_bytes()[:44])


def not_numbers():
    audio = np.zeros((100, 1), np.float32)
    audio[7] = np.nan
    soundfile.write("in.wav", audio, 44100, subtype="FLOAT")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Path("in.wav").touch(), "in.wav is empty: there is no sound in it. Record or export it again."),
        (header_only, "in.wav holds no sound: its header is followed by none."),
        (not_numbers, "in.wav is damaged: 1 of 100 samples are not numbers. Export it again."),
        (lambda: soundfile.write("in.wav", np.zeros((100, 1)), 44100), "in.wav is silent: every sample is zero."),
        (lambda: None, "in.wav is not there: check its name."),
        (lambda: Path("in.wav").mkdir(), "in.wav is a folder. Name a file in it."),
        (lambda: Path("in.wav").write_text("no sound" * 20), "in.wav cannot be read as audio"),
    ],
    ids=["empty", "header only", "not numbers", "silent", "missing", "folder", "text"],
)
def test_what_is_wrong_with_a_file_is_said_of_the_file(make, words):
    make()
    result = runner.invoke(app, ["clean", "in.wav", "out.wav"])
    assert result.exit_code == 1
    assert words in result.output
    for word in ("take", "prompt", "cfg_scale"):
        assert word not in result.output
    assert not Path("out.wav").exists()


def an_archived_take():
    with closing(Archive(Path("archive"))) as archive:
        archive.store(np.full((1, 100), 0.5, np.float32), 44100, TakeRecord(prompt="rain"))


@pytest.mark.parametrize(
    ("make", "target", "words"),
    [
        (
            lambda: None,
            "nowhere/out.wav",
            "nowhere/out.wav cannot be written: there is no folder nowhere. Make it first.",
        ),
        (lambda: Path("out.wav").mkdir(), "out.wav", "out.wav cannot be written: it is a folder. Name a file in it."),
        (lambda: os.mkfifo("out.wav"), "out.wav", "out.wav cannot be written: it is a pipe or a device."),
        (lambda: None, f"{'x' * 300}.wav", "cannot be written: File name too long"),
        (an_archived_take, "archive/output001.wav", "is a raw take, which is never overwritten. Choose another name."),
    ],
    ids=["no folder", "folder", "pipe", "long name", "take"],
)
@pytest.mark.skipif(sys.platform == "win32", reason="other words there")
def test_a_target_that_cannot_be_written_is_found_before_the_work(monkeypatch, make, target, words):
    make()
    monkeypatch.setattr("midifrag.commands.clean.read_sound", lambda _path: pytest.fail("worked"))
    result = runner.invoke(app, ["clean", "in.wav", target])
    assert result.exit_code == 1
    assert words in result.output
    assert not list(Path().glob(".*"))


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_target_that_is_a_link_stays_one():
    soundfile.write("in.wav", np.sin(np.arange(4410) / 9), 44100)
    Path("sampler").mkdir()
    Path("out.wav").symlink_to("sampler/kick.wav")
    assert runner.invoke(app, ["clean", "in.wav", "out.wav"]).exit_code == 0
    assert Path("out.wav").is_symlink()
    assert soundfile.info("sampler/kick.wav").samplerate == 44100


def test_a_name_may_be_as_long_as_the_system_allows():
    soundfile.write("in.wav", np.sin(np.arange(4410) / 9), 44100)
    assert runner.invoke(app, ["clean", "in.wav", f"{'x' * 251}.wav"]).exit_code == 0


def test_a_sound_that_is_mostly_silence_is_noted():
    audio = np.zeros((44100, 1))
    audio[5000:5400] = np.sin(np.arange(400) / 9)[:, None]
    soundfile.write("in.wav", audio, 44100)
    result = runner.invoke(app, ["clean", "in.wav", "out.wav"])
    assert "note: over 95% was cut off: 9.05 ms of 1.00 s are left" in result.output
    assert "note: fades shortened to 4.51 ms, half of the sound" in result.output
    assert "note: only 9.05 ms long" in result.output


def test_what_could_not_be_done_as_asked_is_noted():
    soundfile.write("short.wav", np.full((441, 1), 0.5), 44100)
    result = runner.invoke(app, ["clean", "short.wav", "out.wav", "--loop", "--loudness", "-5"])
    assert result.exit_code == 0
    assert "note: " in result.output
