"""In which order the writer does what it is asked."""

from __future__ import annotations

import queue

import pytest

from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.writer_commands import (
    AnnotateTake,
    LandArchived,
    LandLast,
    LockSlot,
    RestoreSlot,
    StarTake,
    TrashTake,
)
from midifrag.fragment.writer_queue import CommandQueue, Signal

STAR, NOTE, DELETE = StarTake(1, True), AnnotateTake(1, "x"), TrashTake(1, True)
LOCK, RESTORE = LockSlot(1, True), RestoreSlot(2)
LAND, OTHER = LandArchived(1, 1, FragmentOptions()), LandArchived(2, 2, FragmentOptions())
LAST = LandLast(3, "Opening", "36", FragmentOptions())


@pytest.mark.parametrize(
    ("put", "done"),
    [
        ([DELETE, STAR, NOTE, LAND, LOCK, RESTORE, OTHER], [LAND, LOCK, RESTORE, OTHER, DELETE, STAR, NOTE]),
        ([DELETE, Signal.WAKE, LAND], [Signal.WAKE, LAND, DELETE]),
        ([DELETE, LAND, LAST, STAR, OTHER], [LAND, DELETE, LAST, OTHER, STAR]),
        ([DELETE, Signal.END, LAND], [LAND, DELETE, Signal.END]),
    ],
    ids=["slots before takes", "what is over", "a preset's newest", "the end"],
)
def test_what_goes_into_slots_comes_before_what_is_noted_of_takes(put, done):
    commands = CommandQueue()
    for one in put:
        commands.put(one)
    assert [commands.get(0.0) for _ in put] == done
    with pytest.raises(queue.Empty):
        commands.get(0.0)
