"""Which number a take gets, whoever else stores, deletes and dies beside it."""

import errno
import os

import pytest

from midifrag.errors import StorageError
from midifrag.fragment import files
from midifrag.fragment.archive_changes import MOST_TAKES
from midifrag.fragment.archive_index import Index
from midifrag.fragment.audio_files import encode_audio
from midifrag.fragment.plain_json import LARGEST
from midifrag.fragment.wav import with_texts
from tests.fragment.sounds import RATE, noise, record


def wavs(folder):
    return sorted(path.name for path in folder.glob("*.wav"))


@pytest.fixture
def archive(open_archive, tmp_path):
    """Three takes."""
    made = open_archive(tmp_path)
    for take in (1, 2, 3):
        made.store(noise(0.01, seed=take), RATE, record(take))
    return made


def test_numbers_go_on_after_a_restart_and_after_999(open_archive, tmp_path):
    open_archive(tmp_path).store(noise(), RATE, record())
    (tmp_path / "output998.wav").write_bytes(encode_audio(noise(), RATE, 16))

    archive = open_archive(tmp_path)

    assert [archive.store(noise(), RATE, record()).file for _ in range(2)] == ["output999.wav", "output1000.wav"]
    assert archive.store(noise(), RATE, record()).number == 1001
    assert open_archive(tmp_path).store(noise(), RATE, record()).number == 1002


def test_number_of_a_removed_take_is_not_used_again(open_archive, tmp_path):
    archive = open_archive(tmp_path)
    for take in (1, 2):
        archive.store(noise(), RATE, record(take))
    (tmp_path / "output002.wav").unlink()

    assert open_archive(tmp_path).store(noise(), RATE, record(3)).number == 3
    assert archive.get(2).prompt == "prompt 2"
    with pytest.raises(StorageError, match="gone"):
        archive.read(2)


@pytest.mark.parametrize("links", [True, False])
def test_two_programs_take_turns(open_archive, tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(files.os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no links")))
    one, other = open_archive(tmp_path), open_archive(tmp_path)

    numbers = [which.store(noise(), RATE, record()).number for which in (one, one, other, one, other, other)]

    assert numbers == [1, 2, 3, 4, 5, 6]
    assert one.count() == 6


def test_file_of_someone_else_is_never_overwritten(open_archive, tmp_path):
    archive = open_archive(tmp_path)
    (tmp_path / "output001.wav").write_text("mine")

    assert archive.store(noise(), RATE, record()).number == 2
    assert (tmp_path / "output001.wav").read_text() == "mine"


def test_take_written_but_not_named_when_killed_is_rescued(open_archive, tmp_path):
    archive = open_archive(tmp_path)
    archive.store(noise(), RATE, record(1))
    dead = tmp_path / ".midifrag" / "work-dead"
    dead.mkdir()
    (dead / "alive").touch()
    whole = with_texts(encode_audio(noise(), RATE, 24), {"title": "x", "comment": record(2).to_json()})
    (dead / "1-take.wav").write_bytes(whole)
    (dead / "2-take.wav").write_bytes(whole[:-7])
    os.link(tmp_path / "output001.wav", dead / "3-take.wav")

    archive = open_archive(tmp_path)

    assert wavs(tmp_path) == ["output001.wav", "output002.wav"]
    assert archive.get(2).prompt == "prompt 2"
    assert not dead.exists()


def test_take_whose_program_was_killed_before_it_was_named_is_rescued(open_archive, tmp_path, monkeypatch):
    archive = open_archive(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("midifrag.fragment.archive_naming.move_exclusively", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            archive.store(noise(), RATE, record(7))
    # What the system does when a program dies.
    archive._workspace._alive.release()

    assert [take.prompt for take in open_archive(tmp_path).find()] == ["prompt 7"]


def test_leftover_that_cannot_be_read_or_removed_stops_nothing(open_archive, tmp_path, monkeypatch):
    dead = tmp_path / ".midifrag" / "work-dead"
    dead.mkdir(parents=True)
    (dead / "alive").touch()
    (dead / "1-take.wav").write_bytes(b"x")

    def unreadable(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def stuck(path, ignore_errors=False):
        if not ignore_errors:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr("midifrag.fragment.archive_naming.read_metadata", unreadable)
    monkeypatch.setattr("midifrag.fragment.files.shutil.rmtree", stuck)

    assert open_archive(tmp_path).find() == []
    assert wavs(tmp_path) == []


@pytest.mark.parametrize("deleted", ["it lies in the trash", "moved there by hand", "for good"])
def test_a_number_that_another_program_gave_away_and_that_was_deleted_since_comes_no_more(
    archive, open_archive, tmp_path, deleted
):
    open_archive(tmp_path).store(noise(0.01), RATE, record(4))
    if deleted == "moved there by hand":
        (tmp_path / "trash").mkdir()
        (tmp_path / "output004.wav").rename(tmp_path / "trash" / "output004.wav")
        (tmp_path / "index.sqlite").unlink()
    else:
        archive.trash(4)
    if deleted == "for good":
        archive.empty_trash(1.0)
    assert archive.store(noise(0.01), RATE, record(5)).number == 5
    assert archive.get(5).prompt == record(5).prompt


def test_a_landing_that_nobody_came_before_waits_for_no_index(archive, open_archive, tmp_path, monkeypatch):
    asked, real = [], Index.highest
    monkeypatch.setattr(Index, "highest", lambda self: asked.append(1) or real(self))
    archive.store(noise(0.01), RATE, record(4))
    asked.clear()
    assert archive.store(noise(0.01), RATE, record(5)).number == 5
    assert not asked
    open_archive(tmp_path).store(noise(0.01), RATE, record(6))
    asked.clear()
    assert archive.store(noise(0.01), RATE, record(7)).number == 7
    assert asked


@pytest.mark.parametrize("index", ["kept", "gone"])
@pytest.mark.parametrize("number", [LARGEST, MOST_TAKES + 1])
def test_a_number_of_no_take_that_somebody_has_written_down_leaves_others_for_takes(
    archive, open_archive, tmp_path, index, number
):
    archive.close()
    with (tmp_path / "changes.jsonl").open("a") as file:
        file.write(f'\n{{"take": {number}, "note": "a slip"}}')
    if index == "gone":
        (tmp_path / "index.sqlite").unlink()
    again = open_archive(tmp_path)
    assert again.store(noise(0.01), RATE, record(4)).number == 4
    assert again.get(4).prompt == record(4).prompt
