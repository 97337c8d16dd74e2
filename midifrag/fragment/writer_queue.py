"""What the writer has to do, in the order that it is done: what goes into slots comes before notes about takes."""

from __future__ import annotations

import enum
import itertools
import queue
import threading
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from midifrag.fragment.writer_commands import (
    AnnotateTake,
    ArchiveOnly,
    LandArchived,
    LandLast,
    LandTake,
    LockSlot,
    QueuedCommand,
    RestoreSlot,
    StarTake,
    TrashTake,
)


class Signal(enum.Enum):
    """What the writer is told besides commands: that something that waited for its boundary is over, and the end."""

    WAKE = enum.auto()
    END = enum.auto()


Item: TypeAlias = QueuedCommand | Signal


@dataclass(frozen=True, order=True, slots=True)
class _Turn:
    """Whose turn is earlier is smaller: after how many commands that none overtakes, how patient, the how manieth."""

    after: int
    patience: int
    number: int


class CommandQueue:
    """Commands of any thread, for one. Those that are as urgent as each other stay in their order.

    A hundred takes that are deleted at once wait for what is to land, and not the other way round. Which take is a
    preset's newest depends on what was deleted before: `LandLast` overtakes nothing, and nothing overtakes it.
    """

    def __init__(self) -> None:
        self._waiting: queue.PriorityQueue[tuple[_Turn, Item]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._after = 0
        self._one_by_one = threading.Lock()

    def put(self, item: Item) -> None:
        """Add something to be done. Never blocks."""
        with self._one_by_one:
            if isinstance(item, LandLast):
                self._after += 1
            turn = _Turn(self._after, _patience(item), next(self._numbers))
        self._waiting.put((turn, item))

    def get(self, timeout: float) -> Item:
        """Take out what is to be done next, within so many seconds. Raises `queue.Empty`."""
        return self._waiting.get(timeout=timeout)[1]


def _patience(item: Item) -> int:
    match item:
        case LandTake() | LandArchived() | LandLast() | ArchiveOnly() | LockSlot() | RestoreSlot() | Signal.WAKE:
            return 0
        case StarTake() | AnnotateTake() | TrashTake() | Signal.END:
            return 1
        case _:
            assert_never(item)
