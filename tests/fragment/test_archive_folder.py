"""What the files of an archive say, whatever its index does."""

from __future__ import annotations

import errno
import os
import re

import pytest

from midifrag.errors import StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_folder import ArchiveFolder
from midifrag.fragment.audio_files import write_wav
from tests.fragment.sounds import RATE, noise, record


def test_files_of_others_are_listed_with_what_they_tell(open_archive, tmp_path):
    write_wav(tmp_path / "output003.wav", noise(0.5), RATE, metadata={"title": "from elsewhere"})
    (tmp_path / "output004.wav").write_text("no audio")
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
