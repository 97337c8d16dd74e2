"""What is compiled is kept in one folder, and no two write it at once."""

from __future__ import annotations

import threading

import filelock
import numba
import pytest

from midifrag import machine_code
from midifrag.machine_code import kept_as
from tests.support import PATIENCE


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_code.platformdirs, "user_cache_path", lambda _name: tmp_path / "cache")
    monkeypatch.setattr(machine_code.tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "cache"


def test_what_is_compiled_lies_in_a_folder_of_that_name(cache):
    before = numba.config.CACHE_DIR
    with kept_as("callback") as folder:
        assert folder == cache / "callback"
        assert str(folder) == numba.config.CACHE_DIR

        @numba.njit("int64(int64)", cache=True)
        def one_more(number):
            return number + 1

        assert one_more(1) == 2
    assert list(folder.rglob("*.nbi"))
    assert before == numba.config.CACHE_DIR


def test_another_waits_until_all_is_written(cache):
    theirs = filelock.FileLock(cache / "callback" / "lock")
    (cache / "callback").mkdir(parents=True)
    entered = threading.Event()
    theirs.acquire()

    def compile_something():
        with kept_as("callback"):
            entered.set()

    waiting = threading.Thread(target=compile_something)
    waiting.start()
    assert not entered.wait(0.3)
    theirs.release()
    assert entered.wait(PATIENCE)
    waiting.join(PATIENCE)


def test_it_is_let_go_when_compiling_fails(cache):
    with pytest.raises(ZeroDivisionError), kept_as("callback"):
        raise ZeroDivisionError
    filelock.FileLock(cache / "callback" / "lock", timeout=0).acquire().lock.release()
    assert str(cache / "callback") != numba.config.CACHE_DIR


def test_who_waits_too_long_says_so_and_compiles_for_itself(cache, monkeypatch, caplog):
    monkeypatch.setattr(machine_code, "LONGEST", 0.0)
    (cache / "callback").mkdir(parents=True)
    with filelock.FileLock(cache / "callback" / "lock"), kept_as("callback") as folder:
        assert folder.is_dir()
        assert cache not in folder.parents
    assert "another midifrag makes machine code" in caplog.text


def test_where_no_cache_can_be_written_it_is_made_for_a_while(cache, tmp_path):
    cache.touch()
    with kept_as("callback") as folder:
        assert folder == tmp_path / "temporary" / "callback"
    (tmp_path / "temporary" / "librosa").touch()
    with kept_as("librosa") as folder:
        assert folder.parent == tmp_path / "temporary"
        assert folder.is_dir()
