"""An archive whose index lacks something: how it is brought up to date, and when nobody has to look."""

from __future__ import annotations

import errno
import os

import pytest

from midifrag.errors import StorageError, UnknownTakeError
from midifrag.fragment import archive_catching_up as module
from midifrag.fragment.archive import AT_ONCE
from midifrag.fragment.archive_changes import Changes
from midifrag.fragment.archive_folder import ArchiveFolder
from midifrag.fragment.archive_index import BrokenIndexError, Index
from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.fragment.audio_files import write_wav
from tests.fragment.aging import age
from tests.fragment.sounds import RATE, noise, record


def filled(open_archive, folder, takes):
    archive = open_archive(folder)
    for take in range(1, takes + 1):
        archive.store(noise(), RATE, record(take))
    return archive


def lost(open_archive, folder, takes):
    """An archive of so many takes, all starred, that is closed and whose index is gone."""
    archive = filled(open_archive, folder, takes)
    for take in range(1, takes + 1):
        archive.star(take)
    archive.close()
    (folder / "index.sqlite").unlink()


def numbers(archive, **filters):
    return [take.number for take in archive.find(**filters)]


@pytest.fixture
def one_by_one(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 1)


@pytest.fixture
def checks(monkeypatch):
    """How thoroughly the index has been looked over, each time that it was."""
    seen = []
    real = Index.ensure

    def ensure(self, *, thoroughly=False):
        seen.append(thoroughly)
        real(self, thoroughly=thoroughly)

    monkeypatch.setattr(Index, "ensure", ensure)
    return seen


def steps(archive):
    """Catch up step by step, for no more steps than there can be."""
    for _ in range(20):
        if not archive.behind:
            return
        archive.catch_up_a_little()
        yield
    raise AssertionError("it does not catch up")


def catch_up(archive):
    assert all(step is None for step in steps(archive))


def look_nowhere(monkeypatch):
    """Let nobody look through the folder any more."""

    def looked(_):
        raise AssertionError("the folder was looked through")

    monkeypatch.setattr(ArchiveFolder, "takes", looked)


def later(folder):
    """Have the folder's time be another one, as what somebody put there makes it."""
    os.utime(folder, ns=(0, folder.stat().st_mtime_ns + 10**9))


def put(folder, number):
    """What somebody else puts among the takes."""
    write_wav(folder / f"output{number:03d}.wav", noise(0.5), RATE, metadata={"title": f"elsewhere {number}"})
    later(folder)


def test_one_that_is_far_behind_is_used_at_once_and_catches_up_bit_by_bit(open_archive, tmp_path, one_by_one):
    lost(open_archive, tmp_path, AT_ONCE + 3)

    archive = open_archive(tmp_path)

    assert archive.behind
    told = [numbers(archive), *(numbers(archive, starred=True) for _ in steps(archive))]
    assert told == [[], [1], [2, 1], [3, 2, 1], [4, 3, 2, 1], [5, 4, 3, 2, 1], [6, 5, 4, 3, 2, 1], [6, 5, 4, 3, 2, 1]]
    # What it lacks afterwards is little again.
    for number in (8, 9):
        put(tmp_path, number)
    assert archive.get(8).prompt == "elsewhere 8"
    assert numbers(archive)[:3] == [9, 8, 6]


def test_one_of_a_version_before_is_upgraded_bit_by_bit_while_takes_are_stored(
    open_archive, tmp_path, one_by_one, checks
):
    takes = AT_ONCE + 3
    archive = open_archive(tmp_path)
    for take in range(1, takes + 1):
        archive.store(noise(), RATE, record(take, key="Am"))
    archive.close()
    age(tmp_path / "index.sqlite", 3)
    checks.clear()

    archive = open_archive(tmp_path)
    assert checks == [False]
    assert archive.behind
    found = [archive.count("key:A")]
    stored = archive.store(noise(), RATE, record(key="Am"))
    assert archive.star(1).starred
    found += [archive.count("key:A") for _ in steps(archive)]

    assert stored.number == takes + 1
    # What is new is found at once, and what is starred is upgraded by that.
    assert found == [0, 2, 3, 4, 5, 6, 7, 7, 7]
    assert numbers(archive, starred=True) == [1]


def test_takes_that_an_index_of_this_version_lacks_have_nobody_go_through_all_others(
    open_archive, tmp_path, monkeypatch
):
    filled(open_archive, tmp_path, 2).close()
    put(tmp_path, 3)

    def upgraded(*_):
        raise AssertionError("the takes that it holds were gone through")

    monkeypatch.setattr(Index, "upgrade_some", upgraded)
    assert numbers(open_archive(tmp_path)) == [3, 2, 1]


@pytest.mark.parametrize("done", range(AT_ONCE + 5))
def test_who_is_killed_at_an_upgrade_leaves_what_is_upgraded_next_time(open_archive, tmp_path, one_by_one, done):
    takes = AT_ONCE + 3
    archive = open_archive(tmp_path)
    for take in range(1, takes + 1):
        archive.store(noise(), RATE, record(take, key="Am"))
    archive.close()
    age(tmp_path / "index.sqlite", 3)
    killed = open_archive(tmp_path)
    for _ in range(done):
        killed.catch_up_a_little()

    assert ArchiveReader(tmp_path).count("key:A") == takes
    archive = open_archive(tmp_path)
    catch_up(archive)
    assert archive.count("key:A") == takes
    assert not open_archive(tmp_path).behind


def test_one_that_is_not_far_behind_catches_up_before_it_is_used(open_archive, tmp_path, one_by_one):
    lost(open_archive, tmp_path, AT_ONCE)

    archive = open_archive(tmp_path)

    assert list(archive._index.places()) == [1, 2, 3]
    assert numbers(archive, starred=True) == [3, 2, 1]
    assert not archive.behind


def test_a_take_is_there_before_its_turn_has_come(open_archive, tmp_path, one_by_one):
    lost(open_archive, tmp_path, AT_ONCE + 3)
    archive = open_archive(tmp_path)

    found = archive.get(5)

    assert (found.prompt, found.starred, found.file) == ("prompt 5", True, "output005.wav")
    assert archive.behind
    assert archive.get(1).prompt == "prompt 1"
    with pytest.raises(UnknownTakeError, match="there is no take 9"):
        archive.get(9)
    catch_up(archive)
    assert numbers(archive, starred=True) == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("lost", [False, True])
def test_a_number_that_was_deleted_for_good_is_not_given_again_whatever_becomes_of_the_index(
    open_archive, tmp_path, monkeypatch, lost
):
    archive = filled(open_archive, tmp_path, 2)
    archive.trash(2)
    archive.empty_trash(1700000000.0)
    archive.close()
    if lost:
        (tmp_path / "index.sqlite").unlink()
    archive = open_archive(tmp_path)

    def busy(*_, **__):
        raise StorageError("busy")

    monkeypatch.setattr(Index, "highest", busy)
    assert archive.store(noise(), RATE, record(3)).number == 3


def test_takes_are_numbered_from_one(open_archive, tmp_path):
    archive = open_archive(tmp_path)
    write_wav(tmp_path / "output000.wav", noise(), RATE)

    with pytest.raises(UnknownTakeError, match="there is no take 0"):
        archive.get(0)


def test_whoever_asks_for_a_take_that_somebody_put_there_finds_the_others_too(open_archive, tmp_path):
    archive = filled(open_archive, tmp_path, 2)
    for number in (8, 9):
        put(tmp_path, number)
    assert numbers(archive) == [2, 1]
    assert not archive.behind

    assert archive.get(9).prompt == "elsewhere 9"

    assert numbers(archive) == [9, 8, 2, 1]
    assert not archive.behind


def test_what_somebody_put_there_is_noticed_with_the_next_take(open_archive, tmp_path):
    archive = filled(open_archive, tmp_path, 2)
    archive.store(noise(), RATE, record(3))
    assert not archive.behind
    put(tmp_path, 9)

    archive.store(noise(), RATE, record(4))

    assert archive.behind
    assert numbers(archive) == [9, 4, 3, 2, 1]
    assert archive.store(noise(), RATE, record()).number == 10


def test_what_somebody_put_there_is_noticed_after_the_first_change(open_archive, tmp_path):
    archive = filled(open_archive, tmp_path, 1)
    put(tmp_path, 9)
    archive.star(1)
    archive.close()

    assert numbers(open_archive(tmp_path)) == [9, 1]


@pytest.mark.parametrize("changes", [0, 1, 2])
@pytest.mark.parametrize("rebuilt", [False, True])
def test_a_folder_that_is_as_it_was_left_is_not_looked_through(open_archive, tmp_path, monkeypatch, changes, rebuilt):
    archive = filled(open_archive, tmp_path, 3)
    for take in range(1, changes + 1):
        archive.star(take)
    if rebuilt:
        assert archive.rebuild() == 3
    archive.close()
    look_nowhere(monkeypatch)

    again = open_archive(tmp_path)

    assert not again.behind
    assert numbers(again, starred=True) == [2, 1][2 - changes :]
    assert again.store(noise(), RATE, record()).number == 4


def test_changes_that_the_index_missed_are_found_with_the_takes(open_archive, tmp_path, monkeypatch):
    """The index holds some takes and lacks others, and what became of the first ones meanwhile."""
    archive = filled(open_archive, tmp_path, 2)
    with monkeypatch.context() as patch:
        patch.setattr(Index, "change", lambda *_: (_ for _ in ()).throw(StorageError("full")))
        patch.setattr(Index, "add", lambda *_: (_ for _ in ()).throw(StorageError("full")))
        archive.mark_landed(1, 5, 55.0)
        archive.store(noise(), RATE, record(3))
        archive.mark_landed(3, 6, 66.0)
    archive.close()

    assert [(take.number, take.slot) for take in open_archive(tmp_path).find()] == [(3, 6), (2, None), (1, 5)]


def test_it_is_rebuilt_whole_however_large_it_is(open_archive, tmp_path, one_by_one):
    archive = filled(open_archive, tmp_path, AT_ONCE + 3)
    put(tmp_path, 9)

    assert archive.rebuild() == AT_ONCE + 4
    assert not archive.behind
    assert numbers(archive)[0] == 9


def test_rebuilding_begins_anew_while_it_catches_up(open_archive, tmp_path, one_by_one):
    lost(open_archive, tmp_path, AT_ONCE + 3)
    archive = open_archive(tmp_path)
    archive.catch_up_a_little()

    assert archive.rebuild() == AT_ONCE + 3


def test_a_step_that_fails_is_said_and_begun_anew(open_archive, tmp_path, monkeypatch, one_by_one, checks):
    open_archive(tmp_path).close()
    for number in range(1, AT_ONCE + 4):
        put(tmp_path, number)
    checks.clear()
    archive = open_archive(tmp_path)
    assert checks == [False]

    for error in (BrokenIndexError("broken"), StorageError("full")):
        with monkeypatch.context() as patch:
            patch.setattr(Index, "add", lambda *_, error=error: (_ for _ in ()).throw(error))
            with pytest.raises(StorageError, match=str(error)):
                catch_up(archive)
        # Once it was broken it is looked over thoroughly, until it is whole.
        archive.catch_up_a_little()
    assert checks == [False, True, True]
    catch_up(archive)
    assert numbers(archive) == [6, 5, 4, 3, 2, 1]


def test_an_index_is_looked_over_thoroughly_only_if_it_is_broken_at_the_start(open_archive, tmp_path, checks):
    filled(open_archive, tmp_path, 2).close()
    put(tmp_path, 3)
    checks.clear()
    assert numbers(open_archive(tmp_path)) == [3, 2, 1]
    assert checks == [False]
    (tmp_path / "index.sqlite").write_bytes(b"no database " * 500)
    checks.clear()

    assert numbers(open_archive(tmp_path)) == [3, 2, 1]
    assert checks == [True]


def test_what_was_not_written_down_is_at_the_end(open_archive, tmp_path, monkeypatch):
    archive = filled(open_archive, tmp_path, 1)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Changes, "append", full)
        archive.star(1)
    assert not (tmp_path / "changes.jsonl").exists()

    archive.close()

    assert (tmp_path / "changes.jsonl").read_text().split() == ['{"take":', "1,", '"starred":', "true}"]


def spoil(folder, lines):
    with (folder / "changes.jsonl").open("ab") as file:
        file.write(lines)


def odd(folder):
    kept = folder / "changes.odd.jsonl"
    return kept.read_bytes().split(b"\n") if kept.exists() else None


def test_lines_that_cannot_be_read_are_kept_once(open_archive, tmp_path):
    archive = filled(open_archive, tmp_path, 2)
    archive.star(1)
    assert odd(tmp_path) is None
    spoil(tmp_path, b'\n[]\n{"take": "x"}')
    archive.star(2)
    assert odd(tmp_path) == [b"[]", b'{"take": "x"}', b""]
    spoil(tmp_path, b"\nseven")
    archive.star(1, False)
    assert odd(tmp_path) == [b"[]", b'{"take": "x"}', b"seven", b""]

    archive.rebuild()
    assert odd(tmp_path) == [b"[]", b'{"take": "x"}', b"seven", b""]
    (tmp_path / "changes.odd.jsonl").unlink()
    archive.rebuild()

    assert odd(tmp_path) == [b"[]", b'{"take": "x"}', b"seven", b""]
    assert numbers(archive, starred=True) == [2]


def test_lines_that_cannot_be_read_are_told_once_for_each_index(open_archive, tmp_path, caplog):
    archive = filled(open_archive, tmp_path, 2)
    spoil(tmp_path, b"\nodd")
    archive.star(1)
    archive.close()
    (tmp_path / "index.sqlite").unlink()
    caplog.clear()

    open_archive(tmp_path).close()
    told = [f"{tmp_path / 'changes.jsonl'}: 1 lines cannot be read and are left out"]
    assert caplog.messages == told

    (tmp_path / "notes.txt").touch()
    later(tmp_path)
    assert numbers(open_archive(tmp_path), starred=True) == [1]
    assert caplog.messages == told


def test_a_copy_of_odd_lines_that_cannot_be_written_holds_nothing_up(open_archive, tmp_path):
    archive = filled(open_archive, tmp_path, 1)
    spoil(tmp_path, b"\nodd")
    (tmp_path / "changes.odd.jsonl").mkdir()

    assert archive.star(1).starred


def test_who_else_is_here_is_known_by_the_name_of_the_work_folder(open_archive, tmp_path):
    archive = open_archive(tmp_path)
    assert not archive.is_shared()
    other = open_archive(tmp_path)

    assert other.is_shared()
    assert (tmp_path / ".midifrag" / archive.workspace_name).is_dir()
    assert archive.workspace_name != other.workspace_name
