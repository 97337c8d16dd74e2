"""Appointments, their thread and the hands that keep them."""

from __future__ import annotations

import math
import threading
import time

import pytest

from midifrag.clock import monotonic
from midifrag.fragment import punctual
from midifrag.fragment.appointments import EARLY, After, Appointment, Made, Phase
from midifrag.fragment.hands import Hand
from midifrag.fragment.punctual import AHEAD, Punctual
from midifrag.fragment.slot_file import Found
from tests.support import PATIENCE

LYING = Found(seconds=1.0)


class Swapped:
    """Stands in for a swap: what was done to it, in order."""

    def __init__(self, fails=None):
        self.done, self._fails = [], fails

    def make_ready(self, landed_at):
        self.done.append(f"ready {landed_at:g}")

    def put_off(self):
        self.done.append("put off")

    def swap(self):
        if self._fails:
            raise self._fails
        self.done.append("swap")

    def settle(self):
        self.done.append("settle")
        return LYING


class Rig:
    """A punctual on a clock of a test's own, without its thread, and one hand."""

    def __init__(self, **options):
        self.now = 100.0
        #: Whether what goes out when something lands is out.
        self.out = True
        self.punctual = Punctual(lambda: self.now, **options)
        self.hand, self.told = Hand("a slot"), []

    def make(self, job=1, at=104.0, lead=0.0, swap=None):
        swap = swap or Swapped()
        made = Appointment(
            job,
            at,
            lead,
            self.hand,
            swap,
            lambda moment: moment + 1000,
            lambda: self.landed(job),
            lambda outcome: self.told.append((job, outcome)),
        )
        return swap, self.punctual.make(made)

    def landed(self, job):
        self.told.append((job, "landed"))
        return After(lambda: self.out, lambda: self.told.append((job, "told")))

    def go(self, now):
        """Time comes to a moment, and hands have done what they can."""
        self.now = now
        due = self.punctual.look()
        with self.punctual._changed:
            self.punctual._changed.notify_all()
        return due

    def finish(self):
        self.hand.later(lambda: None).result(PATIENCE)


class Slow(Swapped):
    """Begins to replace when it may."""

    def __init__(self, log, name, may=None):
        super().__init__()
        self.log, self.name, self.may = log, name, may

    def swap(self):
        assert self.may is None or self.may.wait(PATIENCE)
        self.log.append(f"{self.name} swaps")

    def settle(self):
        self.log.append(f"{self.name} settles")
        return LYING


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.hand.close()


@pytest.fixture
def prompt():
    """One whose hands do not wait."""
    made = Rig(ahead=0.0)
    yield made
    made.hand.close()


def test_what_is_far_off_is_not_handed_over(rig):
    rig.make(at=104.0, lead=0.5)
    assert rig.go(100.0) == pytest.approx(103.5 - EARLY - AHEAD)
    assert rig.go(103.5 - EARLY - AHEAD - 0.01) is not None
    assert rig.told == []


def test_a_hand_makes_ready_ahead_and_lands_at_the_moment(rig):
    swap, in_time = rig.make()
    assert in_time is Made.IN_TIME
    assert not rig.punctual.is_near()
    assert rig.go(104.0 - AHEAD) is None
    assert rig.punctual.is_near()
    while not swap.done:
        time.sleep(0.001)
    assert swap.done == [f"ready {1104 - EARLY:g}"]
    assert rig.told == []
    rig.go(104.0)
    rig.finish()
    assert swap.done[1:] == ["swap", "settle"]
    assert rig.told == [(1, "landed"), (1, "told"), (1, LYING)]
    assert rig.punctual.moment(1) is None
    assert not rig.punctual.is_near()


def test_what_is_moved_away_while_a_hand_has_it_is_handed_over_again(rig):
    swap, _ = rig.make()
    rig.go(104.0 - AHEAD)
    while not swap.done:
        time.sleep(0.001)
    rig.punctual.move(1, 108.0)
    rig.finish()
    assert swap.done[-1] == "put off"
    assert rig.go(104.0) == pytest.approx(108.0 - EARLY - AHEAD)
    rig.go(108.0)
    rig.finish()
    assert rig.told == [(1, "landed"), (1, "told"), (1, LYING)]


def test_what_is_cancelled_while_a_hand_has_it_does_not_land(rig):
    swap, _ = rig.make()
    rig.go(104.0 - AHEAD)
    while not swap.done:
        time.sleep(0.001)
    assert rig.punctual.cancel(1) is not None
    rig.finish()
    rig.go(110.0)
    rig.finish()
    assert (swap.done[1:], rig.told) == (["put off"], [])


def test_what_is_cancelled_before_is_never_handed_over(prompt):
    swap, _ = prompt.make()
    cancelled = prompt.punctual.cancel(1)
    assert cancelled is not None
    assert cancelled.phase is Phase.OVER
    prompt.go(110.0)
    prompt.finish()
    assert (swap.done, prompt.punctual.cancel(1)) == ([], None)


def test_what_lands_now_cannot_be_called_back(prompt):
    went, free = threading.Event(), threading.Event()

    class Slow(Swapped):
        def swap(self):
            went.set()
            assert free.wait(PATIENCE)

    prompt.make(swap=Slow())
    prompt.go(104.0)
    assert went.wait(PATIENCE)
    assert prompt.punctual.cancel(1) is None
    prompt.punctual.move(1, 200.0)
    free.set()
    prompt.finish()
    assert prompt.told == [(1, "landed"), (1, "told"), (1, LYING)]


def test_what_cannot_take_its_place_is_told_with_the_reason(prompt):
    error = OSError("no")
    prompt.make(swap=Swapped(error))
    prompt.go(104.0)
    prompt.finish()
    assert prompt.told == [(1, error)]
    assert prompt.punctual.moment(1) is None


def test_a_mistake_in_telling_ends_no_hand(prompt, caplog):
    def broken():
        raise KeyError("a mistake")

    swap, told = Swapped(), []
    made = Appointment(1, 104.0, 0.0, prompt.hand, swap, lambda moment: moment, broken, told.append)
    prompt.punctual.make(made)
    prompt.go(104.0)
    prompt.finish()
    assert told == [LYING]
    assert "could not be told" in caplog.text


def test_what_cannot_be_tidied_up_has_landed_all_the_same(prompt, caplog):
    class Untidy(Swapped):
        def settle(self):
            raise OSError("no")

    swap = Untidy()
    swap.content = type("Content", (), {"slot": 3, "seconds": 2.0})()
    prompt.make(swap=swap)
    prompt.go(104.0)
    prompt.finish()
    (landed, told, (_, found)) = prompt.told
    assert (landed, told) == ((1, "landed"), (1, "told"))
    assert (found.content, found.seconds) == (swap.content, 2.0)
    assert "slot 3" in caplog.text


def test_one_that_is_late_waits_until_it_is_moved(prompt):
    _, in_time = prompt.make(at=100.0)
    assert in_time is Made.LATE
    assert prompt.punctual.moment(1) == math.inf
    assert prompt.go(200.0) is None
    prompt.punctual.move(1, 204.0)
    prompt.go(204.0)
    prompt.finish()
    assert prompt.told == [(1, "landed"), (1, "told"), (1, LYING)]


def test_what_is_expected_can_be_moved_and_cancelled(prompt):
    punctual = prompt.punctual
    punctual.move(1, 50.0)
    assert punctual.moment(1) is None
    punctual.expect(1, 104.0)
    punctual.move(1, 108.0)
    assert punctual.moment(1) == 108.0
    assert not punctual.is_cancelled(1)
    assert punctual.cancel(1) is None
    assert punctual.is_cancelled(1)
    punctual.move(1, 110.0)
    assert punctual.is_cancelled(1)
    punctual.forget(1)
    assert not punctual.is_cancelled(1)
    assert punctual.moment(1) is None


def test_what_was_said_meanwhile_counts_when_it_is_made(prompt):
    prompt.punctual.expect(1, 104.0)
    prompt.punctual.move(1, 106.0)
    assert prompt.make(at=104.0)[1] is Made.IN_TIME
    assert prompt.punctual.moment(1) == 106.0
    prompt.punctual.expect(2, 104.0)
    prompt.punctual.cancel(2)
    assert prompt.make(2)[1] is Made.CANCELLED
    assert prompt.punctual.moment(2) is None
    assert not prompt.punctual.is_cancelled(2)


def test_what_insists_lands_at_its_own_moment(prompt):
    prompt.punctual.expect(1, 104.0)
    swap = Swapped()
    made = Appointment(
        1, 107.0, 0.0, prompt.hand, swap, lambda moment: moment, lambda: After(bool, bool), lambda _outcome: None
    )
    prompt.punctual.make(made, insists=True)
    assert prompt.punctual.moment(1) == 107.0


def test_what_is_taken_back_is_expected_again(prompt):
    prompt.make(at=104.0)
    assert prompt.punctual.cancel(1, again=True) is not None
    assert prompt.punctual.moment(1) == 104.0


def test_the_thread_keeps_appointments_by_itself():
    punctual, hand, landed = Punctual(), Hand("a slot"), threading.Event()
    punctual.start()
    began, swap = monotonic(), Swapped()
    made = Appointment(
        1,
        began + 60.0,
        0.0,
        hand,
        swap,
        lambda moment: moment,
        lambda: After(landed.is_set, landed.set),
        lambda _outcome: None,
    )
    assert punctual.make(made) is Made.IN_TIME
    punctual.move(1, monotonic() + 0.3)
    moment = punctual.moment(1)
    assert landed.wait(PATIENCE)
    assert moment is not None
    assert monotonic() >= moment - EARLY
    punctual.close()
    hand.close()
    assert punctual._thread is not None
    punctual._thread.join(PATIENCE)
    assert not punctual._thread.is_alive()


def test_what_cannot_be_handed_over_is_tried_again(rig, monkeypatch):
    swap, _ = rig.make()
    later, tries = rig.hand.later, []

    def fails_once(work):
        tries.append(work)
        if len(tries) == 1:
            raise RuntimeError("can't start new thread")
        return later(work)

    monkeypatch.setattr(rig.hand, "later", fails_once)
    rig.now = 104.0 - AHEAD
    rig.punctual.start()
    deadline = monotonic() + PATIENCE
    while len(tries) < 2 and monotonic() < deadline:
        rig.now += 0.001
        time.sleep(0.001)
    rig.now = 104.0
    with rig.punctual._changed:
        rig.punctual._changed.notify_all()
    while (1, LYING) not in rig.told and monotonic() < deadline:
        time.sleep(0.001)
        with rig.punctual._changed:
            rig.punctual._changed.notify_all()
    assert "swap" in swap.done
    rig.punctual.close()


@pytest.mark.parametrize("patience", [PATIENCE, 0.0])
def test_what_is_left_to_do_waits_for_others_of_the_same_moment_but_not_for_ever(rig, monkeypatch, patience):
    monkeypatch.setattr(punctual, "OTHERS_FIRST", patience)
    log, may = [], threading.Event()
    second = Hand("another slot")
    rig.make(1, swap=Slow(log, "first"))
    rig.hand, first = second, rig.hand
    rig.make(2, swap=Slow(log, "second", may))
    rig.go(104.0)
    last = (1, "landed") if patience else (1, LYING)
    deadline = monotonic() + PATIENCE
    while last not in rig.told and monotonic() < deadline:
        time.sleep(0.001)
    assert log == ["first swaps", "first settles"][: 1 if patience else 2]
    assert ((1, "told") in rig.told) is not bool(patience)
    may.set()
    for hand in (first, second):
        hand.later(lambda: None).result(PATIENCE)
    assert sorted(log) == ["first settles", "first swaps", "second settles", "second swaps"]
    second.close()
    rig.hand = first


def test_all_of_one_moment_take_their_places_and_their_notes_go_out_before_anything_is_told(rig, monkeypatch):
    monkeypatch.setattr(punctual, "OTHERS_FIRST", PATIENCE)
    jobs, log, rig.out = range(1, 9), [], False
    hands = {job: Hand(f"slot {job}") for job in jobs}
    mine = rig.hand
    for job, hand in hands.items():
        rig.hand = hand
        rig.make(job, at=104.0, swap=Slow(log, f"{job}"))
    rig.hand = mine
    rig.go(104.0)
    deadline = monotonic() + PATIENCE
    while len(rig.told) < len(jobs) and monotonic() < deadline:
        time.sleep(0.001)
    # All have landed, and their notes are with the output: nothing else is done yet.
    assert sorted(log) == [f"{job} swaps" for job in jobs]
    assert sorted(rig.told) == [(job, "landed") for job in jobs]
    rig.out = True
    for hand in hands.values():
        hand.later(lambda: None).result(PATIENCE)
        hand.close()
    assert sorted(log[8:]) == [f"{job} settles" for job in jobs]
    assert sorted(rig.told[8:], key=str) == sorted([(job, what) for job in jobs for what in ("told", LYING)], key=str)


@pytest.mark.parametrize("out", ["never", "a mistake"])
def test_what_does_not_go_out_is_not_waited_for_long(rig, caplog, out):
    def is_out():
        if out == "a mistake":
            raise KeyError("a mistake")
        return False

    swap = Swapped()
    after = After(is_out, lambda: rig.told.append("told"))
    one = Appointment(1, 104.0, 0.0, rig.hand, swap, float, lambda: after, rig.told.append)
    rig.punctual.make(one)
    rig.go(104.0)
    rig.finish()
    assert rig.told == ["told", LYING]
    assert ("could not be told" in caplog.text) is (out == "a mistake")
