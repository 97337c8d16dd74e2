"""Deleted takes lie in the trash, whole, and come back as they were; only emptying it deletes."""

import errno
import os
import shutil
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pytest

from midifrag.errors import StorageError, UnknownTakeError
from midifrag.fragment.archive_index import Index
from midifrag.fragment.archive_reader import ArchiveReader
from tests.fragment.sounds import RATE, noise, record


@pytest.fixture
def archive(open_archive, tmp_path):
    """Three takes, the second of which is known to have landed and has a star."""
    made = open_archive(tmp_path)
    for take in (1, 2, 3):
        made.store(noise(0.01, seed=take), RATE, record(take))
    made.mark_landed(2, 4, 1700000000.0)
    made.star(2)
    return made


def found(archive, **filters):
    return [take.number for take in archive.find(**filters)]


def test_a_deleted_take_is_whole_in_the_trash_and_comes_back_as_it_was(archive, tmp_path):
    before, content = archive.get(2), (tmp_path / "output002.wav").read_bytes()
    deleted = archive.trash(2)
    assert (deleted.is_trashed, deleted.file) == (True, "trash/output002.wav")
    assert (tmp_path / "trash" / "output002.wav").read_bytes() == content
    assert not (tmp_path / "output002.wav").exists()
    assert (found(archive), found(archive, trashed=True), archive.count()) == ([3, 1], [2], 2)
    assert archive.path(2).is_file()
    assert archive.read(2)[1] == RATE
    assert archive.restore(2) == before
    assert (tmp_path / "output002.wav").read_bytes() == content
    assert found(archive) == [3, 2, 1]


def test_both_may_be_asked_for_twice(archive):
    archive.trash(1)
    assert archive.trash(1).is_trashed
    archive.restore(1)
    assert not archive.restore(1).is_trashed


def test_marks_of_a_take_in_the_trash_are_kept(archive):
    archive.trash(3)
    archive.annotate(3, "no good")
    assert (archive.restore(3).note, archive.restore(3).is_trashed) == ("no good", False)


@pytest.mark.parametrize("how", ["index as it was", "index built anew", "moved by hand"])
def test_who_opens_it_next_finds_the_same(archive, open_archive, tmp_path, how):
    archive.trash(2)
    archive.close()
    if how == "index built anew":
        (tmp_path / "index.sqlite").unlink()
    elif how == "moved by hand":
        (tmp_path / "trash" / "output002.wav").rename(tmp_path / "output002.wav")
        (tmp_path / "output001.wav").rename(tmp_path / "trash" / "output001.wav")
    trashed = 1 if how == "moved by hand" else 2
    with closing(ArchiveReader(tmp_path)) as reader:
        assert found(reader, trashed=True) == [trashed]
    again = open_archive(tmp_path)
    assert found(again, trashed=True) == [trashed]
    assert found(again) == [take for take in (3, 2, 1) if take != trashed]
    assert (again.get(2).starred, again.get(2).slot) == (True, 4)


def test_moving_takes_has_nobody_look_through_the_folder(archive, open_archive, tmp_path):
    archive.trash(1)
    archive.trash(2)
    archive.restore(1)
    assert not archive.behind
    archive.close()
    assert not open_archive(tmp_path).behind


def test_emptying_deletes_for_good_what_lies_there_and_no_number_comes_again(archive, open_archive, tmp_path):
    archive.trash(2)
    archive.trash(3)
    assert archive.empty_trash(1700000000.0) == 2
    assert (found(archive, trashed=None), list((tmp_path / "trash").iterdir())) == ([1], [])
    with pytest.raises(UnknownTakeError):
        archive.get(3)
    assert archive.empty_trash(1700000001.0) == 0
    assert archive.store(noise(0.01), RATE, record(4)).number == 4
    archive.trash(4)
    archive.empty_trash(1700000002.0)
    archive.close()
    (tmp_path / "index.sqlite").unlink()
    again = open_archive(tmp_path)
    assert again.store(noise(0.01), RATE, record(5)).number == 5
    again.trash(5)
    again.empty_trash(1700000003.0)
    assert again.rebuild() == 1
    again.close()
    assert open_archive(tmp_path).store(noise(0.01), RATE, record(6)).number == 6


def test_an_archive_without_a_trash_has_nothing_to_empty(archive, tmp_path):
    assert archive.empty_trash(1.0) == 0
    assert not (tmp_path / "trash").exists()
    assert found(archive) == [3, 2, 1]


@pytest.mark.parametrize("linked", [False, True])
def test_what_cannot_be_written_down_is_not_deleted(archive, tmp_path, monkeypatch, linked):
    archive.trash(2)
    there = tmp_path / "trash" / "output002.wav"
    whole = there.read_bytes()
    if linked:
        # A backup of links has the same file: emptied, it would be gone there too.
        (tmp_path / "backup.wav").hardlink_to(there)

    def refused(*_):
        code = errno.ENOSPC if linked else errno.EACCES
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("midifrag.fragment.archive_changes.Changes.append", refused)
    with pytest.raises(StorageError, match="full" if linked else "cannot write"):
        archive.empty_trash(1.0)
    assert there.read_bytes() == whole


def test_on_a_full_disk_nothing_is_emptied_but_what_is_to_be_deleted(archive, open_archive, tmp_path, monkeypatch):
    for number in (1, 2):
        archive.trash(number)
    files = {1: "trash/output001.wav", 2: "trash/output002.wav", 3: "output003.wav"}
    before = {number: (tmp_path / name).read_bytes() for number, name in files.items()}

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("midifrag.fragment.archive_changes.Changes.append", full)
        with pytest.raises(StorageError, match="full"):
            archive.empty_trash(1.0, only=[2])
    after = {number: (tmp_path / name).read_bytes() for number, name in files.items()}
    assert after == before | {2: b""}
    # As where it is killed in between: that one is listed, and goes when there is room.
    archive.close()
    again = open_archive(tmp_path)
    assert again.empty_trash(2.0, only=[2]) == 1
    again.restore(1)
    assert found(again, trashed=None) == [3, 1]
    assert again.store(noise(0.01), RATE, record(4)).number == 4


@pytest.fixture
def small_disk(tmp_path):
    """A disk of two megabytes that can be filled; only root has one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("needs root: a disk is mounted, on Linux")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_the_trash_of_a_disk_without_room_is_emptied_and_no_number_comes_again(small_disk, open_archive):
    archive = open_archive(small_disk / "archive")
    for number in range(1, 4):
        archive.store(noise(1.0), RATE, record(number))
    archive.trash(3)
    archive.trash(2)
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(bytes(4096)):
            pass
    with pytest.raises(StorageError, match="full"):
        archive.store(noise(1.0), RATE, record(4))
    assert archive.empty_trash(1.0) == 2
    assert list((small_disk / "archive" / "trash").iterdir()) == []
    archive.close()
    (small_disk / "archive" / "index.sqlite").unlink()
    again = open_archive(small_disk / "archive")
    assert again.store(noise(0.1), RATE, record(4)).number == 4
    assert found(again, trashed=None) == [4, 1]


def test_a_file_that_cannot_be_deleted_is_said_and_stays_listed(archive, monkeypatch):
    archive.trash(2)

    def refused(*_, **__):
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(StorageError, match="cannot delete"):
        archive.empty_trash(1.0)
    monkeypatch.undo()
    assert found(archive, trashed=True) == [2]
    assert archive.empty_trash(2.0) == 1


def test_nothing_is_replaced_by_moving(archive, tmp_path):
    archive.trash(1)
    (tmp_path / "output001.wav").write_bytes(b"somebody's own")
    with pytest.raises(StorageError, match="is there already; move that away"):
        archive.restore(1)
    assert (tmp_path / "output001.wav").read_bytes() == b"somebody's own"
    assert (tmp_path / "trash" / "output001.wav").is_file()


def test_a_take_whose_file_is_gone_leaves_the_list_too(archive, tmp_path):
    (tmp_path / "output001.wav").unlink()
    archive.trash(1)
    assert found(archive) == [3, 2]
    assert archive.empty_trash(1.0) == 1
    assert found(archive, trashed=None) == [3, 2]


def test_an_index_that_cannot_be_told_learns_of_it_later(archive, monkeypatch):
    real = Index.place

    def busy(self, number, file):
        monkeypatch.setattr(Index, "place", real)
        raise StorageError("busy")

    monkeypatch.setattr(Index, "place", busy)
    assert archive.trash(2).is_trashed
    assert found(archive) == [3, 1]


def test_a_take_that_was_moved_is_told_so_though_the_index_cannot_be_used(archive, monkeypatch):
    def full(*_, **__):
        raise StorageError("full")

    for name in ("place", "ensure"):
        monkeypatch.setattr(Index, name, full)
    deleted = archive.trash(2)
    assert (deleted.file, deleted.is_trashed, deleted.starred) == ("trash/output002.wav", True, True)
    monkeypatch.undo()
    assert (found(archive), found(archive, trashed=True)) == ([3, 1], [2])
    monkeypatch.setattr(Index, "place", full)
    assert archive.restore(2).file == "output002.wav"


def test_a_folder_that_cannot_be_made_is_said(archive, tmp_path):
    (tmp_path / "trash").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot make"):
        archive.trash(1)
    with pytest.raises(StorageError, match="cannot read"):
        archive.empty_trash(1.0)
    assert archive.rebuild() == 3
