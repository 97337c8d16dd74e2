from __future__ import annotations

import errno
import json
import math
import os
import queue
import shutil
import threading
import time
from pathlib import Path

import numpy as np

from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.writer_events import Landed, SlotsChanged
from midifrag.midi.messages import ControlChange, NoteOn, PitchBend
from midifrag.playback.messages import Sounding
from midifrag.show import session_files, session_log
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


def test_each_line_has_the_time_of_its_log_also_where_an_event_has_a_moment_of_its_own():
    for event in (Sounding(1, 2, True, 33.0), {"event": "Sounding", "at": 33.0}):
        line = json.loads(as_line(STARTED, event))
        assert (line["at"], line["moment"]) == (STARTED, 33.0)


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


def test_a_disk_that_hangs_does_not_fill_the_memory(tmp_path, monkeypatch):
    goes_on, hangs = threading.Event(), threading.Event()

    def hang(_file, _line):
        hangs.set()
        assert goes_on.wait(PATIENCE)
        return False

    monkeypatch.setattr(session_log, "WAITING_EVENTS", 3)
    monkeypatch.setattr(SessionFile, "append", hang)
    log = SessionLog(tmp_path / "sessions", clock=lambda: 0.0)
    log.write({"event": "first"})
    assert hangs.wait(PATIENCE)
    for _ in range(5):
        log.write({"event": "more"})
    assert log.lost == 2
    goes_on.set()
    log.close(PATIENCE)


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
        return real(self, line)

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


def test_a_long_log_goes_on_in_parts_that_are_read_as_one(tmp_path):
    folder = tmp_path / "sessions"
    log = SessionLog(folder, limit=80_000)
    for number in range(300):
        log.write({"event": "x", "number": number, "filling": "y" * 100})
    log.close(PATIENCE)
    assert len(list(folder.iterdir())) > 1
    assert [line["number"] for line in read_session(log.path)] == list(range(300))


def test_all_logs_together_stay_within_the_limit(tmp_path):
    folder, limit = tmp_path / "sessions", 100_000
    (folder).mkdir()
    old = folder / "20200101T200000Z.jsonl"
    old.write_text('{"event": "x"}\n{"event": "end"}\n')
    log = SessionLog(folder, limit)
    for _ in range(3000):
        log.write({"event": "x", "filling": os.urandom(50).hex()})
    log.close(PATIENCE)
    session_files.SessionFolder(folder, limit).tidy(log.current)
    assert not list(folder.glob(f"{old.name}*"))
    assert sum(path.stat().st_size for path in folder.iterdir()) <= limit
    assert log.current.exists()


def test_an_old_show_is_compressed_when_the_next_one_begins(tmp_path):
    old = SessionLog(tmp_path / "sessions", clock=lambda: STARTED)
    old.write({"event": "NoteOn", "note": 36})
    old.write({"event": "end"})
    old.close(PATIENCE)
    log = SessionLog(tmp_path / "sessions")
    deadline = time.monotonic() + PATIENCE
    while old.path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    log.close(PATIENCE)
    assert not old.path.exists()
    assert old.path.with_name(f"{old.path.name}.gz").exists()
    assert [line["event"] for line in read_session(old.path)] == ["NoteOn", "end"]


def test_what_did_nothing_is_counted_and_logged_as_one_line(tmp_path, monkeypatch):
    log = SessionLog(tmp_path, clock=lambda: STARTED)
    for value in range(1000):
        log.count(PitchBend("keys", value % 16 + 1, value, 0.0))
    log.count(NoteOn("pads", 1, 99, 100, 0.0))
    log.close(PATIENCE)
    counts = {"keys": {"PitchBend": 1000}, "pads": {"NoteOn": 1}}
    assert list(read_session(log.path)) == [{"at": STARTED, "event": "unmapped", "counts": counts}]


def test_what_did_nothing_is_summarised_while_a_show_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(session_log, "SUMMARY_EVERY", 0.01)
    said = threading.Event()
    monkeypatch.setattr(SessionFile, "append", lambda _self, line: '"unmapped"' in line and said.set())
    log = SessionLog(tmp_path)
    log.count(NoteOn("pads", 1, 99, 100, 0.0))
    assert said.wait(PATIENCE)
    log.close(PATIENCE)


def test_a_control_s_last_position_is_logged_while_nothing_else_happens(tmp_path, monkeypatch):
    lines = queue.Queue()
    monkeypatch.setattr(SessionFile, "append", lambda _self, line: lines.put(json.loads(line)))
    log = SessionLog(tmp_path)
    for value in range(100):
        log.write(ControlChange("p", 1, 21, value, 0.0), position=True)
    seen = [lines.get(timeout=PATIENCE)["value"]]
    while seen[-1] != 99:
        seen.append(lines.get(timeout=PATIENCE)["value"])
    assert len(seen) < 100
    log.close(PATIENCE)


def test_a_line_that_is_no_event_is_left_out(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("[" * 100_000 + "\n" + '{"a": ' + "9" * 5000 + "}\n[1]\nnull\n" + '{"a": 1}\n')
    assert list(read_session(path)) == [{"a": 1}]
