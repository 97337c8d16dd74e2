"""A show that ends where it is worst: disk full, home full, and nobody left to tell."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys

import mido
import pytest

from midifrag.fragment.archive import Archive
from midifrag.fragment.rescue import FOLDER, NOTE
from tests.support import PATIENCE

PRESSES = 3
#: The command line on a machine whose disks are full below the folders in FULL.
PROGRAM = """
import errno, os
from pathlib import Path
from midifrag.fragment import archive, files, rescue, slot_file
full = [Path(name) for name in os.environ["FULL"].split(os.pathsep)]
real = files.write_whole
def write_whole(path, content):
    if any(folder in path.parents for folder in full):
        raise files.storage_error("write", path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    return real(path, content)
archive.write_whole = slot_file.write_whole = write_whole
rescue.PLACES = tuple(place for place in rescue.PLACES if place is not rescue._drives)
from midifrag.__main__ import main
main()
"""


@pytest.fixture
def played(tmp_path):
    """Begin to play a few notes into a set on a full disk; the arguments say where it tells what happens."""
    place = tmp_path / "set"
    place.mkdir()
    (place / "presets").mkdir()
    (place / "presets" / "one.yaml").write_text("name: One\npads: {36: {prompt: rain, seconds: 0.2}}\n")
    (place / "presets.yaml").write_text("model: sketch\nset_list: [one]\nengine: {spares: {enabled: false}}\n")
    clip = mido.MidiFile()
    clip.tracks.append(mido.MidiTrack([mido.Message("note_on", note=36, velocity=90)] * PRESSES))
    clip.save(place / "clip.mid")
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir()
    full = [tmp_path / "home", place, "/var/tmp"]
    environment = {
        "FULL": os.pathsep.join(map(str, full)),
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "temporary"),
        "PYTHONUNBUFFERED": "1",
    }
    programs = []

    def begin(**where):
        command = [sys.executable, "-c", PROGRAM, "play", "clip.mid"]
        programs.append(subprocess.Popen(command, cwd=place, env=os.environ | environment, **where))
        return programs[-1]

    yield begin
    for program in programs:
        program.kill()
        program.wait()


def wait_for_held(lines):
    held = 0
    for line in lines:
        held += b"held" in line
        if held == PRESSES:
            return
    pytest.fail("it ended before its takes were held")


def rescued(folder):
    archive = Archive(folder / "temporary" / FOLDER)
    try:
        return [take.prompt for take in archive.find()]
    finally:
        archive.close()


def test_no_take_is_lost_when_the_reader_of_its_pipe_is_gone(played, tmp_path):
    program = played(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    wait_for_held(program.stdout)
    program.stdout.close()
    program.send_signal(signal.SIGINT)

    assert program.wait(PATIENCE) == 1
    assert rescued(tmp_path) == ["rain"] * PRESSES
    assert f"{PRESSES} raw take(s)" in (tmp_path / "temporary" / FOLDER / NOTE).read_text(encoding="utf-8")


@pytest.mark.thorough
def test_no_take_is_lost_when_the_terminal_is_closed(played, tmp_path):
    ours, theirs = pty.openpty()
    program = played(stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    seen = b""
    while seen.count(b"held") < 1:
        seen += os.read(ours, 65536)
    os.close(ours)
    program.send_signal(signal.SIGHUP)

    assert program.wait(PATIENCE) == 1
    assert rescued(tmp_path) == ["rain"] * PRESSES


@pytest.mark.thorough
def test_a_terminal_that_takes_no_more_text_does_not_hold_up_the_end(played, tmp_path):
    ours, theirs = os.pipe()
    program = played(stdout=theirs, stderr=theirs, start_new_session=True)
    with os.fdopen(ours, "rb", buffering=0) as lines:
        wait_for_held(lines)
        # Filled to the brim by somebody else, and nobody reads it.
        os.set_blocking(theirs, False)
        with contextlib.suppress(BlockingIOError):
            while os.write(theirs, b"x" * 4096):
                pass
        os.set_blocking(theirs, True)
        os.close(theirs)
        program.send_signal(signal.SIGTERM)

        assert program.wait(PATIENCE) == 1
    assert rescued(tmp_path) == ["rain"] * PRESSES
