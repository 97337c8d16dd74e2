from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from midifrag.errors import StorageError, UnknownTakeError
from midifrag.fragment import files
from midifrag.fragment.archive import Archive
from midifrag.fragment.audio_files import encode_audio, read_wav, write_wav
from midifrag.fragment.options import ArchiveOptions
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.wav import read_metadata, with_texts
from tests.fragment.sounds import FULL, RATE, noise, record


def wavs(folder):
    return sorted(path.name for path in folder.glob("*.wav"))


def test_take_is_kept_whole_and_untrimmed(open_archive, tmp_path):
    audio = noise(0.2)
    audio[:, :4000] = 0.0

    stored = open_archive(tmp_path).store(audio, RATE, FULL)

    assert (stored.number, stored.file, stored.gain) == (1, "output001.wav", 1.0)
    assert (stored.channels, stored.sample_rate, stored.seconds) == (2, RATE, 0.2)
    assert stored.peak == np.abs(audio).max()
    read, rate = read_wav(tmp_path / "output001.wav")
    assert rate == RATE
    assert np.abs(read - audio).max() <= 2.0**-24
    assert wavs(tmp_path) == ["output001.wav"]


def test_record_comes_back_from_index_and_file(open_archive, tmp_path):
    archive = open_archive(tmp_path)
    stored = archive.store(noise(), RATE, FULL)

    assert archive.get(1) == stored
    texts = read_metadata(tmp_path / "output001.wav")
    assert texts["title"] == FULL.prompt
    assert TakeRecord.from_json(texts["comment"]).parameters == FULL.parameters


@pytest.mark.parametrize("bits", [16, 24])
def test_take_beyond_full_scale_is_scaled_and_says_so(open_archive, tmp_path, bits):
    audio = noise(level=3.0)
    archive = open_archive(tmp_path, ArchiveOptions(bits=bits))

    stored = archive.store(audio, RATE, record())

    assert stored.peak == np.abs(audio).max()
    assert np.abs(read_wav(tmp_path / stored.file)[0]).max() < 1.0
    assert stored.gain == pytest.approx(1 / stored.peak, rel=1e-4)
    read, _ = archive.read(1)
    assert np.abs(read - audio).max() < 3.1 / 2 ** (bits - 1)


def test_floating_point_is_never_scaled(open_archive, tmp_path):
    audio = noise(level=3.0)

    stored = open_archive(tmp_path, ArchiveOptions(bits=32)).store(audio, RATE, record())

    assert stored.gain == 1.0
    np.testing.assert_array_equal(read_wav(tmp_path / stored.file)[0], audio)


def test_take_that_is_not_finite_loses_nothing(open_archive, tmp_path):
    audio = noise()
    audio[0, 5], audio[1, 6] = np.nan, np.inf
    archive = open_archive(tmp_path)

    stored = archive.store(audio, RATE, record(reason="not finite"))

    assert stored.peak is None
    assert archive.get(1).reason == "not finite"
    np.testing.assert_array_equal(archive.read(1)[0], audio)


def test_take_without_samples(open_archive, tmp_path):
    stored = open_archive(tmp_path).store(np.zeros((2, 0), np.float32), RATE, record())

    assert (stored.number, stored.seconds, stored.peak) == (1, 0.0, 0.0)


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


def filled(open_archive, folder):
    archive = open_archive(folder)
    made = [
        ("Rain on a tin roof", "Opening", "36", "pocket", 100.0),
        ("low cello drone", "Opening", "37", "pocket", 200.0),
        ("Ölfass im Regen", "Drift", "36", "small", 300.0),
        ("100% rain_drum", "Drift", "38", "sketch", 400.0),
    ]
    for prompt, bank, preset, model, at in made:
        values = {"prompt": prompt, "bank": bank, "preset": preset, "model": model, "rendered_at": at}
        archive.store(noise(0.01), RATE, TakeRecord(**values))
    return archive


@pytest.mark.parametrize(
    ("words", "filters", "found"),
    [
        ("", {}, [4, 3, 2, 1]),
        ("rain", {}, [4, 1]),
        ("ROOF rain", {}, [1]),
        ("ölfass", {}, [3]),
        ("ÖLFASS regen", {}, [3]),
        ("100%", {}, [4]),
        ("n_d", {}, [4]),
        ("'; drop table takes", {}, []),
        ("", {"bank": "Drift"}, [4, 3]),
        ("", {"preset": "36", "model": "pocket"}, [1]),
        ("", {"since": 200.0}, [4, 3, 2]),
        ("", {"since": 200.0, "until": 400.0}, [3, 2]),
        ("", {"bank": None, "number": 2}, [2]),
        ("nothing of the kind", {}, []),
    ],
)
def test_takes_are_found(open_archive, tmp_path, words, filters, found):
    archive = filled(open_archive, tmp_path)

    assert [take.number for take in archive.find(words, **filters)] == found
    assert archive.count(words, **filters) == len(found)
    assert [take.number for take in archive.find(words, limit=1, offset=1, **filters)] == found[1:2]


def test_what_happens_to_a_take_later(open_archive, tmp_path):
    archive = filled(open_archive, tmp_path)

    archive.mark_landed(2, 5, 222.0)
    assert archive.star(3).starred
    archive.star(4)
    archive.star(4, False)
    assert archive.annotate(3, "für den Schluß").note == "für den Schluß"
    assert archive.set_tempo(1, 120.5).tempo == 120.5

    assert (archive.get(2).slot, archive.get(2).landed_at) == (5, 222.0)
    assert [take.number for take in archive.find(starred=True)] == [3]
    assert [take.number for take in archive.find("SCHLUSS")] == [3]
    for change in (lambda: archive.star(9), lambda: archive.annotate(9, ""), lambda: archive.set_tempo(9, 1.0)):
        with pytest.raises(UnknownTakeError, match="no take 9"):
            change()


def spoil(folder, how):
    index = folder / "index.sqlite"
    if how == "missing":
        index.unlink()
    elif how == "rubbish":
        index.write_bytes(b"no database " * 500)
    elif how == "cut off":
        index.write_bytes(index.read_bytes()[:5000])
    elif how == "hole":
        content = bytearray(index.read_bytes())
        content[4096:] = b"\xa5" * (len(content) - 4096)
        index.write_bytes(content)
    elif how == "other version":
        with closing(sqlite3.connect(index)) as connection:
            connection.execute("PRAGMA user_version = 77")
    elif how == "rows missing":
        with closing(sqlite3.connect(index)) as connection, connection:
            connection.execute("DELETE FROM takes WHERE number > 1")


@pytest.mark.parametrize("how", ["missing", "rubbish", "cut off", "hole", "other version", "rows missing"])
def test_index_is_built_anew_from_the_files(open_archive, tmp_path, how):
    archive = filled(open_archive, tmp_path)
    archive.store(noise(), RATE, FULL)
    archive.mark_landed(2, 5, 222.0)
    archive.annotate(3, "gut")
    archive.star(5)
    before = archive.find()
    archive.close()
    spoil(tmp_path, how)

    assert open_archive(tmp_path).find() == before


@pytest.mark.parametrize("how", ["missing", "rubbish"])
def test_index_lost_while_running(open_archive, tmp_path, how):
    archive = filled(open_archive, tmp_path)
    before = archive.find()
    spoil(tmp_path, how)

    stored = archive.store(noise(), RATE, record(9))

    assert archive.find() == [stored, *before]


def test_rebuild(open_archive, tmp_path):
    archive = filled(open_archive, tmp_path)
    archive.star(1)
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection, connection:
        connection.execute("UPDATE takes SET prompt = 'wrong', starred = 0")

    assert archive.rebuild() == 4
    assert archive.get(1).prompt == "Rain on a tin roof"
    assert archive.get(1).starred


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


def test_damaged_lines_of_changes_are_left_out(open_archive, tmp_path):
    archive = filled(open_archive, tmp_path)
    archive.star(1)
    with (tmp_path / "changes.jsonl").open("ab") as file:
        file.write(b'\n[]\n7\n{"take": "x"}\n{"starred": true}\n\xff\xfe\n{"take": 2, "number": 9, "star')
    archive.star(3)

    archive.rebuild()

    assert [take.number for take in archive.find(starred=True)] == [3, 1]
    assert archive.count() == 4


def test_full_disk_stores_nothing(open_archive, tmp_path, monkeypatch):
    archive = open_archive(tmp_path)

    def refused(path, _content):
        raise files.storage_error("write", path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    monkeypatch.setattr("midifrag.fragment.archive.write_whole", refused)
    with pytest.raises(StorageError, match="the disk is full"):
        archive.store(noise(), RATE, record())
    monkeypatch.undo()

    assert wavs(tmp_path) == []
    assert archive.store(noise(), RATE, record()).number == 1


def test_index_that_cannot_be_written_loses_no_take(open_archive, tmp_path, monkeypatch):
    archive = open_archive(tmp_path)

    def full(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("midifrag.fragment.archive_index.sqlite3.connect", full)
    stored = archive.store(noise(), RATE, record())
    archive.mark_landed(1, 3, 33.0)
    with pytest.raises(StorageError, match="disk is full"):
        archive.find()
    monkeypatch.undo()

    assert archive.get(1).slot == 3
    assert archive.get(1).prompt == stored.prompt


def test_changes_that_cannot_be_written_wait(open_archive, tmp_path, monkeypatch):
    archive = filled(open_archive, tmp_path)
    real = Path.open

    def full(self, *arguments, **options):
        if self.name == "changes.jsonl":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    archive.mark_landed(1, 3, 33.0)
    assert archive.rebuild() == 4
    assert archive.get(1).slot == 3
    monkeypatch.undo()
    archive.close()

    (tmp_path / "index.sqlite").unlink()
    assert open_archive(tmp_path).get(1).slot == 3


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


def test_folder_that_is_gone_is_not_made_anew(open_archive, tmp_path):
    archive = open_archive(tmp_path / "drive" / "archive")
    archive.store(noise(), RATE, record(1))
    (tmp_path / "drive").rename(tmp_path / "pulled")

    with pytest.raises(StorageError, match="gone"):
        archive.store(noise(), RATE, record(2))
    archive.mark_landed(1, 1, 1.0)
    assert not (tmp_path / "drive").exists()

    (tmp_path / "pulled").rename(tmp_path / "drive")
    assert archive.store(noise(), RATE, record(2)).number == 2
    assert archive.get(1).slot == 1


def test_folder_removed_from_beside_the_slots_is_made_anew(open_archive, tmp_path):
    (tmp_path / ".midifrag").mkdir()
    archive = open_archive(tmp_path / "archive")
    archive.store(noise(), RATE, record(1))
    shutil.rmtree(tmp_path / "archive")

    assert archive.store(noise(), RATE, record(2)).number == 2
    archive.mark_landed(2, 1, 1.0)
    assert [(take.number, take.prompt, take.slot) for take in archive.find()] == [(2, "prompt 2", 1)]


def test_drive_that_answers_nothing_any_more_is_an_error_of_ours(open_archive, tmp_path, monkeypatch):
    archive = open_archive(tmp_path / "archive")
    archive.store(noise(), RATE, record(1))

    def dying(*_path, **_more):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_dir", dying)
        patch.setattr(Path, "exists", dying)
        with pytest.raises(StorageError):
            archive.store(noise(), RATE, record(2))
    assert archive.store(noise(), RATE, record(2)).number == 2


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")

    with pytest.raises(StorageError, match="a file"):
        Archive(tmp_path / "file" / "archive")


def test_odd_values_lose_no_take(open_archive, tmp_path):
    parameters = {"cfg_scale": np.float32(6.5), "steps": np.int64(50), "x": np.nan, "y": tmp_path}
    archive = open_archive(tmp_path)

    archive.store(noise(), RATE, TakeRecord(prompt="half \udcff character\0", parameters=parameters))

    kept = archive.get(1)
    assert kept.parameters["cfg_scale"] == 6.5
    assert kept.parameters["steps"] == 50
    assert kept.parameters["y"] == str(tmp_path)
    assert kept.prompt.startswith("half ? character")


def test_every_take_is_forced_to_the_disk_once_and_after_it_was_stored(tmp_path, monkeypatch):
    forced = []
    monkeypatch.setattr("midifrag.fragment.archive.force_to_disk", lambda path: forced.append(path.name))
    archive = Archive(tmp_path)
    for _ in range(2):
        archive.store(np.zeros((1, 10), np.float32), 44100, TakeRecord(prompt="x"))
    assert forced == []
    archive.settle()
    archive.close()
    assert sorted(forced) == ["output001.wav", "output002.wav"]
