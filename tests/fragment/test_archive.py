from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from midifrag.errors import StorageError, UnknownTakeError
from midifrag.fragment import files
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_index import Index
from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.options import ArchiveOptions
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.wav import read_metadata
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
    assert (texts["title"], texts["software"]) == (FULL.prompt, "midifrag")
    assert TakeRecord.from_json(texts["comment"]).parameters == FULL.parameters


def test_number_and_file_are_the_archives_own(open_archive, tmp_path):
    archive = open_archive(tmp_path)

    stored = archive.store(noise(), RATE, record(number=77, file="elsewhere.wav"))

    assert (stored.number, stored.file) == (1, "output001.wav")
    written = TakeRecord.from_json(read_metadata(tmp_path / "output001.wav")["comment"])
    assert (written.number, written.file) == (None, "")
    assert archive.path(1) == tmp_path / "output001.wav"
    with pytest.raises(UnknownTakeError, match="there is no take 2"):
        archive.path(2)


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
        ("  ROOF  rain ", {}, [1]),
        ("regen", {"bank": "Drift", "since": 200.0}, [3]),
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
    written = lines(tmp_path)
    for change in (lambda: archive.star(9), lambda: archive.annotate(9, ""), lambda: archive.set_tempo(9, 1.0)):
        with pytest.raises(UnknownTakeError, match="no take 9"):
            change()
    archive.mark_landed(1, 1, 1.0)
    assert lines(tmp_path) == [*written, {"take": 1, "slot": 1, "landed_at": 1.0}]


def test_a_landing_that_is_noted_late_does_not_stand_above_one_since(open_archive, tmp_path):
    archive = filled(open_archive, tmp_path)
    archive.mark_landed(2, 5, 222.0, late=True)
    archive.mark_landed(2, 1, 223.0, late=True)
    archive.mark_landed(1, 3, 33.0)
    archive.mark_landed(1, 1, 32.0, late=True)
    assert [(archive.get(number).slot, archive.get(number).landed_at) for number in (1, 2)] == [(3, 33.0), (5, 222.0)]


def lines(folder):
    """What happened to takes later, as it is written down."""
    written = (folder / "changes.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in written.split("\n") if line]


def test_every_change_is_written_down_at_once_and_once(open_archive, tmp_path):
    archive = filled(open_archive, tmp_path)
    assert not (tmp_path / "changes.jsonl").exists()

    archive.star(1)
    archive.annotate(2, "gut")
    archive.store(noise(), RATE, record())
    archive.close()

    assert lines(tmp_path) == [{"take": 1, "starred": True}, {"take": 2, "note": "gut"}]


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
    assert archive.find() == before
    spoil(tmp_path, how)

    stored = archive.store(noise(), RATE, record(9))

    assert archive.find() == [stored, *before]


def test_a_sound_index_is_not_looked_through_for_every_question(open_archive, tmp_path, monkeypatch):
    archive = filled(open_archive, tmp_path)
    spoil(tmp_path, "missing")
    assert archive.count() == 4
    monkeypatch.setattr(Index, "ensure", None)

    assert archive.count() == 4
    assert archive.get(3).prompt == "Ölfass im Regen"


def full_index(*_, **__):
    raise sqlite3.OperationalError("database or disk is full")


def test_an_index_that_cannot_be_used_at_the_start_is_brought_up_to_date_later(open_archive, tmp_path, monkeypatch):
    filled(open_archive, tmp_path).close()
    spoil(tmp_path, "rows missing")
    with monkeypatch.context() as patch:
        patch.setattr("midifrag.fragment.archive_index.sqlite3.connect", full_index)
        archive = open_archive(tmp_path)

    assert [take.number for take in archive.find()] == [4, 3, 2, 1]
    assert archive.store(noise(), RATE, record()).number == 5


def test_a_take_that_the_index_missed_is_found_later(open_archive, tmp_path, monkeypatch):
    archive = filled(open_archive, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("midifrag.fragment.archive_index.sqlite3.connect", full_index)
        archive.store(noise(), RATE, record(5))

    assert [take.number for take in archive.find()] == [5, 4, 3, 2, 1]


def test_rebuild(open_archive, tmp_path):
    archive = filled(open_archive, tmp_path)
    archive.star(1)
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection, connection:
        connection.execute("UPDATE takes SET words = 'wrong', starred = 0")
        connection.execute("UPDATE records SET record = ?", (record(7).to_json(),))

    assert archive.rebuild() == 4
    assert archive.get(1).prompt == "Rain on a tin roof"
    assert archive.get(1).starred


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

    monkeypatch.setattr("midifrag.fragment.archive_index.sqlite3.connect", full_index)
    stored = archive.store(noise(), RATE, record())
    archive.mark_landed(1, 3, 33.0)
    with pytest.raises(StorageError, match="disk is full"):
        archive.find()
    monkeypatch.undo()

    assert archive.get(1).slot == 3
    assert archive.get(1).prompt == stored.prompt


def test_changes_that_cannot_be_written_wait(open_archive, tmp_path, monkeypatch):
    archive = filled(open_archive, tmp_path)
    real = files.open_regular

    def full(path, mode="rb"):
        if path.name == "changes.jsonl" and mode != "rb":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, mode)

    monkeypatch.setattr("midifrag.fragment.archive_changes.open_regular", full)
    archive.mark_landed(1, 3, 33.0)
    archive.star(2)
    assert not (tmp_path / "changes.jsonl").exists()
    assert archive.rebuild() == 4
    assert archive.get(1).slot == 3
    monkeypatch.undo()
    archive.store(noise(), RATE, record())

    assert lines(tmp_path) == [{"take": 1, "slot": 3, "landed_at": 33.0}, {"take": 2, "starred": True}]
    (tmp_path / "index.sqlite").unlink()
    again = open_archive(tmp_path)
    assert (again.get(1).slot, again.get(2).starred) == (3, True)


def test_take_that_cannot_be_read_is_listed_with_the_reason(open_archive, tmp_path, monkeypatch):
    open_archive(tmp_path).store(noise(), RATE, FULL)
    (tmp_path / "index.sqlite").unlink()

    def unreadable(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("midifrag.fragment.archive_reader.read_metadata", unreadable)

    (found,) = open_archive(tmp_path).find()
    reason = f"cannot read {tmp_path / 'output001.wav'}: the disk does not answer: check its cable"
    assert found == TakeRecord(prompt="", number=1, file="output001.wav", reason=reason)


def test_folder_removed_from_where_no_slots_are_is_not_made_anew(open_archive, tmp_path):
    archive = open_archive(tmp_path / "archive")
    archive.store(noise(), RATE, record(1))
    shutil.rmtree(tmp_path / "archive")

    with pytest.raises(StorageError, match="gone"):
        archive.store(noise(), RATE, record(2))
    assert not (tmp_path / "archive").exists()


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


def test_folder_removed_from_beside_the_slots_is_made_anew(open_archive, tmp_path, caplog):
    (tmp_path / ".midifrag").mkdir()
    archive = open_archive(tmp_path / "archive")
    archive.store(noise(), RATE, record(1))
    shutil.rmtree(tmp_path / "archive")

    assert archive.store(noise(), RATE, record(2)).number == 2
    assert caplog.messages == [f"{tmp_path / 'archive'} had been removed, with the takes in it; it is made anew"]
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

    folder = tmp_path / "file" / "archive"
    with pytest.raises(
        StorageError, match="^" + re.escape(f"cannot make {folder}: a folder on the way to it is a file")
    ):
        Archive(folder)


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
    archive.store(np.zeros((1, 10), np.float32), 44100, TakeRecord(prompt="x"))
    assert sorted(forced) == ["output001.wav", "output002.wav"]
    archive.close()
    assert sorted(forced) == ["output001.wav", "output002.wav", "output003.wav"]
