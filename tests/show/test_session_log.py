from __future__ import annotations

import errno
import json
import math
import shutil
import threading
from pathlib import Path

import numpy as np

from midifrag.fragment.messages import Landed, SlotsChanged, SlotState
from midifrag.show import session_log
from midifrag.show.session_log import SessionFile, SessionLog, as_line, read_session
from tests.fragment.sounds import land
from tests.support import PATIENCE

STARTED = 1700000000.0


def test_events_are_read_back_as_they_happened(tmp_path):
    times = iter([STARTED, STARTED + 1, STARTED + 2, STARTED + 3])
    log = SessionLog(tmp_path / "sessions", clock=lambda: next(times))
    log.write({"event": "NoteOn", "note": 36, "velocity": np.int64(100), "bank": "Übung"})
    log.write(Landed(7, 2, Path("output02.wav"), 9, 1.5, 3.0, 0.01))
    log.write(land(1))
    log.close(PATIENCE)

    assert log.path == tmp_path / "sessions" / "20231114T221320Z.jsonl"
    note, landed, take = read_session(log.path)
    assert note == {"at": STARTED + 1, "event": "NoteOn", "note": 36, "velocity": 100, "bank": "Übung"}
    assert (landed["event"], landed["at"], landed["file"], landed["notes"]) == (
        "Landed",
        STARTED + 2,
        "output02.wav",
        [],
    )
    assert "audio" not in take
    assert take["record"]["prompt"] == "prompt 1"
    assert log.lost == 0


def test_any_event_is_one_line_of_json():
    for event in (SlotsChanged((SlotState(1, "a.wav"),)), {"a": {1, 2}, "b": math.nan, 3: object}, "text", None, [1]):
        line = as_line(1.0, event)
        assert "\n" not in line
        assert json.loads(line)["at"] == 1.0


def test_two_sessions_in_one_second(tmp_path):
    for _ in range(3):
        SessionFile(tmp_path, STARTED).append("{}")

    assert sorted(path.stem for path in tmp_path.iterdir()) == [
        "20231114T221320Z",
        "20231114T221320Z-2",
        "20231114T221320Z-3",
    ]


def test_line_is_on_the_disk_at_once(tmp_path):
    file = SessionFile(tmp_path, STARTED)

    file.append('{"a": 1}')

    assert file.path.read_text() == '{"a": 1}\n'


def test_full_disk_keeps_lines_and_counts_what_is_lost(tmp_path, monkeypatch):
    file = SessionFile(tmp_path, STARTED)
    file.append("[1]")
    real = Path.open

    class Full:
        """Takes three bytes, and then no more."""

        def __init__(self, opened):
            self.opened, self.left = opened, 3

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.opened.close()

        def write(self, content):
            if not self.left:
                raise OSError(errno.ENOSPC, "full")
            self.left -= 3
            return self.opened.write(content[:3])

    monkeypatch.setattr(Path, "open", lambda self, *how, **options: Full(real(self, *how, **options)))
    monkeypatch.setattr(session_log, "WAITING_BYTES", 12)
    file.append("[22]")
    file.append("[333]")
    file.append("[4444444]")
    assert file.waits
    assert file.lost == 1
    monkeypatch.undo()
    file.flush()

    assert [json.loads(line) for line in file.path.read_text().splitlines()] == [[1], [22], [333]]
    assert not file.waits


def test_a_log_says_how_many_lines_it_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(session_log, "WAITING_BYTES", 100)
    (tmp_path / "file").touch()
    log = SessionLog(tmp_path / "file" / "sessions", clock=lambda: 0.0)
    for _ in range(5):
        log.write({"event": "x" * 20})
    log.close(PATIENCE)
    assert log.lost == 3


def test_folder_that_cannot_be_made_never_raises(tmp_path):
    (tmp_path / "file").write_text("x")
    file = SessionFile(tmp_path / "file" / "sessions", STARTED)
    file.append("{}")
    assert file.waits

    (tmp_path / "file").unlink()
    file.append("{}")
    assert file.path.read_text() == "{}\n{}\n"


def test_folder_that_was_removed_is_made_anew_but_not_on_a_drive_that_was_pulled(tmp_path):
    (tmp_path / "archive").mkdir()
    file = SessionFile(tmp_path / "archive" / "sessions", STARTED)
    file.append("one")
    shutil.rmtree(tmp_path / "archive")
    file.append("two")
    file.flush()
    assert not (tmp_path / "archive").exists()
    assert file.waits

    (tmp_path / "archive").mkdir()
    file.flush()
    file.flush()
    assert file.path.read_text() == "two\n"


def test_writing_never_waits_for_the_disk(tmp_path, monkeypatch):
    go_on = threading.Event()
    real = SessionFile.append

    def stuck(self, line):
        assert go_on.wait(PATIENCE)
        real(self, line)

    monkeypatch.setattr(SessionFile, "append", stuck)
    log = SessionLog(tmp_path)
    for number in range(100):
        log.write({"number": number})
    assert not list(tmp_path.iterdir())
    go_on.set()
    log.close(PATIENCE)

    assert [event["number"] for event in read_session(log.path)] == list(range(100))


def test_session_of_a_killed_program(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"a": 1}\n7\n{"b": "Über"}\n{"c": "Üb'.encode()[:-1])

    assert list(read_session(path)) == [{"a": 1}, {"b": "Über"}]
