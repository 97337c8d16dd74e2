from __future__ import annotations

import threading

import numpy as np
import pytest

from midifrag.errors import StorageError
from midifrag.fragment import rescue as module
from midifrag.fragment.archive import Archive
from midifrag.fragment.rescue import FOLDER, NOTE, PLACES, POINTER, Rescued, UnarchivedTake, rescue
from tests.fragment.sounds import RATE, noise, record


def takes(*jobs):
    return [UnarchivedTake(noise(seed=job), RATE, record(job)) for job in jobs]


def places(*folders):
    return [lambda folder=folder: [folder] for folder in folders]


def prompts(archive):
    return [take.prompt for take in archive.find()]


def test_takes_are_kept_elsewhere_whole_and_with_their_records(open_archive, tmp_path):
    folder = tmp_path / FOLDER
    assert rescue(takes(1, 2), places(tmp_path)) == Rescued(((folder, 2),))

    archive = open_archive(folder)
    assert prompts(archive) == ["prompt 2", "prompt 1"]
    np.testing.assert_allclose(archive.read(1)[0], noise(seed=1), atol=1e-6)
    assert list((folder / ".midifrag").glob("work-*")) == []


def test_a_file_beside_them_says_what_they_are_and_one_in_their_archive_where(tmp_path):
    home, belong = tmp_path / "home", tmp_path / "set"
    belong.mkdir()

    rescue(takes(1, 2), places(home), belong=belong)

    note = (home / FOLDER / NOTE).read_text(encoding="utf-8")
    assert "2 raw take(s)" in note
    assert str(belong) in note
    assert str(home / FOLDER) in (belong / POINTER).read_text(encoding="utf-8")


def test_a_second_rescue_adds_to_the_first(open_archive, tmp_path):
    rescue(takes(1), places(tmp_path))
    rescue(takes(2), places(tmp_path))

    assert open_archive(tmp_path / FOLDER).count() == 2
    assert (tmp_path / FOLDER / NOTE).read_text(encoding="utf-8").count("1 raw take(s)") == 2


def test_what_finds_no_room_goes_to_the_next_place_and_nothing_empty_is_left(open_archive, tmp_path, monkeypatch):
    real = Archive.store

    def full(self, audio, sample_rate, record):
        if "home" in str(self.folder) or ("stick" in str(self.folder) and record.job == 2):
            raise StorageError(f"no room in {self.folder.parent.name}")
        return real(self, audio, sample_rate, record)

    monkeypatch.setattr(Archive, "store", full)
    (tmp_path / "file").touch()
    (tmp_path / "home").mkdir()
    wanted = takes(1, 2, 3)

    rescued = rescue(wanted, places(tmp_path / "file", tmp_path / "home", tmp_path / "stick", tmp_path / "temporary"))

    assert rescued.kept == ((tmp_path / "stick" / FOLDER, 2), (tmp_path / "temporary" / FOLDER, 1))
    assert rescued.lost == ()
    assert prompts(open_archive(tmp_path / "stick" / FOLDER)) == ["prompt 3", "prompt 1"]
    assert prompts(open_archive(tmp_path / "temporary" / FOLDER)) == ["prompt 2"]
    assert list((tmp_path / "home").iterdir()) == []
    assert any("a folder on the way to it is a file" in reason for reason in rescued.reasons)
    assert rescued.reasons[-2:] == ("no room in home", "no room in stick")


def test_what_finds_no_room_anywhere_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(Archive, "store", lambda *_: 1 / 0)

    wanted = takes(1)
    rescued = rescue(wanted, [*places(tmp_path), lambda: 1 / 0])

    assert rescued.lost == tuple(wanted)
    assert rescued.reasons == ("unexpected: ZeroDivisionError('division by zero')",)


def test_a_place_that_does_not_answer_is_left_for_the_next(open_archive, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    go_on, real, before = threading.Event(), Archive.store, set(threading.enumerate())

    def hangs(self, *arguments):
        if "network" in str(self.folder):
            go_on.wait(60)
        return real(self, *arguments)

    def nowhere():
        go_on.wait(60)
        return []

    monkeypatch.setattr(Archive, "store", hangs)

    rescued = rescue(takes(1, 2), [nowhere, *places(tmp_path / "network", tmp_path / "local")])

    assert rescued.kept == ((tmp_path / "local" / FOLDER, 2),)
    assert prompts(open_archive(tmp_path / "local" / FOLDER)) == ["prompt 2", "prompt 1"]
    go_on.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(60)


def test_rescued_takes_are_forced_to_the_disk_although_it_may_refuse(tmp_path, monkeypatch):
    asked = []

    def refused(self):
        asked.append(self.folder)
        raise StorageError("the disk does not answer")

    monkeypatch.setattr(Archive, "settle", refused)

    assert rescue(takes(1), places(tmp_path)).lost == ()
    # Once by the rescue, once more when the archive closes.
    assert asked == [tmp_path / FOLDER] * 2


def test_the_first_place_is_the_users_music_and_the_last_the_temporary_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(module.platformdirs, "user_music_path", lambda: tmp_path / "Music")
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    assert PLACES[0]() == [tmp_path / "Music"]
    assert tmp_path / "home" in PLACES[1]()
    assert PLACES[-1]()[-1] == tmp_path


@pytest.mark.parametrize("place", PLACES)
def test_each_place_is_a_folder(place):
    assert all(folder.is_absolute() for folder in place())
