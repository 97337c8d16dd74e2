"""Landings in slots: at once, beside a slot, and where a drive hangs: it goes on, and nothing else waits for it."""

from __future__ import annotations

import errno
import json
import os
import re
import threading
from concurrent.futures import wait
from pathlib import Path

import pytest

from midifrag.errors import DriveHangsError, StorageError
from midifrag.fragment import files, hands
from midifrag.fragment import slot_file as module
from midifrag.fragment.audio_files import write_wav
from midifrag.fragment.encoding import EncodedFragment, encode_fragment
from midifrag.fragment.hands import Hand
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.slots_record import SlotsRecord
from midifrag.fragment.wav import audio_checksum
from midifrag.fragment.workspace import Workspace
from tests.fragment.slot_folders import fragment, holds, land, takes
from tests.fragment.sounds import RATE, noise, record

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

    assert slots.landings.is_landing(1, 41)
    assert not slots.landings.is_landing(1, 42)
    assert not slots.landings.is_landing(2, 41)
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
    assert not slots.landings.is_landing(1, 41)
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
    slots.landings.leave(7)
    assert not slots._slots[2].landing.left
    slots.landings.leave(41)
    assert slots.refresh() is False
    drive.set_free()
    assert done.exception(PATIENCE) is None or fails

    assert slots.refresh() is True

    assert takes(slots) == [None, None if fails else 41, None]
    assert not slots.landings.is_landing(2, 41)
    assert slots.refresh() is False


def test_a_landing_that_is_still_asked_for_is_left_to_who_asks(open_slots, tmp_path, drive):
    slots = open_slots(tmp_path, count=2)
    done = hang_in(slots, drive, 1, 1)
    drive.set_free()
    done.result(PATIENCE)

    assert slots.refresh() is False

    assert slots.landings.is_landing(1, 1)
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


def test_slot_that_cannot_be_replaced_keeps_its_fragment(open_slots, tmp_path, monkeypatch):
    slots = open_slots(tmp_path, count=1)
    land(slots, 1)
    land(slots, 2)

    def held_open(self, target):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "replace", held_open)
    monkeypatch.setattr(files.time, "sleep", lambda _: None)
    with pytest.raises(StorageError, match="it may not be written"):
        land(slots, 3)
    monkeypatch.undo()

    assert takes(slots) == [2]
    assert holds(slots, 1, 2)
    work = next((tmp_path / ".midifrag").glob("work-*"))
    assert not list(work.glob("*.wav"))
    assert slots.restore(1).take == 1


def test_length_is_what_was_landed(open_slots, tmp_path):
    slots = open_slots(tmp_path)
    content = encode_fragment(fragment(1), 16).content

    assert slots.landings.land(1, EncodedFragment(content, 9.0), record(1), now=1.0, turn=True).seconds == 9.0
    slots.close()
    assert open_slots(tmp_path).states[0].seconds == 9.0


def test_a_fragment_tells_the_checksum_of_its_samples(open_slots, tmp_path):
    slots = open_slots(tmp_path)
    land(slots, 1)

    with slots.path(1).open("rb") as file:
        expected = audio_checksum(file)

    assert slots._slots[1].content.audio == expected
    assert content_of(slots.path(1)).audio == expected


def test_what_is_landed_is_known_without_reading_it_again(open_slots, tmp_path, monkeypatch):
    slots = open_slots(tmp_path, count=1)
    monkeypatch.setattr(module, "content_of", lambda _: None)

    assert land(slots, 1).take == 1


def test_where_a_file_that_was_in_the_way_went_is_told(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=1)
    write_wav(slots.path(1), noise(0.5), RATE)

    state = land(slots, 1)

    assert state.moved != ""
    assert state == slots.states[0]


def test_a_landing_tells_whether_its_slot_sounds(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=2)
    slots.play(1, True)

    assert [land(slots, take, slot=take).sounds for take in (1, 2)] == [True, False]


def test_a_slot_that_a_fragment_waits_for_is_not_looked_at(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=3)
    for take in (1, 2, 3):
        land(slots, take)
    staged = slots.landings.stage(1, encode_fragment(fragment(4), 16), record(4), landed_at=1.0, turn=True)
    slots.path(1).unlink()
    assert not slots.refresh()
    slots.path(2).unlink()
    assert slots.refresh()
    assert takes(slots) == [1, None, 3]

    slots.landings.unstage(staged)

    assert slots.refresh()
    assert takes(slots) == [None, None, 3]


def test_a_fragment_that_took_its_place_has_had_its_turn(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=3)
    land(slots, 1)
    number = slots.choose()
    staged = slots.landings.stage(
        number, encode_fragment(fragment(2), 16), record(2, number=2), landed_at=1.0, turn=True
    )
    assert [slots.choose() for _ in range(3)] == [3, 1, 3]
    # Another one that comes meanwhile has a number of its own.
    assert land(slots, 3, slot=3).take == 3
    assert [staged.swap.content.landing, content_of(slots.path(3)).landing] == [2, 3]

    staged.swap.swap()
    slots.landings.landed(staged, staged.swap.settle())
    slots.save()

    assert takes(slots) == [1, 2, 3]
    assert json.loads((tmp_path / ".midifrag" / "slots.json").read_text())["next"] == 3
    # It waits no more, so its slot has its turn again.
    assert [slots.choose() for _ in range(3)] == [1, 2, 3]


def test_nothing_is_left_beside_a_slot_of_a_fragment_that_was_not_forced_to_the_disk(open_slots, tmp_path, monkeypatch):
    slots = open_slots(tmp_path, count=3)

    def full(_):
        raise StorageError("the disk is full")

    monkeypatch.setattr("midifrag.fragment.swap.force_to_disk", full)
    with pytest.raises(StorageError, match="the disk is full"):
        slots.landings.stage(1, encode_fragment(fragment(1), 16), record(1), landed_at=1.0, turn=True)
    # The hand does one thing after the other.
    slots._slots[1].hand.do(lambda: None)

    assert list(tmp_path.rglob("*.wav")) == []
    assert slots.refresh() is False
    assert slots.choose() == 1
