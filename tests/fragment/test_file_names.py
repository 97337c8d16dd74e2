"""Files of midifrag's own that may ever be one file are found, wherever their names come from."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from midifrag.fragment.archive import Archive
from midifrag.fragment.file_names import MOST_SLOTS, MOVED_ASIDE, Writer, alike, clashes, is_one_place, writers
from midifrag.fragment.slots import DEFAULT_NAME
from tests.fragment.sounds import RATE, noise, record


def said(fragments, name, archive):
    return [message for _, message in clashes(writers(fragments, name, archive))]


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("output{:03d}.wav", "output001.wav"),
        ("output{:04d}.wav", "output0001.wav"),
        ("Output{:03d}.WAV", "output001.wav"),
        ("output1{:02d}.wav", "output101.wav"),
        ("output{:d}00.wav", "output100.wav"),
    ],
)
def test_slots_that_may_replace_takes_are_found(tmp_path, name, shared):
    (message,) = said(tmp_path, name, tmp_path)
    assert f"raw takes would lie among the slots in {tmp_path}, and both may become {shared}" in message
    assert said(tmp_path, name, tmp_path / "archive") == []


def test_takes_do_not_lie_among_what_is_moved_aside(tmp_path):
    (message,) = said(tmp_path, "output{:03d}.wav", tmp_path / MOVED_ASIDE)
    assert "raw takes would lie among the files moved aside" in message


@pytest.mark.parametrize(("folder", "shared"), [("sfz/samples", "output001.wav"), ("hydrogen", "slot01.wav")])
def test_what_samplers_read_is_known(tmp_path, folder, shared):
    """Takes are never called like it, but another set's slots may be."""
    other = Writer(("slots", "folder"), "slots of another set", tmp_path / folder, frozenset({shared, "01-0001.wav"}))
    ((place, message),) = clashes((*writers(tmp_path, DEFAULT_NAME, tmp_path / "archive"), other))
    assert place == other.key
    assert "slots of another set would lie among the" in message
    assert said(tmp_path, DEFAULT_NAME, tmp_path / folder) == []


def test_names_that_are_never_alike_may_share_a_folder(tmp_path):
    for name in (DEFAULT_NAME, "frag-{}.wav", "output{:03d} slot.wav"):
        assert said(tmp_path, name, tmp_path) == []


def test_slots_that_a_larger_count_would_make_are_looked_at_as_well(tmp_path):
    """Eight of these are output-2.wav and so on; from the tenth on they are names of takes."""
    names = {alike(f"output{number * 11}.wav") for number in range(1, MOST_SLOTS + 1)}
    slots = Writer(("fragments", "folder"), "slots", tmp_path, frozenset(names))
    *_, takes, _ = writers(tmp_path / "other", DEFAULT_NAME, tmp_path)
    ((place, message),) = clashes((slots, takes))
    assert place == ("archive", "folder")
    assert "output1001.wav" in message


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_a_folder_is_that_folder(tmp_path):
    (tmp_path / "takes").mkdir()
    (tmp_path / "slots").symlink_to(tmp_path / "takes", target_is_directory=True)
    assert len(said(tmp_path / "slots", "output{:03d}.wav", tmp_path / "takes")) == 1
    assert len(said(tmp_path / "slots", "output{:03d}.wav", tmp_path / "slots" / "not there" / "..")) == 1


def test_a_loop_of_links_is_no_place(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert not is_one_place(tmp_path / "a", tmp_path)
    assert is_one_place(tmp_path / "a", tmp_path / "a")


def test_case_does_not_tell_folders_apart_where_the_disk_does_not(tmp_path, monkeypatch):
    names = (tmp_path / "Takes", tmp_path / "takes")
    assert is_one_place(*names) == (sys.platform != "linux")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert is_one_place(*names)


def test_letters_that_are_one_to_a_disk_are_alike():
    assert alike("Ä.WAV") == alike("a\u0308.wav") != alike("a.wav")


def test_nothing_is_written_where_work_in_progress_is_swept(tmp_path):
    own = tmp_path / ".midifrag" / "previous"
    found = list(clashes(writers(own, DEFAULT_NAME, tmp_path)))
    assert [place for place, _ in found] == [("fragments", "folder")]
    assert "where work in progress is swept" in found[0][1]
    places = [place for place, _ in clashes(writers(tmp_path, DEFAULT_NAME, own))]
    assert places == [("archive", "folder")]


def test_whoever_writes_into_one_folder_is_compared_with_all_others(tmp_path):
    copies = Writer(("copies", "folder"), "copies", tmp_path / "a", frozenset({"index.sqlite"}))
    exports = Writer(("exports", "folder"), "exports", tmp_path / "a", frozenset(), re.compile(r".*\.sqlite"))
    known = writers(tmp_path, DEFAULT_NAME, tmp_path / "a")
    assert {place for place, _ in clashes((*known, copies, exports))} == {copies.key, exports.key}


def test_the_table_knows_every_file_that_an_archive_makes(tmp_path):
    archive = Archive(tmp_path)
    archive.store(noise(), RATE, record())
    archive.star(1)
    made = {path.name for path in Path(tmp_path).iterdir() if path.is_file()}
    archive.close()
    *_, takes, _ = writers(tmp_path / "slots", DEFAULT_NAME, tmp_path)
    assert {"output001.wav", "index.sqlite", "changes.jsonl"} <= made
    assert [name for name in made if not takes.may_write(name)] == []


def test_copies_for_live_are_named_by_number_and_meet_nobody_of_another_name(tmp_path):
    *_, copies = writers(tmp_path, DEFAULT_NAME, tmp_path / "archive", tmp_path)
    assert [copies.may_write(name) for name in ("0012 rain.wav", "12345 a.wav", "012 rain.wav", "0012rain.wav")] == [
        True,
        True,
        False,
        False,
    ]
    assert list(clashes(writers(tmp_path, DEFAULT_NAME, tmp_path / "archive", tmp_path))) == []
    ((place, message),) = clashes(writers(tmp_path, "{:04d} x.wav", tmp_path / "archive", tmp_path))
    assert place == ("ableton", "folder")
    assert "copies would lie among the slots" in message
