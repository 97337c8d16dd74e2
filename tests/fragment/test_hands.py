"""Work that may never come back."""

from __future__ import annotations

import threading

import pytest

from midifrag.errors import DriveHangsError, StorageError
from midifrag.fragment import hands
from midifrag.fragment.hands import Hand, within

#: Seconds to wait for what has to come.
PATIENCE = 60.0


@pytest.fixture
def drive():
    """A drive that hangs until it is set free."""
    free = threading.Event()
    yield free
    free.set()


@pytest.fixture
def hand(monkeypatch):
    monkeypatch.setattr(hands, "PATIENCE", 0.05)
    made = Hand("/net/drive")
    yield made
    made.close()


def stuck(drive, answer="came back"):
    def work():
        assert drive.wait(PATIENCE)
        return answer

    return work


def test_work_is_done_in_turn_on_another_thread(hand):
    assert hand.do(threading.current_thread) is not threading.current_thread()
    assert hand.do(threading.current_thread) is hand.do(threading.current_thread)
    done = [hand.begin(lambda n=n: n) for n in range(5)]
    assert [hand.result(one) for one in done] == [0, 1, 2, 3, 4]


def refuse():
    raise StorageError("the disk is full")


def test_what_goes_wrong_reaches_who_waits_and_stops_nothing(hand):
    with pytest.raises(StorageError, match="the disk is full"):
        hand.do(refuse)
    with pytest.raises(ZeroDivisionError):
        hand.do(lambda: 1 / 0)
    with pytest.raises(TimeoutError, match="of the drive itself"):
        hand.do(lambda: (_ for _ in ()).throw(TimeoutError("of the drive itself")))
    assert not hand.hangs
    assert hand.do(lambda: "x") == "x"


def test_nobody_waits_for_what_hangs_and_its_answer_is_there_when_it_comes_back(hand, drive):
    first = hand.begin(stuck(drive))
    with pytest.raises(DriveHangsError, match=r"^/net/drive does not answer: check its drive or its network"):
        hand.result(first)
    assert hand.hangs
    begun = []
    with pytest.raises(DriveHangsError):
        hand.begin(lambda: begun.append(1))
    after = hand.later(lambda: begun.append(2))
    hand.wait(after)
    assert not after.done()
    with pytest.raises(DriveHangsError):
        hand.result(first)

    drive.set()
    after.result(PATIENCE)

    assert not hand.hangs
    assert hand.result(first) == "came back"
    assert begun == [2]


def test_all_hands_are_waited_for_together(monkeypatch, drive):
    monkeypatch.setattr(hands, "PATIENCE", 0.05)
    made = [Hand(n) for n in range(3)]
    asked = [(one, one.begin(stuck(drive) if one.place == 1 else lambda: "x")) for one in made]
    Hand.wait_for_all(asked)
    assert [one.hangs for one in made] == [False, True, False]
    drive.set()
    assert [future.result(PATIENCE) for _, future in asked] == ["x", "came back", "x"]
    for one in made:
        one.close()


def test_a_hand_that_was_closed_begins_anew(hand):
    hand.do(lambda: None)
    hand.close()
    assert hand.do(lambda: "x") == "x"


def test_one_thing_within_a_time(drive):
    assert within("here", lambda: 3) == 3
    with pytest.raises(DriveHangsError, match=r"^here does not answer"):
        within("here", stuck(drive), 0.05)
