from __future__ import annotations

import numpy as np
import pytest

from midifrag.errors import StorageError
from midifrag.fragment import rescue as module
from midifrag.fragment.archive import Archive
from midifrag.fragment.rescue import UnarchivedTake, rescue, rescue_folder
from tests.fragment.sounds import RATE, noise, record


def takes(*jobs):
    return [UnarchivedTake(noise(seed=job), RATE, record(job)) for job in jobs]


def test_takes_are_kept_elsewhere_whole_and_with_their_records(open_archive, tmp_path):
    assert rescue(takes(1, 2), tmp_path / "rescued") == []

    archive = open_archive(tmp_path / "rescued")
    assert [take.prompt for take in archive.find()] == ["prompt 2", "prompt 1"]
    np.testing.assert_allclose(archive.read(1)[0], noise(seed=1), atol=1e-6)
    assert list((tmp_path / "rescued" / ".midifrag").glob("work-*")) == []


def test_a_second_rescue_adds_to_the_first(open_archive, tmp_path):
    rescue(takes(1), tmp_path)
    rescue(takes(2), tmp_path)

    assert open_archive(tmp_path).count() == 2


def test_what_finds_no_room_there_either_comes_back(open_archive, tmp_path, monkeypatch):
    real = Archive.store

    def full_for_the_second(self, audio, sample_rate, record):
        if record.job == 2:
            raise StorageError("the disk is full")
        return real(self, audio, sample_rate, record)

    monkeypatch.setattr(Archive, "store", full_for_the_second)
    wanted = takes(1, 2, 3)

    assert rescue(wanted, tmp_path) == [wanted[1]]
    assert [take.prompt for take in open_archive(tmp_path).find()] == ["prompt 3", "prompt 1"]


def test_rescued_takes_are_forced_to_the_disk_although_it_may_refuse(tmp_path, monkeypatch):
    asked = []

    def refused(self):
        asked.append(self.folder)
        raise StorageError("the disk does not answer")

    monkeypatch.setattr(Archive, "settle", refused)

    assert rescue(takes(1), tmp_path) == []
    # Once by the rescue, once more when the archive closes.
    assert asked == [tmp_path] * 2


def test_a_folder_that_cannot_be_is_said(tmp_path):
    (tmp_path / "file").write_text("x")

    with pytest.raises(StorageError):
        rescue(takes(1), tmp_path / "file" / "rescued")


def test_the_folder_lies_among_the_users_music(monkeypatch, tmp_path):
    monkeypatch.setattr(module.platformdirs, "user_music_path", lambda: tmp_path / "Music")

    assert rescue_folder() == tmp_path / "Music" / "midifrag rescued"
