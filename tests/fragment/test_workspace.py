from __future__ import annotations

import errno

import pytest

from midifrag.errors import StorageError
from midifrag.fragment import workspace
from midifrag.fragment.workspace import FileLock, Workspace


def test_lock_is_given_once(tmp_path):
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")

    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_leftovers_are_swept_but_not_those_of_a_living_program(tmp_path):
    living = Workspace(tmp_path)
    at_work = living.aside("output01.wav")
    at_work.write_text("half")
    dead = tmp_path / ".midifrag" / "work-dead"
    dead.mkdir()
    (dead / "alive").touch()
    (dead / "1-output02.wav").write_text("half")
    (tmp_path / ".midifrag" / "work-killed-at-once").mkdir()

    Workspace(tmp_path).sweep()

    assert at_work.read_text() == "half"
    assert not dead.exists()
    assert not (tmp_path / ".midifrag" / "work-killed-at-once").exists()
    living.close()


def test_leftovers_stay_where_nobody_can_tell_who_lives(tmp_path, monkeypatch):
    if not hasattr(workspace, "fcntl"):
        pytest.skip("another system's locks")

    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(workspace.fcntl, "flock", no_locks)
    living = Workspace(tmp_path)
    at_work = living.aside("output01.wav")
    at_work.write_text("half")

    Workspace(tmp_path).sweep()

    assert at_work.read_text() == "half"
    living.close()


def test_closing_tidies_up(tmp_path):
    space = Workspace(tmp_path)
    space.aside("a").write_text("x")

    space.close()

    assert [path.name for path in (tmp_path / ".midifrag").iterdir()] == ["lock"]


def test_work_folder_comes_back_with_its_drive(tmp_path):
    folder = tmp_path / "drive"
    folder.mkdir()
    space = Workspace(folder)
    space.aside("a")
    folder.rename(tmp_path / "pulled")

    with pytest.raises(StorageError, match="gone"):
        space.aside("b")
    assert not folder.exists()

    folder.mkdir()
    space.aside("c").write_text("works")
    space.close()


def test_program_that_does_not_let_go_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(workspace, "PATIENCE", 0.0)
    mine, other = Workspace(tmp_path), Workspace(tmp_path)

    with mine.alone(), pytest.raises(StorageError, match="busy"), other.alone():
        pytest.fail("two programs were alone")
