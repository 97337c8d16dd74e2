"""How far a take gets: archived, landed, waiting at its boundary, or held in memory while a disk says no."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import numpy as np
import pytest

from midifrag.errors import StorageError
from midifrag.fragment import slot_file
from midifrag.fragment.archive import Archive
from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.holding import FIRST_RETRY, LONGEST_RETRY
from midifrag.fragment.landing import REFRESH, Lander
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.slot_landings import SlotLandings
from midifrag.fragment.slots import Slots
from midifrag.fragment.writer_commands import LandArchived, LandTake, LockSlot, RestoreSlot, StarTake
from midifrag.fragment.writer_events import GivenUp, Held, Landed, LandFailed, Refused, TakeArchived
from tests.fragment.breaking import break_archive, break_slots, kinds, landed, until
from tests.fragment.sounds import RATE, land, noise, record
from tests.support import PATIENCE
from tests.support.landers import LanderRig


@pytest.fixture
def rig(opened, tmp_path):
    return opened(LanderRig, tmp_path)


def test_a_disk_that_does_not_force_a_take_holds_nothing_up(rig, monkeypatch, caplog):
    def refused(_archive):
        raise StorageError("the disk does not answer")

    monkeypatch.setattr(Archive, "settle", refused)

    assert kinds(rig.handle(land(7))) == ["TakeArchived", "Landed"]
    assert caplog.messages == ["the disk does not answer"]


def test_a_take_is_forced_to_the_disk_once_it_has_landed(rig, monkeypatch):
    forced = []
    monkeypatch.setattr("midifrag.fragment.archive.force_to_disk", lambda path: forced.append((path.name, rig.takes())))

    rig.handle(land(7))

    assert forced == [("output001.wav", [1, None, None])]


def test_what_was_prepared_is_not_kept_for_a_take_that_is_held(rig, monkeypatch):
    command = land(7)
    rig.prepare(command.audio, command.options)
    break_archive(monkeypatch)

    assert kinds(rig.handle(command)) == ["Landed", "Held"]

    assert rig.lander._preparer.find(command.audio, command.options) is None
    assert [take.encoded for take in rig.lander._held] == [None]
    monkeypatch.undo()
    assert kinds(rig.tick(FIRST_RETRY)) == ["TakeArchived"]


def test_landed_is_told_when_the_file_is_in_place(opened, tmp_path):
    seen = []
    slots, archive = opened(Slots, tmp_path), opened(Archive, tmp_path / "archive")

    def listen(event):
        if isinstance(event, TakeArchived):
            seen.append(read_wav(tmp_path / "archive" / event.file)[0].shape)
        elif isinstance(event, Landed):
            seen.append(read_wav(event.file)[0].shape[1] / RATE == pytest.approx(event.seconds))

    Lander(slots, archive, listen).handle(land(1))

    assert seen == [(2, RATE // 10), True]


def test_slot_that_cannot_be_written_is_tried_again(rig, monkeypatch):
    rig.handle(land(1))
    break_slots(monkeypatch)

    events = rig.handle(land(2))

    assert kinds(events) == ["TakeArchived", "Held"]
    assert events[-1] == Held(2, "the disk is full", "slot")
    assert rig.lander.held == (events[-1],)
    assert rig.tick(FIRST_RETRY) == []
    monkeypatch.undo()
    assert rig.tick(FIRST_RETRY) == []
    (landed,) = rig.tick(FIRST_RETRY)
    assert (landed.job, landed.slot, landed.take) == (2, 2, 2)
    assert landed.write_seconds == pytest.approx(3 * FIRST_RETRY)
    assert rig.lander.held == ()
    assert rig.tick(100.0) == []


def test_pauses_grow_up_to_a_bound(rig, monkeypatch):
    break_slots(monkeypatch)
    rig.handle(land(1))

    pauses = []
    for _ in range(8):
        pauses.append(rig.lander.due - rig.now)
        rig.tick(pauses[-1])

    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, LONGEST_RETRY, LONGEST_RETRY, LONGEST_RETRY]


def test_take_lands_although_the_archive_cannot_be_written(rig, monkeypatch):
    break_archive(monkeypatch)

    landed, held = rig.handle(land(1))

    assert (landed.take, landed.slot) == (None, 1)
    assert held == Held(1, "the disk is full", "archive")
    assert rig.takes() == [None] * 3
    assert not rig.slots.states[0].foreign
    monkeypatch.undo()
    assert rig.tick(FIRST_RETRY) == [TakeArchived(1, 1, "output001.wav")]
    assert rig.told[-1].slots[0].take == 1
    assert (rig.archive.get(1).slot, rig.archive.get(1).landed_at) == (1, 5000.0)
    np.testing.assert_allclose(rig.archive.read(1)[0], noise(seed=1), atol=1e-6)


def test_nothing_can_be_written(rig, monkeypatch):
    break_archive(monkeypatch)
    break_slots(monkeypatch)

    assert rig.handle(land(1)) == [Held(1, "the disk is full", "archive and slot")]
    monkeypatch.undo()
    break_archive(monkeypatch)
    landed, held = rig.tick(FIRST_RETRY)
    monkeypatch.undo()

    assert (landed.take, held.waits_for) == (None, "archive")
    assert kinds(rig.tick(10.0)) == ["TakeArchived"]


def test_all_that_is_in_the_way_is_told_once_each(rig, monkeypatch):
    def refused(text):
        def refuse(*_, **__):
            raise StorageError(text)

        return refuse

    monkeypatch.setattr(Archive, "store_encoded", refused("the archive is full"))
    monkeypatch.setattr(SlotLandings, "land", refused("the slot is held open"))

    assert rig.handle(land(1)) == [Held(1, "the archive is full; the slot is held open", "archive and slot")]
    assert rig.tick(FIRST_RETRY) == []
    (kept,) = rig.lander.unarchived
    assert (kept.record.job, kept.sample_rate) == (1, RATE)
    np.testing.assert_array_equal(kept.audio, noise(seed=1))
    monkeypatch.setattr(Archive, "store_encoded", refused("the slot is held open"))
    assert rig.tick(LONGEST_RETRY) == [Held(1, "the slot is held open", "archive and slot")]


def test_an_archived_take_that_waits_for_its_slot_is_no_unarchived_one(rig, monkeypatch):
    break_slots(monkeypatch)
    rig.handle(land(1))

    assert [held.job for held in rig.lander.held] == [1]
    assert rig.lander.unarchived == []


def test_silent_take_waits_for_the_archive_too(rig, monkeypatch):
    break_archive(monkeypatch)
    silent = LandTake(1, np.zeros((1, 9), np.float32), RATE, record(1), FragmentOptions())

    assert kinds(rig.handle(silent)) == ["Held", "LandFailed"]
    monkeypatch.undo()

    assert kinds(rig.tick(FIRST_RETRY)) == ["TakeArchived"]
    assert "silent" in rig.archive.get(1).reason


def test_order_within_a_slot_is_kept(rig, monkeypatch):
    """Take 1 waits for slot 1; takes 2 and 3 land beside it; take 4 must come after take 1."""
    real, held_open = SlotLandings.land, {1}

    def land_unless_open(self, number, *arguments, **options):
        if number in held_open:
            raise StorageError("held open")
        return real(self, number, *arguments, **options)

    monkeypatch.setattr(SlotLandings, "land", land_unless_open)
    told = [kinds(rig.handle(land(job)))[-1] for job in (1, 2, 3, 4)]
    assert told == ["Held", "Landed", "Landed", "Held"]
    assert rig.lander.held[1] == Held(4, "slot 1 still waits for the take of an earlier press", "slot")
    assert rig.takes() == [None, 2, 3]
    held_open.clear()

    landed = [event for event in rig.handle(land(5, slot=1)) if isinstance(event, Landed)]

    assert [(event.job, event.slot) for event in landed] == [(1, 1), (4, 1), (5, 1)]
    assert rig.takes() == [5, 2, 3]
    assert rig.lander.held == ()


def test_held_take_finds_another_slot_when_its_own_is_locked(rig, monkeypatch):
    break_slots(monkeypatch)
    rig.handle(land(1))
    rig.handle(land(2, slot=3))
    monkeypatch.undo()
    rig.handle(LockSlot(1, True))
    rig.handle(LockSlot(3, True))

    landed, failed = rig.tick(FIRST_RETRY)

    assert (landed.job, landed.slot) == (1, 2)
    assert isinstance(failed, LandFailed)
    assert "slot 3 is locked" in failed.reason
    assert rig.lander.held == ()


def test_too_many_held_takes(opened, tmp_path, monkeypatch):
    one = noise().nbytes
    rig = opened(LanderRig, tmp_path, held_bytes=5 * one)
    break_archive(monkeypatch)
    told = [event for job in (1, 2, 3, 4, 5) for event in rig.handle(land(job, spare=job == 3))]
    assert not [event for event in told if isinstance(event, GivenUp)]
    monkeypatch.undo()
    break_slots(monkeypatch)

    given_up = [event for event in rig.handle(land(6)) if isinstance(event, GivenUp)]
    monkeypatch.undo()
    break_archive(monkeypatch)
    given_up += [event for job in (7, 8) for event in rig.handle(land(job)) if isinstance(event, GivenUp)]

    assert [(event.job, event.take) for event in given_up] == [(6, 1), (3, None), (1, None)]
    assert {event.reason for event in given_up} == {"too many takes wait for the disk: make room"}
    assert [held.job for held in rig.lander.held] == [2, 4, 5, 7, 8]


def test_the_last_held_take_is_kept_whatever_its_size(opened, tmp_path, monkeypatch):
    rig = opened(LanderRig, tmp_path, held_bytes=1)
    break_archive(monkeypatch)

    assert kinds(rig.handle(land(1))) == ["Landed", "Held"]
    assert kinds(rig.handle(land(2))) == ["Landed", "Held", "GivenUp"]
    assert [held.job for held in rig.lander.held] == [2]


def test_slot_file_held_open_as_on_windows(rig, monkeypatch):
    for job in (1, 2, 3):
        rig.handle(land(job))
    real = Path.replace

    def held_open(self, target):
        if Path(target).name == "output01.wav":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", held_open)
    monkeypatch.setattr("midifrag.fragment.files.PAUSE", 0.0)

    archived, held = rig.handle(land(4))

    assert archived.number == 4
    assert (held.waits_for, rig.takes()) == ("slot", [1, 2, 3])
    assert "it may not be written" in held.reason
    monkeypatch.undo()
    assert kinds(rig.tick(FIRST_RETRY)) == ["Landed"]
    assert rig.takes() == [4, 2, 3]


def test_a_disk_that_is_really_full(opened, tmp_path):
    """On a file system of 1 MB, where this is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.name != "posix" or os.system(f"mount -t tmpfs -o size=1m tmpfs '{disk}' 2>/dev/null") != 0:
        pytest.skip("needs root: a file system of its own, on Linux")
    try:
        rig = LanderRig(disk)
        rig.handle(land(1))
        (disk / "ballast").write_bytes(b"x" * 850_000)

        (held,) = rig.handle(land(2, seconds=1.0))

        assert "the disk is full" in held.reason
        assert sorted(path.name for path in disk.glob("*.wav")) == ["output01.wav"]
        assert [path.name for path in (disk / "archive").glob("*.wav")] == ["output001.wav"]
        (disk / "ballast").unlink()
        assert kinds(rig.tick(FIRST_RETRY)) == ["TakeArchived", "Landed"]
        assert rig.takes() == [1, 2, None]
        rig.close()
    finally:
        os.system(f"umount '{disk}'")


def test_a_slot_whose_drive_hangs_stops_no_other_and_gets_its_take_when_it_is_back(rig, hangs):
    free = hangs(slot_file, "replace_file", lambda _source, target: target.name == "output01.wav")

    archived, held = rig.handle(land(1))
    assert isinstance(archived, TakeArchived)
    reason = f"{rig.folder / 'output01.wav'} does not answer: check its drive or its network; it is tried again"
    assert held == Held(1, reason, "slot")
    assert landed(event for job in range(2, 6) for event in rig.handle(land(job))) == [(2, 2), (3, 3), (4, 2), (5, 3)]
    # Whoever wants this very slot waits behind it.
    assert kinds(rig.handle(land(6, slot=1))) == ["TakeArchived", "Held"]
    assert isinstance(rig.handle(RestoreSlot(1))[0], Refused)
    rig.tick(REFRESH)
    assert rig.takes() == [None, 4, 5]

    free.set()

    assert landed(until(rig, lambda told: len(landed(told)) == 2)) == [(1, 1), (6, 1)]
    assert rig.takes() == [6, 4, 5]
    assert content_of(rig.folder / "output01.wav").job == 6
    assert content_of(rig.folder / ".midifrag" / "previous" / "output01.wav").job == 1
    assert len({content_of(rig.slots.path(slot)).landing for slot in (1, 2, 3)}) == 3
    assert rig.lander.held == ()
    assert [take.slot for take in rig.archive.find()] == [1, 3, 2, 3, 2, 1]


def test_a_lock_that_comes_while_a_drive_hangs_counts_from_the_next_landing_on(rig, hangs):
    free = hangs(slot_file, "replace_file", lambda _source, target: target.name == "output01.wav")
    assert kinds(rig.handle(land(1))) == ["TakeArchived", "Held"]
    rig.handle(LockSlot(1, True))
    rig.tick(LONGEST_RETRY)
    free.set()
    assert landed(until(rig, landed)) == [(1, 1)]
    assert landed(rig.handle(land(2))) == [(2, 2)]
    assert rig.takes()[:2] == [1, 2]
    assert kinds(rig.handle(RestoreSlot(2))) != []


def test_what_comes_of_a_landing_that_nobody_asks_for_any_more_is_seen(rig, hangs):
    free = hangs(slot_file, "replace_file", lambda _source, target: target.name == "output01.wav")
    rig.handle(land(1))
    rig.slots.landings.leave(1)
    assert not rig.slots.refresh()
    free.set()
    deadline = time.monotonic() + PATIENCE
    while not rig.slots.refresh():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert rig.slots.states[0].state == "filled"
    assert not rig.slots.landings.is_landing(1, 1)


def test_a_slot_whose_drive_hangs_when_it_is_looked_at_stops_no_other(rig, hangs):
    for job in (1, 2, 3):
        rig.handle(land(job))
    free = hangs(slot_file, "signature_of", lambda path: path.name == "output02.wav")
    (rig.folder / "output03.wav").unlink()

    rig.tick(REFRESH)

    assert rig.takes() == [1, 2, None]
    assert landed(event for job in (4, 5, 6) for event in rig.handle(land(job))) == [(4, 1), (5, 3), (6, 1)]
    free.set()


def test_an_archive_whose_drive_hangs_stops_no_landing_and_gets_each_take_once(rig, hangs):
    free = hangs(Archive, "store_encoded")

    first = [event for job in (1, 2, 3) for event in rig.handle(land(job))]

    assert landed(first) == [(1, 1), (2, 2), (3, 3)]
    assert [event.waits_for for event in first if isinstance(event, Held)] == ["archive"] * 3
    assert "archive does not answer" in rig.lander.held[0].reason
    assert [take.record.job for take in rig.lander.unarchived] == [1, 2, 3]
    (refused,) = rig.handle(StarTake(1, True))
    assert "does not answer" in refused.reason
    assert kinds(rig.handle(LandArchived(9, 1, FragmentOptions(), slot=2))) == ["Held"]

    free.set()

    told = until(rig, lambda told: not rig.lander.held and landed(told))
    assert sorted(event.number for event in told if isinstance(event, TakeArchived)) == [1, 2, 3]
    assert landed(told) == [(9, 2)]
    # What is noted of a landing may wait for a busy disk.
    assert rig.lander._hand._hand.later(lambda: True).result(PATIENCE)
    assert [(take.prompt, take.slot) for take in rig.archive.find()] == [
        ("prompt 3", 3),
        ("prompt 2", 2),
        ("prompt 1", 2),
    ]
    assert len(list((rig.folder / "archive").glob("*.wav"))) == 3


def test_a_disk_that_hangs_when_a_take_is_forced_to_it_holds_nothing_up(rig, hangs):
    free = hangs(Archive, "settle")

    assert kinds(rig.handle(land(1))) == ["TakeArchived", "Landed"]
    assert kinds(rig.handle(land(2))) == ["Landed", "Held"]
    free.set()
    until(rig, lambda _told: not rig.lander.held)
    assert rig.archive.count() == 2
