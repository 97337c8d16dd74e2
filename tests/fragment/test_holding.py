"""Takes that wait for a disk, in memory."""

from __future__ import annotations

import pytest

from midifrag.fragment.encoding import EncodedFragment
from midifrag.fragment.holding import FIRST_RETRY, LONGEST_RETRY, HeldTakes
from midifrag.fragment.unwritten import UnwrittenTake
from midifrag.fragment.writer_events import Held
from tests.fragment.sounds import RATE, noise, record

ONE = noise().nbytes


def take(job, *, number=None, spare=False, kept=False):
    made = UnwrittenTake(job, noise(), RATE, record(job, number=number, spare=spare), 0.0, kept=kept)
    made.fragment = EncodedFragment(b"", 1.0)
    return made


def test_pauses_grow_from_try_to_try():
    held, one = HeldTakes(ONE, lambda: 100.0), take(1)
    pauses = []
    for _ in range(7):
        held.hold(one)
        pauses.append(held.due(0.0) - 100.0)
    assert pauses == [FIRST_RETRY, 0.5, 1.0, 2.0, 4.0, LONGEST_RETRY, LONGEST_RETRY]
    assert list(held) == [one]
    held.release(one)
    held.release(one)
    assert (list(held), held.due(7.0)) == ([], 7.0)


def test_those_that_came_before():
    held, takes = HeldTakes(ONE, lambda: 0.0), [take(job) for job in (1, 2, 3)]
    for one in takes[:2]:
        held.hold(one)
    assert held.before(takes[1]) == takes[:1]
    assert held.before(takes[2]) == takes[:2]


def test_what_is_told_and_what_is_nowhere_else():
    held = HeldTakes(9 * ONE, lambda: 0.0)
    for one in (take(1), take(2, number=5), take(3, kept=True)):
        one.told = Held(one.job, "full", "slot") if one.job == 2 else None
        held.hold(one)
    assert [told.job for told in held.told] == [2]
    assert [one.record.job for one in held.unarchived] == [1]


def test_the_least_precious_go_first():
    held = HeldTakes(ONE, lambda: 0.0)
    for one in (take(1), take(2, number=5), take(3, spare=True), take(4)):
        held.hold(one)
    assert [one.job for one in held.too_many()] == [2, 3, 1]
    assert [one.job for one in held] == [4]


@pytest.mark.parametrize("most", [0, ONE])
def test_the_last_one_stays(most):
    held = HeldTakes(most, lambda: 0.0)
    held.hold(take(1))
    assert list(held.too_many()) == []
