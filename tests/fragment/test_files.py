from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import pytest

from midifrag.errors import StorageError
from midifrag.fragment import files
from midifrag.fragment.files import (
    discard,
    keep_copy,
    move_exclusively,
    read_json,
    replace_file,
    signature_of,
    storage_error,
    write_whole,
)


def refuse(code, times=10**6):
    """A function that the system refuses so often, and then does nothing."""
    left = [times]

    def refused(*args, **kwargs):
        if left[0] > 0:
            left[0] -= 1
            raise OSError(code, os.strerror(code))

    return refused


def test_full_disk_leaves_no_file(tmp_path, monkeypatch):
    create = Path.open

    class FullDisk(io.BytesIO):
        def write(self, _content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def opened(path, mode="r"):
        create(path, mode).close()
        return FullDisk()

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(StorageError, match="the disk is full: delete something"):
        write_whole(tmp_path / "a", b"x" * 100)

    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_by_creating(tmp_path):
    (tmp_path / "a").write_text("first")

    with pytest.raises(StorageError):
        write_whole(tmp_path / "a", b"second")

    assert (tmp_path / "a").read_text() == "first"


def test_folder_that_is_gone_is_named(tmp_path):
    with pytest.raises(StorageError, match="gone: connect its drive again"):
        write_whole(tmp_path / "pulled" / "a", b"x")


def test_file_held_open_is_tried_again(tmp_path, monkeypatch):
    """Windows refuses to replace a file that another program holds open."""
    (tmp_path / "new").write_text("new")
    (tmp_path / "slot").write_text("old")
    replace, pauses, refused = Path.replace, [], refuse(errno.EACCES, times=2)
    monkeypatch.setattr(Path, "replace", lambda self, target: refused() or replace(self, target))

    replace_file(tmp_path / "new", tmp_path / "slot", sleep=pauses.append)

    assert (tmp_path / "slot").read_text() == "new"
    assert pauses == [files.PAUSE] * 2


def test_file_held_open_for_long_keeps_what_it_has(tmp_path, monkeypatch):
    (tmp_path / "new").write_text("new")
    (tmp_path / "slot").write_text("old")
    monkeypatch.setattr(Path, "replace", refuse(errno.EACCES))

    with pytest.raises(StorageError, match="it may not be written"):
        replace_file(tmp_path / "new", tmp_path / "slot", sleep=lambda _: None)

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"slot": "old"}


def without_links(monkeypatch):
    monkeypatch.setattr(files.os, "link", refuse(errno.EPERM))


def test_a_file_that_is_open_for_a_moment_is_moved_to_its_free_name_after_that(tmp_path, monkeypatch):
    without_links(monkeypatch)
    (tmp_path / "take").write_text("whole")
    rename, refused, pauses = Path.rename, refuse(errno.EACCES, times=2), []
    monkeypatch.setattr(Path, "rename", lambda path, target: (refused(), rename(path, target)))
    assert move_exclusively(tmp_path / "take", tmp_path / "free", sleep=pauses.append)
    assert ((tmp_path / "free").read_text(), pauses) == ("whole", [files.PAUSE] * 2)
    monkeypatch.setattr(Path, "rename", refuse(errno.EACCES))
    with pytest.raises(StorageError, match="it may not be written"):
        move_exclusively(tmp_path / "free", tmp_path / "other", sleep=pauses.append)
    assert (tmp_path / "free").read_text() == "whole"


@pytest.mark.parametrize("links", [True, False])
def test_taken_name_stays_as_it_is(tmp_path, monkeypatch, links):
    if not links:
        without_links(monkeypatch)
    (tmp_path / "new").write_text("new")
    (tmp_path / "taken").write_text("old")

    assert move_exclusively(tmp_path / "new", tmp_path / "taken") is False
    assert move_exclusively(tmp_path / "new", tmp_path / "free") is True

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"taken": "old", "free": "new"}


@pytest.mark.parametrize("links", [True, False])
def test_copy_outlives_the_original(tmp_path, monkeypatch, links):
    if not links:
        without_links(monkeypatch)
    (tmp_path / "a").write_text("kept")

    keep_copy(tmp_path / "a", tmp_path / "b")
    discard(tmp_path / "a")

    assert (tmp_path / "b").read_text() == "kept"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"{", b"\0" * 50])
def test_json_that_cannot_be_read_is_none(tmp_path, content):
    if content is not None:
        (tmp_path / "a.json").write_bytes(content)

    assert read_json(tmp_path / "a.json") is None


def test_what_a_performer_is_told_is_the_folder_and_not_our_own_work_in_it(tmp_path):
    made_for = tmp_path / "fragments"
    error = storage_error("write", made_for / ".midifrag" / "work-1" / "3-output01.wav", OSError(errno.ENOSPC, "full"))
    assert str(error).startswith(f"cannot write {made_for}: the disk is full")


def test_forcing_a_file_to_the_disk_that_is_gone_is_said(tmp_path):
    write_whole(tmp_path / "a", b"x")
    files.force_to_disk(tmp_path / "a")
    with pytest.raises(StorageError, match="gone"):
        files.force_to_disk(tmp_path / "b")


def test_a_signature_tells_versions_of_a_file_apart(tmp_path):
    path = tmp_path / "a"
    assert signature_of(path) is None
    path.write_text("one")
    first = signature_of(path)
    assert signature_of(path) == first

    os.utime(path, ns=(first[2] + 1_000_000_000, first[2] + 1_000_000_000))
    touched = signature_of(path)
    (tmp_path / "b").write_text("one")
    os.utime(tmp_path / "b", ns=(touched[2], touched[2]))
    (tmp_path / "b").replace(path)
    replaced = signature_of(path)
    path.write_text("longer")
    os.utime(path, ns=(touched[2], touched[2]))

    assert len({first, touched, replaced, signature_of(path)}) == 4
