"""What the files of an archive say, whatever its index does."""

from __future__ import annotations

import errno
import os
import re

import pytest

from midifrag.errors import StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_changes import Changes, Place
from midifrag.fragment.archive_folder import ArchiveFolder
from midifrag.fragment.archive_index import Index, Reached
from midifrag.fragment.audio_files import write_wav
from midifrag.fragment.plain_json import LARGEST
from tests.fragment.sounds import RATE, noise, record


def test_files_of_others_are_listed_with_what_they_tell(open_archive, tmp_path):
    write_wav(tmp_path / "output003.wav", noise(0.5), RATE, metadata={"title": "from elsewhere"})
    (tmp_path / "output004.wav").write_text("no audio")
    (tmp_path / "output000.wav").write_text("no take: those are numbered from one")
    (tmp_path / "notes.txt").write_text("x")

    archive = open_archive(tmp_path)

    assert [(take.number, take.prompt, take.seconds) for take in archive.find()] == [
        (4, "", 0.0),
        (3, "from elsewhere", 0.5),
    ]
    assert archive.store(noise(), RATE, record()).number == 5


def test_folder_that_cannot_be_listed_is_said(tmp_path, monkeypatch):
    real = os.scandir

    def refused(path):
        if path == tmp_path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(StorageError, match="^" + re.escape(f"cannot read {tmp_path}: the disk does not answer")):
        Archive(tmp_path)


def test_a_folder_that_is_gone_is_said(tmp_path):
    gone = tmp_path / "gone"
    with pytest.raises(StorageError, match="^" + re.escape(f"cannot read {gone}: ")):
        ArchiveFolder(gone).time()


def test_no_take_has_a_number_that_no_file_of_ours_can_hold(tmp_path):
    for number in (LARGEST, LARGEST + 1):
        (tmp_path / f"output{number}.wav").touch()
    assert list(ArchiveFolder(tmp_path).takes()) == [LARGEST]


def test_changes_that_cannot_be_read_are_told_and_what_was_reached_stays(tmp_path, caplog):
    changes, reached = tmp_path / "changes.jsonl", Reached(changes=Place(3, "abc"))
    changes.mkdir()

    read = ArchiveFolder(tmp_path).read_changes(reached)

    assert (read.changes, read.odd, read.place) == ([], [], reached.changes)
    (told,) = caplog.messages
    assert told.startswith(f"cannot read {changes}: ")


def test_lines_of_changes_that_cannot_be_read_are_counted(tmp_path, caplog):
    changes = tmp_path / "changes.jsonl"
    changes.write_text('one\n{"take": 1, "starred": true}\ntwo\n')

    assert ArchiveFolder(tmp_path).read_changes(Reached()).changes == [(1, {"starred": True})]

    assert caplog.messages == [f"{changes}: 2 lines cannot be read and are left out"]


def test_an_archive_whose_changes_cannot_be_read_counts_its_takes_from_one(open_archive, tmp_path):
    (tmp_path / "changes.jsonl").mkdir()

    assert open_archive(tmp_path).store(noise(), RATE, record()).number == 1


def test_changes_whose_size_cannot_be_asked_have_nobody_look_through_the_folder(open_archive, tmp_path, monkeypatch):
    archive = open_archive(tmp_path)
    archive.store(noise(), RATE, record())
    archive.close()

    def refused(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def looked(_):
        raise AssertionError("the folder was looked through")

    monkeypatch.setattr(Changes, "size", refused)
    monkeypatch.setattr(ArchiveFolder, "takes", looked)
    assert [take.number for take in open_archive(tmp_path).find()] == [1]


@pytest.mark.parametrize("deleted", [False, True])
def test_numbers_go_on_from_what_lies_there_or_was_deleted_for_good_where_no_index_can_be_made(
    open_archive, tmp_path, monkeypatch, deleted
):
    archive = open_archive(tmp_path)
    for take in (1, 2):
        archive.store(noise(), RATE, record(take))
    archive.trash(2)
    if deleted:
        archive.empty_trash(1700000000.0)
    archive.close()
    (tmp_path / "index.sqlite").unlink()
    if not deleted:
        (tmp_path / "output001.wav").rename(tmp_path / "output007.wav")

    def full(*_, **__):
        raise StorageError("full")

    for name in ("ensure", "highest", "reached"):
        monkeypatch.setattr(Index, name, full)
    assert open_archive(tmp_path).store(noise(), RATE, record(3)).number == (3 if deleted else 8)


def test_a_folder_whose_time_cannot_be_asked_holds_no_take_up(open_archive, tmp_path, monkeypatch):
    archive = open_archive(tmp_path)
    archive.store(noise(), RATE, record(1))

    def refuse(_):
        raise StorageError("the disk does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(ArchiveFolder, "time", refuse)
        assert archive.store(noise(), RATE, record(2)).number == 2
        archive.star(2)

    assert [take.number for take in archive.find()] == [2, 1]
    assert [take.number for take in archive.find(starred=True)] == [2]
