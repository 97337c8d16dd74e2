"""What is asked of an archive whose drive may hang."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

from midifrag.errors import DriveHangsError, MidifragError, StorageError
from midifrag.fragment import hands
from midifrag.fragment.archive_hand import ArchiveHand
from midifrag.fragment.encoding import encode_take
from midifrag.fragment.unwritten import UnwrittenTake
from tests.fragment.sounds import RATE, noise, record

#: Seconds to wait for what has to come.
PATIENCE = 60.0


@pytest.fixture
def archive(open_archive, tmp_path):
    return open_archive(tmp_path / "takes")


@pytest.fixture
def hand(archive, monkeypatch):
    monkeypatch.setattr(hands, "PATIENCE", PATIENCE)
    made = ArchiveHand(archive)
    yield made
    made._hand.close()


class Drive:
    """A drive that hangs in what a test says, from then until it is set free."""

    def __init__(self, archive, monkeypatch):
        self.free = threading.Event()
        self.calls = []
        self._archive, self._monkeypatch = archive, monkeypatch

    def hang_in(self, name):
        real = getattr(type(self._archive), name)

        def work(archive, *arguments, **keys):
            self.calls.append(name)
            assert self.free.wait(PATIENCE)
            return real(archive, *arguments, **keys)

        self._monkeypatch.setattr(hands, "PATIENCE", 0.05)
        self._monkeypatch.setattr(type(self._archive), name, work)

    def come_back(self, hand):
        self._monkeypatch.setattr(hands, "PATIENCE", PATIENCE)
        self.free.set()
        finish(hand)


@pytest.fixture
def drive(archive, monkeypatch):
    made = Drive(archive, monkeypatch)
    yield made
    made.free.set()


def taken(job=1, **values):
    return UnwrittenTake(job, noise(seed=job), RATE, record(job), began=0.0, **values)


def finish(hand):
    """Wait until everything is done that the hand was given."""
    hand._hand.later(lambda: None).result(PATIENCE)


def test_work_is_done_with_the_archive_on_the_hand_s_own_thread(hand, archive):
    assert hand.do(lambda given: (given, threading.current_thread())) == (archive, hand._hand._thread)
    with pytest.raises(StorageError, match="full"):
        hand.do(lambda _archive: (_ for _ in ()).throw(StorageError("full")))


def test_a_take_that_is_stored_can_be_read(hand):
    take = taken()
    stored = hand.store(take)
    assert (stored.number, take.storing) == (1, None)
    told, audio, rate = hand.read(1)
    assert (told.prompt, told.number, rate) == ("prompt 1", 1, RATE)
    assert np.abs(audio - take.audio).max() < 1e-4
    with pytest.raises(MidifragError, match="2"):
        hand.read(2)


def test_what_was_encoded_ahead_is_what_is_stored(hand):
    ahead = encode_take(noise(seed=5), RATE, 16)
    hand.store(taken(encoded=ahead))
    _, audio, _ = hand.read(1)
    assert np.abs(audio - noise(seed=5)).max() < 1e-3


def test_a_take_is_stored_once_however_often_it_is_asked_for_while_its_drive_hangs(hand, archive, drive):
    drive.hang_in("store_encoded")
    take = taken()
    for _ in range(2):
        with pytest.raises(DriveHangsError):
            hand.store(take)
    assert hand.hangs
    assert take.storing is not None
    with pytest.raises(DriveHangsError):
        hand.store(taken(2))
    drive.come_back(hand)
    assert hand.store(take).number == 1
    assert (hand.hangs, take.storing, drive.calls) == (False, None, ["store_encoded"])
    assert [path.name for path in archive.folder.glob("*.wav")] == ["output001.wav"]


def test_a_take_that_could_not_be_stored_is_stored_anew_when_asked_again(hand, archive, monkeypatch):
    take = taken()
    with monkeypatch.context() as patch:
        patch.setattr(archive, "store_encoded", lambda *_: (_ for _ in ()).throw(StorageError("full")))
        with pytest.raises(StorageError, match="full"):
            hand.store(take)
    assert take.storing is None
    assert hand.store(take).number == 1


def test_where_a_take_landed_is_noted(hand, archive):
    stored = dataclasses.replace(hand.store(taken()), slot=3, landed_at=1000.5)
    hand.mark_landed(stored)
    noted = archive.get(1)
    assert (noted.slot, noted.landed_at) == (3, 1000.5)


@pytest.mark.parametrize("missing", ["number", "slot", "landed_at"])
def test_a_landing_that_is_not_whole_is_not_noted(hand, archive, monkeypatch, missing):
    noted = []
    monkeypatch.setattr(archive, "mark_landed", lambda *values, late: noted.append((*values, late)))
    values = {"number": 1, "slot": 2, "landed_at": 1000.0}
    hand.mark_landed(record(1, **(values | {missing: None})))
    assert noted == []
    hand.mark_landed(record(1, **values))
    assert noted == [(1, 2, 1000.0, False)]


def test_a_landing_is_noted_when_the_drive_is_back_and_nobody_waits_for_it(hand, archive, drive):
    stored = dataclasses.replace(hand.store(taken()), slot=3, landed_at=1000.5)
    drive.hang_in("mark_landed")
    hand.mark_landed(stored)
    assert hand.hangs
    drive.come_back(hand)
    assert archive.get(1).slot == 3


def test_an_index_that_is_behind_catches_up_beside_everything_else_and_in_one_go(hand, archive, drive):
    archive._catching_up.behind = True  # as after somebody put a take there
    assert archive.behind
    drive.hang_in("catch_up_a_little")
    for _ in range(3):
        hand.index_on()
    assert not hand.hangs
    drive.come_back(hand)
    assert drive.calls == ["catch_up_a_little"]
    while archive.behind:
        hand.index_on()
        finish(hand)
    calls = len(drive.calls)
    hand.index_on()
    finish(hand)
    assert len(drive.calls) == calls


def test_another_program_is_found_out_unless_that_cannot_be_asked(hand, archive, monkeypatch, open_archive, drive):
    assert hand.is_shared() is False
    monkeypatch.setattr(archive, "is_shared", lambda: True)
    assert hand.is_shared() is True
    monkeypatch.setattr(archive, "is_shared", lambda: (_ for _ in ()).throw(StorageError("gone")))
    assert hand.is_shared() is False
    monkeypatch.undo()
    drive.hang_in("is_shared")
    assert hand.is_shared() is False
    assert hand.hangs
    drive.come_back(hand)


def test_closing_closes_the_archive_and_ends_the_thread(hand, archive, monkeypatch):
    closed = []
    monkeypatch.setattr(archive, "close", lambda: closed.append(threading.current_thread()))
    hand.do(lambda _archive: None)
    thread = hand._hand._thread
    hand.close()
    thread.join(PATIENCE)
    assert (closed, thread.is_alive()) == ([thread], False)
    monkeypatch.undo()


def test_closing_does_not_wait_for_a_drive_that_hangs(hand, drive):
    hand.do(lambda _archive: None)
    thread = hand._hand._thread
    drive.hang_in("close")
    hand.close()
    assert thread.is_alive()
    drive.free.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
