"""Takes that are kept in memory while a disk says no, and when each is tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from midifrag.fragment.rescue import UnarchivedTake
from midifrag.fragment.unwritten import UnwrittenTake
from midifrag.fragment.writer_events import Held

#: Bytes of audio kept in memory for disks that cannot be written; beyond it the least precious take is given up.
HELD_BYTES = 1_000_000_000
#: Seconds until a held take is tried again: the first time, and at most; each time twice as long.
FIRST_RETRY, LONGEST_RETRY = 0.25, 5.0


class HeldTakes:
    """The takes, in the order in which they came; at most ``most`` bytes of them, by the clock ``monotonic``."""

    def __init__(self, most: int, monotonic: Callable[[], float]) -> None:
        self._most = most
        self._monotonic = monotonic
        self._takes: list[UnwrittenTake] = []

    def __iter__(self) -> Iterator[UnwrittenTake]:
        # Others look while the writer is at it.
        return iter(tuple(self._takes))

    @property
    def told(self) -> tuple[Held, ...]:
        """What was last told about each."""
        return tuple(take.told for take in self if take.told is not None)

    @property
    def unarchived(self) -> list[UnarchivedTake]:
        """Those that are nowhere else."""
        return [UnarchivedTake(take.audio, take.sample_rate, take.record) for take in self if not take.is_archived]

    def due(self, otherwise: float) -> float:
        """When the next one is tried again, on the monotonic clock; without any, ``otherwise``."""
        return min((take.due for take in self), default=otherwise)

    def before(self, take: UnwrittenTake) -> list[UnwrittenTake]:
        """Those that came before a take, all of them where it is not held."""
        return self._takes[: self._takes.index(take)] if take in self._takes else list(self._takes)

    def hold(self, take: UnwrittenTake) -> None:
        """Keep a take, and try it again later than the last time."""
        take.tries += 1
        take.due = self._monotonic() + min(FIRST_RETRY * 2.0 ** (take.tries - 1), LONGEST_RETRY)
        if take not in self._takes:
            self._takes.append(take)

    def release(self, take: UnwrittenTake) -> None:
        """A take is held no more."""
        if take in self._takes:
            self._takes.remove(take)

    def too_many(self) -> Iterator[UnwrittenTake]:
        """Release the least precious takes until the others find room; the last one stays whatever its size."""
        while len(self._takes) > 1 and sum(one.size for one in self._takes) > self._most:
            # Archived takes can be sent to a slot again, unused spares were not asked for; then the oldest.
            least = min(self._takes, key=lambda one: (one.record.number is None, not one.record.spare))
            self._takes.remove(least)
            yield least
