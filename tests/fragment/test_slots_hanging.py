"""Slots whose drive hangs: what is about to land goes on, and nothing else waits for it."""

from __future__ import annotations

import re
import threading
from concurrent.futures import wait

import pytest

from midifrag.errors import DriveHangsError, StorageError
from midifrag.fragment import hands
from midifrag.fragment import slot_file as module
from midifrag.fragment.audio_files import write_wav
from midifrag.fragment.hands import Hand
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.slots_record import SlotsRecord
from midifrag.fragment.workspace import Workspace
from tests.fragment.sounds import RATE, noise
from tests.fragment.test_slots import land, takes

#: Seconds to wait for what has to come.
PATIENCE = 60.0


class Drive:
    """Under the file of one slot, or one call, a drive that hangs until it is set free.

    Whoever waits for a hand waits until that hand hangs there, not for a time, so a busy machine is none.
    """

    def __init__(self, patch):
        self._patch = patch
        self._free = threading.Event()
        self._stuck = set()
        real = Hand._note

        def note(hand, future, _patience):
            while not (future.done() or hand.hangs or hand._thread in self._stuck):
                wait([future], 0.005)
            real(hand, future, 0.0)

        patch.setattr(hands, "PATIENCE", 0.0)
        patch.setattr(Hand, "_note", note)

    def hang(self, owner, name, stuck=lambda *_: True):
        real = getattr(owner, name)

        def work(*arguments, **options):
            if stuck(*arguments):
                self._stuck.add(threading.current_thread())
                assert self._free.wait(PATIENCE)
                self._stuck.discard(threading.current_thread())
            return real(*arguments, **options)

        self._patch.setattr(owner, name, work)

    def hang_below(self, name):
        """Have nothing replace the slot file of this name."""
        self.hang(module, "replace_file", lambda _source, target: target.name == name)

    def set_free(self):
        self._free.set()


@pytest.fixture
def drive(monkeypatch):
    made = Drive(monkeypatch)
    yield made
    made.set_free()


def refuse(*_):
    raise StorageError("the disk is full")


def hang_in(slots, drive, number, take):
    """Begin a landing that its drive does not let through; return what is to come of it."""
    drive.hang_below(slots.path(number).name)
    with pytest.raises(DriveHangsError, match=re.escape(f"{slots.path(number)} does not answer")):
        land(slots, take, slot=number)
    return slots._slots[number].landing.done


def test_a_landing_whose_drive_hangs_goes_on_and_is_asked_for_by_its_job(open_slots, tmp_path, drive):
    slots = open_slots(tmp_path, count=3)
    hang_in(slots, drive, 1, 41)

    assert slots.is_landing(1, 41)
    assert not slots.is_landing(1, 42)
    assert not slots.is_landing(2, 41)
    assert [slots.choose() for _ in range(4)] == [2, 3, 2, 3]
    # Another landing has a number of its own, though the first has not come about.
    assert land(slots, 2, slot=2).take == 2
    assert content_of(slots.path(2)).landing == 2
    with pytest.raises(StorageError, match=r"^slot 1 still waits for the take of an earlier press$"):
        land(slots, 3, slot=1)
    with pytest.raises(StorageError, match=r"^slot 1 still waits for the take of an earlier press$"):
        slots.restore(1)

    drive.set_free()
    slots._slots[1].landing.done.result(PATIENCE)

    assert land(slots, 41, slot=1).take == 41
    assert not slots.is_landing(1, 41)
    assert content_of(slots.path(1)).landing == 1
    assert not (tmp_path / ".midifrag" / "previous" / "output01.wav").exists()


def test_a_landing_that_came_about_unasked_lies_below_the_next_one(open_slots, tmp_path, drive):
    slots = open_slots(tmp_path, count=2)
    done = hang_in(slots, drive, 1, 1)
    drive.set_free()
    done.result(PATIENCE)

    assert land(slots, 2, slot=1).take == 2
    assert content_of(slots.path(1)).landing == 2
    assert slots.restore(1).take == 1


def test_a_landing_that_failed_unasked_stops_no_other(open_slots, tmp_path, drive, monkeypatch):
    slots = open_slots(tmp_path, count=2)
    real = module.replace_file
    monkeypatch.setattr(module, "replace_file", refuse)
    done = hang_in(slots, drive, 1, 1)
    drive.set_free()
    with pytest.raises(StorageError, match="full"):
        done.result(PATIENCE)
    monkeypatch.setattr(module, "replace_file", real)

    assert land(slots, 2, slot=1).take == 2


@pytest.mark.parametrize("fails", [False, True])
def test_what_comes_of_a_landing_that_was_left_is_seen_when_it_is_looked(
    open_slots, tmp_path, drive, monkeypatch, fails
):
    slots = open_slots(tmp_path, count=3)
    if fails:
        monkeypatch.setattr(module, "replace_file", refuse)
    done = hang_in(slots, drive, 2, 41)
    slots.leave(7)
    assert not slots._slots[2].landing.left
    slots.leave(41)
    assert slots.refresh() is False
    drive.set_free()
    assert done.exception(PATIENCE) is None or fails

    assert slots.refresh() is True

    assert takes(slots) == [None, None if fails else 41, None]
    assert not slots.is_landing(2, 41)
    assert slots.refresh() is False


def test_a_landing_that_is_still_asked_for_is_left_to_who_asks(open_slots, tmp_path, drive):
    slots = open_slots(tmp_path, count=2)
    done = hang_in(slots, drive, 1, 1)
    drive.set_free()
    done.result(PATIENCE)

    assert slots.refresh() is False

    assert slots.is_landing(1, 1)
    assert land(slots, 1, slot=1).take == 1


def test_a_slot_that_hangs_when_it_is_looked_at_stops_no_other(open_slots, tmp_path, drive):
    slots = open_slots(tmp_path, count=3)
    for take in (1, 2, 3):
        land(slots, take)
    drive.hang(module, "signature_of", lambda path: path.name == "output02.wav")
    slots.path(1).unlink()

    assert slots.refresh()
    assert takes(slots) == [None, 2, 3]
    slots.path(3).unlink()
    assert slots.refresh()
    assert takes(slots) == [None, 2, None]
    assert [slots.choose() for _ in range(2)] == [1, 3]


def test_where_every_slot_hangs_the_turn_goes_on(open_slots, tmp_path, drive):
    slots = open_slots(tmp_path, count=2)
    drive.hang(module, "signature_of")
    assert not slots.refresh()

    assert [slots.choose() for _ in range(3)] == [1, 2, 1]


def test_a_slot_that_hangs_when_its_change_is_looked_at_keeps_what_was_known(open_slots, tmp_path, drive):
    slots = open_slots(tmp_path, count=2)
    for take in (1, 2):
        land(slots, take)
    write_wav(slots.path(1), noise(0.5), RATE)
    drive.hang(module, "content_of", lambda path: path.name == "output01.wav")

    assert slots.refresh()

    assert takes(slots) == [1, 2]


def threads_of(folder):
    return [thread for thread in threading.enumerate() if thread.name.startswith(f"midifrag-files {folder}")]


def test_a_folder_that_hangs_is_told_by_its_name_and_stops_no_end(open_slots, tmp_path, drive):
    slots = open_slots(tmp_path, count=1)
    assert slots.folder == tmp_path
    assert slots._hand.place == tmp_path
    drive.hang(SlotsRecord, "write")
    drive.hang(Workspace, "close")
    drive.hang(Workspace, "is_shared")

    assert slots.is_shared() is False
    slots.set_lock(1, True)
    slots.close()

    assert slots.locked(1)
    drive.set_free()
    for thread in threads_of(tmp_path):
        thread.join(PATIENCE)


def test_the_end_ends_its_threads(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=2)
    for take in (1, 2):
        land(slots, take)
    running = threads_of(tmp_path)
    assert len(running) == 3

    slots.close()

    for thread in running:
        thread.join(PATIENCE)
    assert threads_of(tmp_path) == []
