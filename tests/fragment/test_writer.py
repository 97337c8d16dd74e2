"""The thread around the lander."""

from __future__ import annotations

import dataclasses
import logging
import queue
import threading

import pytest

from midifrag.clock import monotonic
from midifrag.errors import StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.slot_landings import SlotLandings
from midifrag.fragment.slots import Slots
from midifrag.fragment.writer import FragmentWriter
from midifrag.fragment.writer_commands import (
    ArchiveOnly,
    Arrival,
    CancelLanding,
    LandArchived,
    LandLast,
    LockSlot,
    Prepare,
    Retime,
    SlotPlaying,
    StarTake,
    TrashTake,
)
from midifrag.fragment.writer_events import (
    Held,
    LandCancelled,
    Landed,
    LandFailed,
    SlotsChanged,
    TakeArchived,
    TakeChanged,
    Waits,
)
from tests.fragment.sounds import RATE, land, noise, record

#: Seconds to wait for what has to come; a healthy machine needs a fraction.
PATIENCE = 60.0


class Listener:
    """Collects events, and waits for one of a kind."""

    def __init__(self):
        self.events = queue.SimpleQueue()

    def __call__(self, event):
        self.events.put(event)

    def next(self, kind, count=1):
        found = []
        while len(found) < count:
            event = self.events.get(timeout=PATIENCE)
            if isinstance(event, kind):
                found.append(event)
        return found if count > 1 else found[0]


@pytest.fixture
def rig(tmp_path):
    listener = Listener()
    writer = FragmentWriter(Slots(tmp_path), Archive(tmp_path / "archive"), listener)
    yield writer, listener
    writer.close()


def test_takes_land_in_order_on_another_thread(rig, tmp_path):
    writer, listener = rig
    writer.start()
    assert [slot.state for slot in listener.next(SlotsChanged).slots] == ["free"] * 8
    writer.submit(LockSlot(2, True))
    for job in range(1, 5):
        writer.submit(land(job))

    landed = listener.next(Landed, 4)

    assert [(event.job, event.slot, event.take) for event in landed] == [(1, 1, 1), (2, 3, 2), (3, 4, 3), (4, 5, 4)]
    assert writer.close(PATIENCE) == ()
    assert [path.name for path in (tmp_path / ".midifrag").glob("work-*")] == []


def test_each_of_its_threads_does_first_what_it_is_to(tmp_path):
    begun = []
    writer = FragmentWriter(
        Slots(tmp_path),
        Archive(tmp_path / "archive"),
        listener := Listener(),
        begins=lambda: begun.append(threading.current_thread().name),
    )
    writer.start()
    writer.submit(land(1))
    listener.next(Landed)
    writer.close(PATIENCE)
    assert begun == ["midifrag-writer", f"midifrag-files {tmp_path / 'archive'}"]


def test_slow_disk_delays_nobody(rig, monkeypatch):
    writer, listener = rig
    go_on, real = threading.Event(), Archive.store_encoded

    def stuck(self, *arguments):
        assert go_on.wait(PATIENCE)
        return real(self, *arguments)

    monkeypatch.setattr(Archive, "store_encoded", stuck)
    writer.start()
    for job in range(1, 6):
        writer.submit(land(job, seconds=0.01))
    assert writer.backlog == 5
    go_on.set()

    assert [event.job for event in listener.next(Landed, 5)] == [1, 2, 3, 4, 5]
    assert writer.close(PATIENCE) == ()
    assert writer.backlog == 0


def test_takes_that_are_deleted_at_once_wait_for_what_is_to_land(rig, monkeypatch):
    writer, listener = rig
    deleting, go_on, done, real = threading.Event(), threading.Event(), [], Archive.trash

    def slow(self, number):
        done.append(number)
        deleting.set()
        assert go_on.wait(PATIENCE)
        return real(self, number)

    monkeypatch.setattr(Archive, "trash", slow)
    writer.start()
    for job in range(1, 5):
        writer.submit(land(job))
    listener.next(Landed, 4)
    for take in (1, 2, 3):
        writer.submit(TrashTake(take, True))
    assert deleting.wait(PATIENCE)
    writer.submit(land(5))
    writer.submit(LandArchived(6, 4, FragmentOptions()))
    writer.submit(TrashTake(4, True))
    go_on.set()
    told = [listener.next(Landed | TakeChanged) for _ in range(6)]

    assert [one.take if isinstance(one, Landed) else one.record.number for one in told] == [1, 5, 4, 2, 3, 4]
    assert [type(one) for one in told] == [TakeChanged, Landed, Landed, *[TakeChanged] * 3]
    assert done == [1, 2, 3, 4]


def test_what_was_deleted_before_is_no_preset_s_newest_take(rig, monkeypatch):
    writer, listener = rig
    starring, go_on, real = threading.Event(), threading.Event(), Archive.star
    monkeypatch.setattr(Archive, "star", lambda *given: (starring.set(), go_on.wait(PATIENCE), real(*given))[2])
    writer.start()
    for job in (1, 2):
        writer.submit(land(job, bank="Opening", preset="36"))
    listener.next(Landed, 2)
    writer.submit(StarTake(1, True))
    assert starring.wait(PATIENCE)
    writer.submit(TrashTake(2, True))
    writer.submit(LandLast(3, "Opening", "36", FragmentOptions()))
    go_on.set()

    assert listener.next(Landed).take == 1


def test_a_spare_is_prepared_while_the_disk_is_slow(rig, monkeypatch):
    writer, _ = rig
    go_on, real = threading.Event(), Archive.store_encoded
    monkeypatch.setattr(Archive, "store_encoded", lambda *given: (go_on.wait(PATIENCE), real(*given))[1])
    writer.start()
    writer.submit(land(1))
    spare = noise()
    writer.submit(Prepare(spare, RATE, FragmentOptions()))
    writer._lander._preparer._worker.submit(lambda: None).result()
    assert writer._lander._preparer.find(spare, FragmentOptions())
    assert writer.backlog == 1
    go_on.set()
    writer.close()


def test_held_take_is_tried_again_by_itself(rig, monkeypatch):
    writer, listener = rig
    monkeypatch.setattr("midifrag.fragment.holding.FIRST_RETRY", 0.01)
    refused, real = [2], SlotLandings.land

    def full(self, *arguments, **options):
        if refused[0]:
            refused[0] -= 1
            raise StorageError("the disk is full")
        return real(self, *arguments, **options)

    monkeypatch.setattr(SlotLandings, "land", full)
    writer.start()
    writer.submit(land(1))

    assert listener.next(Held).job == 1
    assert listener.next(Landed).job == 1


def test_closing_says_what_stays_unwritten(rig, monkeypatch):
    writer, listener = rig

    def full(*_, **__):
        raise StorageError("the disk is full")

    monkeypatch.setattr(Archive, "store_encoded", full)
    writer.start()
    writer.submit(land(1))
    writer.submit(land(2))

    unwritten = writer.close(PATIENCE)

    assert unwritten == (Held(1, "the disk is full", "archive"), Held(2, "the disk is full", "archive"))
    assert [(take.record.job, take.sample_rate) for take in writer.unarchived()] == [(1, RATE), (2, RATE)]
    assert listener.next(Landed, 2)


def test_closing_what_was_never_started(rig):
    writer, _ = rig
    writer.submit(land(1))

    assert [held.job for held in writer.close()] == [1]


def test_closing_does_not_wait_for_ever(rig, monkeypatch):
    writer, _ = rig
    go_on = threading.Event()
    real = Archive.store_encoded
    monkeypatch.setattr(Archive, "store_encoded", lambda *arguments: go_on.wait(PATIENCE) and real(*arguments))
    writer.start()
    writer.submit(land(1))
    writer.submit(ArchiveOnly(2, noise(), RATE, record(2), "spare"))

    unwritten = writer.close(timeout=0.05)
    kept = [take.record.job for take in writer.unarchived()]
    go_on.set()

    assert [(held.job, held.waits_for) for held in unwritten] == [(1, "archive and slot"), (2, "archive")]
    assert kept == [1, 2]


def test_goes_on_after_a_mistake_of_ours_or_of_the_listener(rig, monkeypatch, caplog):
    writer, listener = rig
    real = Archive.store_encoded

    def broken(self, take, record):
        if record.job == 1:
            raise KeyError("a mistake")
        return real(self, take, record)

    def deaf(event):
        listener(event)
        assert not isinstance(event, TakeArchived), "a mistake"

    monkeypatch.setattr(Archive, "store_encoded", broken)
    monkeypatch.setattr(writer, "_listener", deaf)
    writer.start()
    with caplog.at_level(logging.CRITICAL):
        writer.submit(land(1))
        writer.submit(land(2))

        failed = listener.next(LandFailed)
        assert (failed.job, "a mistake" in failed.reason) == (1, True)
        assert listener.next(Landed).job == 2


def test_what_waits_is_moved_cancelled_and_told_past_a_writer_that_is_busy(rig, monkeypatch):
    writer, listener = rig
    go_on, busy = threading.Event(), threading.Event()
    real = Archive.store_encoded

    def slow(self, take, record):
        if record.job == 3:
            busy.set()
            assert go_on.wait(PATIENCE)
        return real(self, take, record)

    monkeypatch.setattr(Archive, "store_encoded", slow)
    monkeypatch.setattr("midifrag.fragment.hands.PATIENCE", PATIENCE)
    writer.start()
    later = monotonic() + 1000.0
    for job in (1, 2):
        writer.submit(dataclasses.replace(land(job), arrival=Arrival(later)))
    listener.next(Waits, 2)
    writer.submit(land(3))
    assert busy.wait(PATIENCE)

    writer.submit(Retime(1, monotonic() + 0.3))
    assert listener.next(Landed).job == 1
    writer.submit(CancelLanding(2))
    assert listener.next(LandCancelled).job == 2
    go_on.set()
    assert listener.next(Landed).job == 3


def test_the_end_calls_off_what_waits_though_the_writer_hangs(rig, monkeypatch, tmp_path):
    writer, listener = rig
    go_on, busy = threading.Event(), threading.Event()

    def hang(self, take, record):
        busy.set()
        assert go_on.wait(PATIENCE)
        raise StorageError("the disk is gone")

    writer.start()
    writer.submit(dataclasses.replace(land(1), arrival=Arrival(monotonic() + 1000.0)))
    listener.next(Waits)
    monkeypatch.setattr(Archive, "store_encoded", hang)
    monkeypatch.setattr("midifrag.fragment.hands.PATIENCE", PATIENCE)
    writer.submit(land(2))
    assert busy.wait(PATIENCE)

    writer.close(timeout=0.05)

    told = listener.next(LandCancelled)
    go_on.set()
    assert (told.job, "the show ended" in told.reason) == (1, True)
    assert not (tmp_path / "output01.wav").exists()


def test_a_slot_that_sounds_is_told(rig):
    writer, listener = rig
    writer.start()
    listener.next(SlotsChanged)
    writer.submit(SlotPlaying(2, True))
    assert [slot.sounds for slot in listener.next(SlotsChanged).slots][:3] == [False, True, False]


def test_no_thread_is_left_behind(tmp_path):
    before = set(threading.enumerate())
    writer = FragmentWriter(Slots(tmp_path), Archive(tmp_path / "archive"), Listener())
    writer.start()
    assert {thread.name for thread in set(threading.enumerate()) - before} >= {"midifrag-punctual", "midifrag-writer"}

    writer.close()

    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()
