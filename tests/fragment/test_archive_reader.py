"""Looking at archives, also at those that cannot be written, and at very large ones: work is counted, not time."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from contextlib import closing

import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.errors import StorageError, UnknownTakeError
from midifrag.fragment import archive_index, archive_reader
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.fragment.audio_files import encode_audio
from midifrag.fragment.wav import with_texts
from tests.fragment.sounds import RATE, noise, record

SOUND = encode_audio(noise(0.001), RATE, 16)


def an_archive(folder, count=3):
    with closing(Archive(folder)) as archive:
        for number in range(1, count + 1):
            archive.store(noise(0.01), RATE, record(number))
        archive.mark_landed(1, 3, 4.0)


def everything(folder):
    """Every file and folder with its content and times."""
    return {
        path: (path.stat().st_mtime_ns, path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in [folder, *folder.rglob("*")]
    }


@pytest.fixture
def read_only():
    """Take the right to write from a folder and all in it."""
    folders = []

    def take_it(folder):
        folders.append(folder)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))

    yield take_it
    for folder in folders:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


def spoil(folder, how):
    index = folder / "index.sqlite"
    if how == "missing":
        index.unlink()
    elif how == "rubbish":
        index.write_bytes(b"no database " * 500)
    elif how == "hole":
        content = bytearray(index.read_bytes())
        content[4096:] = b"\xa5" * (len(content) - 4096)
        index.write_bytes(content)
    elif how == "version 1":
        shutil.copyfile("tests/stored/version_0_1_0/archive/index.sqlite", index)
    elif how == "behind":
        (folder / "output009.wav").write_bytes(with_texts(SOUND, {"comment": record(9).to_json()}))
        with (folder / "changes.jsonl").open("a") as file:
            file.write('\n{"take": 9, "starred": true}\n{"take": 2, "note": "later"}')
    elif how == "a change half done":
        (folder / "index.sqlite-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\0" * 600)


@pytest.mark.parametrize("how", ["sound", "missing", "rubbish", "hole", "version 1", "behind", "a change half done"])
def test_looking_writes_nothing_and_finds_all(tmp_path, read_only, how):
    an_archive(tmp_path / "archive")
    spoil(tmp_path / "archive", how)
    read_only(tmp_path / "archive")
    before = everything(tmp_path)

    with closing(ArchiveReader(tmp_path / "archive")) as reader:
        found = reader.find()
        assert reader.count("prompt") == len(found)
        assert reader.read(1)[0].shape == (2, 441)
        assert reader.path(2) == tmp_path / "archive" / "output002.wav"

    assert everything(tmp_path) == before
    takes = [(take.number, take.slot, take.starred, take.note) for take in found]
    if how == "behind":
        assert takes == [(9, None, True, ""), (3, None, False, ""), (2, None, False, "later"), (1, 3, False, "")]
    else:
        assert takes == [(3, None, False, ""), (2, None, False, ""), (1, 3, False, "")]


def test_the_command_looks_without_writing_and_says_what_cannot_be_changed(tmp_path, monkeypatch, read_only):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "fragments" / "archive"
    an_archive(folder)
    read_only(folder)
    before = everything(tmp_path)
    for arguments in (
        ["takes"],
        ["takes", "prompt", "2"],
        ["takes", "2"],
        ["takes", "2", "--json"],
        ["takes", "--json"],
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        assert "prompt 2" in result.output
    assert everything(tmp_path) == before
    if os.access(folder, os.W_OK):
        # Rights stop no administrator: something stands in the way of what is to be written.
        shutil.rmtree(folder / ".midifrag")
        (folder / ".midifrag").touch()
    result = CliRunner().invoke(app, ["takes", "2", "--star"])
    assert (result.exit_code, "cannot" in result.output) == (1, True)


def test_what_is_looked_at_stays_current(tmp_path):
    an_archive(tmp_path)
    with closing(ArchiveReader(tmp_path)) as reader, closing(Archive(tmp_path)) as archive:
        assert reader.count() == 3
        archive.store(noise(0.01), RATE, record(4))
        archive.star(2)
        assert (reader.count(), reader.get(2).starred) == (4, True)
        shutil.copyfile(tmp_path / "output004.wav", tmp_path / "output007.wav")
        assert [take.number for take in reader.find(limit=2)] == [7, 4]
        archive.star(7)
        assert reader.get(7).starred


def test_a_take_whose_file_is_gone_is_shown_as_gone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "fragments" / "archive"
    an_archive(folder)
    (folder / "output002.wav").unlink()
    with closing(ArchiveReader(folder)) as reader:
        assert [reader.is_gone(take) for take in reader.find()] == [False, True, False]
    listed = CliRunner().invoke(app, ["takes"]).output.splitlines()
    assert [("gone" in line) for line in listed if "prompt" in line and "when" not in line] == [False, True, False]
    assert "output002.wav, which is gone" in CliRunner().invoke(app, ["takes", "2"]).output
    told = json.loads(CliRunner().invoke(app, ["takes", "--json"]).output)
    assert [take["gone"] for take in told] == [False, True, False]
    assert json.loads(CliRunner().invoke(app, ["takes", "2", "--json"]).output)["gone"] is True


def test_an_archive_that_is_not_there_and_numbers_that_no_take_has(tmp_path):
    with pytest.raises(StorageError, match="gone"):
        ArchiveReader(tmp_path / "nowhere").find()
    an_archive(tmp_path)
    reader = ArchiveReader(tmp_path)
    for number in (0, -1, 4, 2**63, 10**30):
        with pytest.raises(UnknownTakeError):
            reader.get(number)


@pytest.fixture
def work(monkeypatch):
    """What is done with the files of an archive: names of what is opened, and how often a folder is looked through."""
    done = {"opened": [], "listed": 0, "rows": 0}
    opened, listed, select = archive_reader.read_metadata, os.scandir, archive_index.record_in

    def open_one(path):
        done["opened"].append(path.name)
        return opened(path)

    def list_one(path):
        done["listed"] += not isinstance(path, int) and not str(path).endswith(".midifrag")
        return listed(path)

    def read_row(row):
        done["rows"] += 1
        return select(row)

    monkeypatch.setattr(archive_reader, "read_metadata", open_one)
    monkeypatch.setattr(os, "scandir", list_one)
    monkeypatch.setattr(archive_index, "record_in", read_row)
    return done


NOTHING = {"opened": [], "listed": 0, "rows": 0}


def test_a_start_looks_through_no_takes_and_a_sheet_reads_no_more_than_itself(tmp_path, work):
    an_archive(tmp_path, 60)
    # A change made a file, which somebody else could have been.
    Archive(tmp_path).close()
    for name in work:
        work[name] = type(work[name])()

    archive = Archive(tmp_path)
    assert not archive.behind
    assert work == NOTHING
    assert archive.store(noise(0.01), RATE, record(61)).number == 61
    archive.mark_landed(61, 1, 2.0)
    archive.close()
    assert work == NOTHING | {"rows": 1}
    Archive(tmp_path).close()
    with closing(ArchiveReader(tmp_path)) as reader:
        assert reader.count("prompt") == 61
        assert [take.number for take in reader.find("prompt", limit=20, offset=41)] == list(range(20, 0, -1))
    assert work == NOTHING | {"rows": 21}


def test_changes_are_read_once(tmp_path, monkeypatch):
    an_archive(tmp_path, 3)
    with closing(Archive(tmp_path)) as archive:
        for _ in range(20):
            archive.star(1)
    seen = []
    real = archive_index.Index.change
    monkeypatch.setattr(
        archive_index.Index,
        "change",
        lambda self, changes, *more: (seen.extend(changes := list(changes)), real(self, changes, *more)),
    )
    with closing(Archive(tmp_path)) as archive, closing(ArchiveReader(tmp_path)) as reader:
        assert reader.get(1).starred
        assert seen == []
        archive.star(2)
        assert seen == [(2, {"starred": True})]


def test_a_large_archive_without_an_index_is_indexed_while_it_is_used(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("midifrag.fragment.archive_catching_up.CHUNK", 10)
    monkeypatch.setattr(archive_reader, "MOST_MISSING", 20)
    an_archive(tmp_path, 80)
    (tmp_path / "index.sqlite").unlink()

    archive = Archive(tmp_path)

    assert archive.behind
    with closing(ArchiveReader(tmp_path)) as reader:
        # As it is, and not built anew for every sheet.
        for held in (0, 10, 20, 30):
            assert archive.count() == reader.count() == held
            archive.catch_up_a_little()
    assert archive.store(noise(0.01), RATE, record(81)).number == 81
    assert archive.get(75).prompt == "prompt 75"
    while archive.behind:
        archive.catch_up_a_little()
    assert (archive.count(), archive.get(1).slot) == (81, 3)
    archive.close()
    assert not Archive(tmp_path).behind


def test_an_index_with_odd_rows_is_read_all_the_same(tmp_path):
    an_archive(tmp_path, 6)
    odd = [None, b"\xff", 7, "[]", "[" * 100_000, '{"prompt": "x", "file": "../../secret.wav", "seconds": 1e400}']
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection, connection:
        for number, value in enumerate(odd, 1):
            connection.execute("UPDATE records SET record = ? WHERE number = ?", (value, number))
        connection.execute("UPDATE reached SET changes = 'x', seen = 5")
    with closing(ArchiveReader(tmp_path)) as reader:
        assert [take.prompt for take in reader.find()] == ["x", "", "", "", "", ""]
        assert reader.path(6) == tmp_path / "output006.wav"
        assert reader.get(6).seconds == 0.0
