"""What is told of the disk: once, and again when it has been otherwise meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from midifrag.events import Notice
from midifrag.fragment.archive import Archive
from midifrag.fragment.slot_state import SlotState
from midifrag.show.disk_watch import BACKLOG, SLOW_LOOKS, DiskWatch
from midifrag.states import NoticeLevel
from tests.support.runtimes import landed, played_show
from tests.support.shows import loaded

FRAGMENTS, TAKES = Path("fragments"), Path("takes")


class Writer:
    """A writer that has found out what a test says. ``around`` is what it sees only when it looks."""

    def __init__(self):
        self.backlog = 0
        self.shared = ()
        self.around = ()

    def look_around(self):
        self.shared = self.around


@pytest.fixture
def writer():
    return Writer()


@pytest.fixture
def slots():
    return SimpleNamespace(folder=FRAGMENTS, states=())


@pytest.fixture
def watch(writer, slots):
    return DiskWatch(writer, slots)


def texts(notices):
    assert all(notice.level is NoticeLevel.WARNING for notice in notices)
    return [notice.text for notice in notices]


def slow_looks(watch, count):
    return [texts(watch.notices()) for _ in range(count)]


def test_where_all_is_well_nothing_is_said(watch):
    assert watch.first_words() == watch.notices() == []


def test_at_the_start_one_looks_who_shares_and_does_not_say_it_again(watch, writer):
    writer.around = (TAKES,)
    assert texts(watch.first_words()) == [
        "another program archives its takes in takes too; none is lost, but their numbers take turns"
    ]
    assert watch.notices() == []


def test_at_the_start_own_files_in_slots_are_named(watch, slots):
    slots.states = (
        SlotState(1, "output01.wav", foreign=True),
        SlotState(2, "output02.wav"),
        SlotState(3, "output03.wav", foreign=True),
    )
    assert texts(watch.first_words()) == [
        "not made by midifrag: output01.wav, output03.wav in fragments; before a fragment takes its place, such a file "
        "is moved to moved-aside in there, for good"
    ]
    assert watch.notices() == []


def test_a_folder_that_is_shared_is_told_once_and_again_after_it_was_alone(watch, writer):
    told = []
    for shared in ((), (FRAGMENTS,), (FRAGMENTS,), (FRAGMENTS, TAKES), (TAKES,), (FRAGMENTS, TAKES)):
        writer.shared = shared
        told.append([text.split(" in ")[0] for text in texts(watch.notices())])
    lands, archives = "another program lands fragments", "another program archives its takes"
    assert told == [[], [lands], [], [archives], [], [lands]]


def test_who_shares_the_slots_is_told_the_way_out(watch, writer):
    writer.shared = (FRAGMENTS,)
    assert texts(watch.who_shares()) == [
        "another program lands fragments in fragments too, and each replaces the other's; give one of them another "
        "folder with --fragments"
    ]


def test_a_slow_disk_is_told_once_when_it_lasts(watch, writer):
    writer.backlog = BACKLOG + 1
    told = slow_looks(watch, 3 * SLOW_LOOKS)
    assert told[SLOW_LOOKS - 1] == [f"the disk is slow: {BACKLOG + 1} takes wait to be written"]
    assert sum(map(len, told)) == 1


def test_as_many_as_may_wait_are_not_slow(watch, writer):
    writer.backlog = BACKLOG
    assert slow_looks(watch, 2 * SLOW_LOOKS) == [[]] * 2 * SLOW_LOOKS


@pytest.mark.parametrize(("between", "again"), [(BACKLOG // 2, True), (BACKLOG // 2 + 1, False), (BACKLOG, False)])
def test_a_disk_is_slow_again_only_after_it_has_caught_up(watch, writer, between, again):
    writer.backlog = BACKLOG + 1
    slow_looks(watch, SLOW_LOOKS)
    writer.backlog = between
    assert watch.notices() == []
    writer.backlog = BACKLOG + 2
    told = slow_looks(watch, SLOW_LOOKS)
    assert told[:-1] == [[]] * (SLOW_LOOKS - 1)
    assert told[-1] == ([f"the disk is slow: {BACKLOG + 2} takes wait to be written"] if again else [])


def test_looks_that_were_slow_do_not_add_up_over_a_rest(watch, writer):
    for backlog in (BACKLOG + 1, 0) * 2:
        writer.backlog = backlog
        assert slow_looks(watch, SLOW_LOOKS - 1) == [[]] * (SLOW_LOOKS - 1)


# --- in a whole show --------------------------------------------------------------------------------------------------


def test_two_shows_on_one_folder_are_warned(tmp_path):
    with played_show(tmp_path), played_show(tmp_path) as second:
        notice = second.seen.wait_for_kind(Notice)
        assert "--fragments" in notice.text


def test_a_slow_disk_is_told_in_a_show(tmp_path, monkeypatch):
    monkeypatch.setattr("midifrag.show.disk_watch.BACKLOG", 2)
    monkeypatch.setattr("midifrag.show.disk_watch.SLOW_LOOKS", 2)
    go = threading.Event()
    with played_show(tmp_path) as show:
        store = Archive.store_encoded
        monkeypatch.setattr(Archive, "store_encoded", lambda *given: (go.wait(), store(*given))[1])
        for _ in range(5):
            show.note(37)
        notice = show.seen.wait_for_kind(Notice)
        go.set()
        show.seen.wait_for(landed(5))
        told = [c for c in show.seen.changes if isinstance(c, Notice)]
    assert notice.text.startswith("the disk is slow")
    assert len(told) == 1


def shared_words(changes):
    return [change.text for change in changes if isinstance(change, Notice) and "another program" in change.text]


def test_two_shows_in_one_folder_are_both_warned_of_what_may_be_lost_and_of_what_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr("midifrag.fragment.landing.REFRESH", 0.1)
    with played_show(tmp_path) as first, played_show(tmp_path) as second:
        for show in (first, second):
            told = show.seen.wait_for(lambda changes: len(shared_words(changes)) == 2 and shared_words(changes))
            assert f"lands fragments in {tmp_path} too" in told[0]
            assert f"archives its takes in {tmp_path / 'archive'} too; none is lost" in told[1]
        for show in (first, second):
            show.note(36)
            show.seen.wait_for(landed(1))
    assert len(shared_words(first.seen.changes)) == 2
    assert [take.number for take in Archive(tmp_path / "archive").find()] == [2, 1]


def test_slots_and_archive_in_one_folder_are_one_program(tmp_path, monkeypatch):
    monkeypatch.setattr("midifrag.fragment.landing.REFRESH", 0.1)
    fragments = {"folder": str(tmp_path), "name": "slot{:02d}.wav"}
    show = loaded(fragments=fragments, archive={"folder": str(tmp_path)}, engine={"host": "thread"})
    with played_show(tmp_path, show) as running:
        running.note(36)
        running.seen.wait_for(landed(1))
        running.runtime.writer.look_around()
        assert running.runtime.writer.shared == ()
    assert shared_words(running.seen.changes) == []
