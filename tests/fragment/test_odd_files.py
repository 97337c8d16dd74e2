"""Pipes, devices, sockets and folders in the place of files: nothing of ours opens them, or waits for them.

Each test would hang, not fail, where one is opened after all.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from midifrag.errors import StorageError
from midifrag.fragment import files
from midifrag.fragment.archive import Archive
from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.files import check_regular, force_to_disk, keep_copy, open_regular, read_json
from midifrag.fragment.landing import REFRESH
from midifrag.fragment.slot_content import content_of, seconds_of
from midifrag.fragment.wav import read_metadata
from midifrag.fragment.writer_events import Held, Landed
from midifrag.page.web.export import write_export
from midifrag.show.session_log import SessionFile, read_session
from tests.fragment.sounds import RATE, land, noise, record
from tests.support.landers import LanderRig

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such files")

NOT_A_FILE = "it is no file, but a pipe, a device or a socket: move it away"


def pipe(path):
    os.mkfifo(path)


def link_to_device(path):
    path.symlink_to("/dev/zero")


def link_to_tape(path):
    # What never answers, and does something when it is opened.
    path.symlink_to("/dev/tty")


def socket_file(path):
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with closing(socket.socket(socket.AF_UNIX)) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


ODD = [pipe, link_to_device, link_to_tape, socket_file]


@pytest.mark.parametrize("make", ODD)
def test_nothing_opens_what_is_no_file(tmp_path, make):
    odd = tmp_path / "odd"
    make(odd)
    for mode in ("rb", "ab", "r+b"):
        with pytest.raises(OSError, match=NOT_A_FILE):
            open_regular(odd, mode)
    with pytest.raises(OSError, match=NOT_A_FILE):
        check_regular(odd)
    with pytest.raises(OSError, match=NOT_A_FILE):
        keep_copy(odd, tmp_path / "copy")
    with pytest.raises(OSError, match=NOT_A_FILE):
        read_metadata(odd)
    with pytest.raises(OSError, match=NOT_A_FILE):
        next(read_session(odd))
    with pytest.raises(StorageError, match=re.escape(f"cannot read {odd}: {NOT_A_FILE}")):
        read_wav(odd)
    with pytest.raises(StorageError, match=NOT_A_FILE):
        force_to_disk(odd)
    assert (read_json(odd), content_of(odd), seconds_of(odd)) == (None, None, 0.0)


def test_a_folder_is_none_and_what_is_missing_is_no_mistake(tmp_path):
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
    check_regular(tmp_path / "missing")
    with open_regular(tmp_path / "new", "ab") as file:
        file.write(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "new")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"x"


def test_what_becomes_a_pipe_after_the_first_look_is_not_waited_for(tmp_path, monkeypatch):
    pipe(tmp_path / "odd")
    monkeypatch.setattr(files, "check_regular", lambda _path: None)
    with pytest.raises(OSError, match=NOT_A_FILE):
        open_regular(tmp_path / "odd")


@pytest.fixture
def rig(opened, tmp_path):
    return opened(LanderRig, tmp_path)


@pytest.mark.parametrize("make", ODD)
def test_a_slot_that_is_no_file_waits_and_the_others_land(rig, tmp_path, make):
    rig.handle(land(1))
    (tmp_path / "output01.wav").unlink()
    make(tmp_path / "output01.wav")
    rig.tick(REFRESH)

    told = [rig.handle(land(job)) for job in range(2, 6)]

    assert [event.slot for events in told for event in events if isinstance(event, Landed)] == [2, 3, 2]
    (held,) = [event for events in told for event in events if isinstance(event, Held)]
    assert (held.job, held.waits_for) == (4, "slot")
    assert "move it away" in held.reason
    (tmp_path / "output01.wav").unlink()
    assert [event.slot for event in rig.tick(60) if isinstance(event, Landed)] == [1]


@pytest.mark.parametrize("make", ODD)
@pytest.mark.parametrize("name", ["index.sqlite", "index.sqlite-journal", "changes.jsonl", ".midifrag/lock"])
def test_an_archive_works_around_what_is_no_file(opened, tmp_path, make, name):
    archive = opened(Archive, tmp_path)
    archive.store(noise(), RATE, record(1))
    archive.mark_landed(1, 2, 3.0)
    archive.close()
    (tmp_path / name).unlink(missing_ok=True)
    make(tmp_path / name)

    archive = opened(Archive, tmp_path)

    assert [take.prompt for take in archive.find()] == ["prompt 1"]
    assert archive.store(noise(), RATE, record(2)).number == 2
    archive.star(1)
    assert archive.get(1).starred


@pytest.mark.parametrize("make", ODD)
def test_what_is_no_file_among_takes_and_in_work_folders_stops_no_start(opened, tmp_path, make):
    archive = opened(Archive, tmp_path)
    archive.store(noise(), RATE, record(1))
    archive.close()
    make(tmp_path / "output002.wav")
    for name in ("work-dead", "work-other"):
        (tmp_path / ".midifrag" / name).mkdir(parents=True)
    make(tmp_path / ".midifrag" / "work-dead" / "alive")
    make(tmp_path / ".midifrag" / "work-dead" / "1-take.wav")
    (tmp_path / ".midifrag" / "work-other" / "alive").touch()
    make(tmp_path / ".midifrag" / "work-other" / "1-take.wav")
    make(tmp_path / ".midifrag" / "work-odd")

    archive = opened(Archive, tmp_path)

    assert [(take.number, take.prompt) for take in archive.find()] == [(2, ""), (1, "prompt 1")]
    assert archive.get(2).reason == f"cannot read {tmp_path / 'output002.wav'}: {NOT_A_FILE}"
    assert archive.store(noise(), RATE, record(3)).number == 3
    with pytest.raises(StorageError, match=NOT_A_FILE):
        archive.read(2)
    with pytest.raises(OSError, match=NOT_A_FILE):
        write_export(archive, [2], tmp_path / "x.zip")


@pytest.mark.parametrize("make", ODD)
def test_slots_begin_beside_what_is_no_file(open_slots, tmp_path, make):
    slots = open_slots(tmp_path, count=2)
    slots.close()
    own = tmp_path / ".midifrag"
    (own / "previous").mkdir(exist_ok=True)
    (own / "slots.json").unlink()
    for path in (own / "slots.json", own / "previous" / "output01.wav", tmp_path / "output02.wav"):
        make(path)

    slots = open_slots(tmp_path, count=2)

    assert [state.number for state in slots.states if state.take] == []
    with pytest.raises(StorageError):
        slots.restore(1)
    slots.set_lock(1, True)
    slots.close()
    assert open_slots(tmp_path, count=2).locked(1)


@pytest.mark.parametrize("make", ODD)
def test_a_session_log_waits_while_its_file_is_none(tmp_path, make):
    log = SessionFile(tmp_path / "sessions", 0.0)
    log.append("{}")
    log.path.unlink()
    make(log.path)
    log.append("{}")
    assert log.waits


def test_a_folder_in_the_place_of_the_index_is_an_error_of_ours(opened, tmp_path):
    (tmp_path / "index.sqlite").mkdir()
    archive = opened(Archive, tmp_path)
    with pytest.raises(StorageError, match=r"index\.sqlite"):
        archive.find()
    assert archive.store(noise(), RATE, record()).number == 1
    shutil.rmtree(tmp_path / "index.sqlite")
    assert archive.count() == 1
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM takes").fetchone() == (1,)
