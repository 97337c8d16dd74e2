"""Terminals, pipes and log files that fail, are slow, or cannot show what is told."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import threading

import mido
import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import streams
from midifrag.commands.console import err, out
from midifrag.commands.streams import PLAIN, SHOWN, Stream, aside

TOLD = "landed  Ölfass → slot 1 … ★ \udcff 雨"


class Gone(io.StringIO):
    """A terminal that was closed, or a pipe that nobody reads any more."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def flush(self, *_):
        raise OSError(self.number, os.strerror(self.number))

    write = isatty = flush


@pytest.fixture
def put(monkeypatch):
    """Put something in the place of standard output and error."""

    def put_it(stream):
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return put_it


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO, errno.ENOSPC, errno.EBADF])
def test_telling_never_fails(put, number):
    put(Gone(number))
    out.print("x")
    err.print("x")
    with aside():
        out.print("x")
    streams.end()
    closed = io.StringIO()
    closed.close()
    put(closed)
    out.print("x")
    streams.end()
    put(None)
    out.print("x")
    streams.end()
    assert not Stream("stdout").isatty()
    with pytest.raises(OSError, match="no stdout"):
        Stream("stdout").fileno()


def encoded(encoding, errors="strict"):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "landed  ?lfass -> slot 1 ... * ? ?"),
        ("latin-1", "landed  Ölfass -> slot 1 ... * ? ?"),
        ("cp1252", "landed  Ölfass -> slot 1 … * ? ?"),
        ("utf-8", "landed  Ölfass → slot 1 … ★ ? 雨"),
    ],
)
def test_what_cannot_be_shown_is_told_with_other_characters(put, encoding, shown):
    stream = put(encoded(encoding))
    out.print(TOLD, markup=False, soft_wrap=True)
    with aside():
        out.print(TOLD, markup=False, soft_wrap=True)
    assert stream.buffer.getvalue().decode(encoding) == f"{shown}\n{shown}\n"


def test_every_stand_in_can_be_shown_everywhere():
    assert "".join(PLAIN.values()).isascii()
    assert TOLD.encode("ascii", SHOWN).isascii()
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", SHOWN)


def test_what_others_print_is_shown_as_well(put):
    stream = put(encoded("ascii"))
    streams.make_ready()
    print(TOLD)
    streams.end()
    assert stream.buffer.getvalue().startswith(b"landed  ?lfass -> slot 1")


def test_nobody_waits_for_a_terminal_that_is_stuck(put, monkeypatch):
    monkeypatch.setattr(streams, "PATIENCE", 0.1)
    monkeypatch.setattr(streams, "WAITING", 1000)
    go_on, taken = threading.Event(), []

    class Stuck(io.StringIO):
        def write(self, text):
            assert go_on.wait(60)
            taken.append(text)
            return len(text)

    put(Stuck())
    with aside():
        for line in range(500):
            out.print(f"line {line}", soft_wrap=True)
        with aside():
            err.print("within")
    stuck = streams._aside
    assert stuck is not None
    assert taken == []
    out.print("still nobody waits")
    go_on.set()
    stuck._thread.join(60)
    told = "".join(taken)
    assert told.startswith("line 0\n")
    lines = told.count("line ")
    assert f"({502 - lines} lines were left out: they were not taken in time)" in told
    streams._aside = None


def test_a_terminal_that_refuses_for_the_moment_gets_it_all(put):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    content = "x" * 300_000
    with os.fdopen(reading, "rb") as read, os.fdopen(writing, "w", encoding="ascii") as written:
        put(written)
        got = []
        reader = threading.Thread(target=lambda: got.append(read.read(len(content))))
        reader.start()
        out.print(content, soft_wrap=True, end="")
        reader.join(60)
    assert got == [content.encode()]


def test_a_pipe_that_nobody_reads_ends_in_no_noise(tmp_path):
    command = [sys.executable, "-m", "midifrag", "init", str(tmp_path / "set")]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.thorough
@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "cp1252"}],
)
def test_landed_lines_are_told_whatever_can_be_shown(tmp_path, environment):
    assert CliRunner().invoke(app, ["init", "set"]).exit_code == 0
    clip = mido.MidiFile()
    clip.tracks.append(mido.MidiTrack([mido.Message("note_on", note=36, velocity=90)]))
    clip.save("set/clip.mid")
    command = [sys.executable, "-m", "midifrag", "play", "clip.mid", "--model", "sketch"]
    done = subprocess.run(command, cwd="set", env=os.environ | environment, capture_output=True, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert b"Traceback" not in told
    assert b"> slot 1" in told or "→ slot 1".encode() in told
