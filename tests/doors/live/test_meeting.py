import errno
import json
import os
import socket
import stat
import subprocess
import sys

import pytest

from midifrag.doors.live.meeting import Meeting, meeting_file, problem_of
from midifrag.errors import StorageError


def test_what_is_written_is_found_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "home" / "ableton.json"
    meeting = Meeting.new(4711)
    meeting.write(path)
    assert Meeting.read(path) == meeting
    assert json.loads(path.read_text()) == {"port": 4711, "token": meeting.token, "pid": os.getpid()}
    assert meeting.token not in repr(meeting)
    assert [one.name for one in path.parent.iterdir()] == ["ableton.json"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Meeting.new(4711).token != meeting.token


def test_at_the_end_it_goes_unless_another_show_has_come(tmp_path):
    path = tmp_path / "ableton.json"
    first, second = Meeting.new(1), Meeting.new(2)
    first.write(path)
    second.write(path)
    first.remove(path)
    assert Meeting.read(path) == second
    second.remove(path)
    assert not path.exists()


def test_it_comes_back_where_it_is_gone_or_its_show_is(tmp_path):
    path = tmp_path / "ableton.json"
    mine = Meeting.new(1)
    mine.keep(path)
    assert Meeting.read(path) == mine
    living = Meeting(2, "abc")
    living.write(path)
    mine.keep(path)
    assert Meeting.read(path) == living
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    Meeting(2, "abc", gone.pid).write(path)
    mine.keep(path)
    assert Meeting.read(path) == mine


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"port": 0, "token": "a", "pid": 1}', '{"port": 70000, "token": "a", "pid": 1}',
     '{"port": 1, "token": 5, "pid": 1}', '{"port": 1, "token": "a", "pid": "1"}', "\xff" * 10],
)  # fmt: skip
def test_what_cannot_be_meant_is_nobody_s(tmp_path, text):
    path = tmp_path / "ableton.json"
    path.write_text(text, encoding="latin-1")
    assert Meeting.read(path) is None


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"a file has this name: move it away.*; MIDIFRAG_HOME names another folder"):
        Meeting.new(1).write(tmp_path / "file" / "ableton.json")
    Meeting.new(1).keep(tmp_path / "file" / "ableton.json")


def test_the_home_folder_is_the_user_s_unless_a_variable_says_another(tmp_path, monkeypatch):
    assert meeting_file({"MIDIFRAG_HOME": str(tmp_path)}) == tmp_path / "ableton.json"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert meeting_file({}) == tmp_path / ".midifrag" / "ableton.json"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_folder_that_may_not_be_written_is_told_with_the_way_out(tmp_path, monkeypatch, number):
    def refused(*_arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(StorageError, match=f"MIDIFRAG_HOME names another folder than {tmp_path}, for midifrag and for"):
        Meeting.new(1).write(tmp_path / "ableton.json")


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path):
    place = tmp_path / "ableton.json"
    place.mkdir()
    with pytest.raises(StorageError, match="is a folder, and the place of a file: move it away"):
        Meeting.new(1).write(place)
    assert (problem_of(tmp_path / "none"), Meeting.read(place)) == (None, None)
    assert [path.name for path in tmp_path.iterdir()] == ["ableton.json"]


def test_a_show_answers_as_long_as_it_listens(tmp_path):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        assert Meeting(port, "a", os.getppid()).answers
        assert not Meeting(port, "a").answers, "that is this process itself"
    assert not Meeting(port, "a", os.getppid()).answers, "a number that another process has by now"
