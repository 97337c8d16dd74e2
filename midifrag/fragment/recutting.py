"""Fragments of bars and beats that wait for a boundary while the tempo moves: which are to be cut anew, and when."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import assert_never

from midifrag.fragment.length import MusicalLength
from midifrag.fragment.unwritten import UnwrittenTake
from midifrag.fragment.writer_commands import LandArchived, LandCommand, LandLast, LandTake, Recut
from midifrag.timeline import Signature

#: Seconds before it lands in which a fragment is not cut anew any more, beside twice what its files took.
TOO_LATE = 0.4
#: Seconds between two cuts of one fragment: a tempo that moves on asks for many.
EACH = 0.25


class Times:
    """The time that each job is to land in, as was said last. `tell` may be called by any thread."""

    def __init__(self) -> None:
        self._wanted: dict[int, tuple[float, Signature]] = {}
        #: When what waits may be cut anew, in monotonic seconds.
        self._next: dict[int, float] = {}

    def tell(self, command: Recut) -> None:
        """A job lands in another time."""
        self._wanted[command.job] = command.bpm, command.signature

    def of(self, command: LandCommand) -> LandCommand:
        """A command in the time that was said of its job since it was given."""
        wanted = self._wanted.get(command.job)
        if wanted is None:
            return command
        arrival = dataclasses.replace(command.arrival, bpm=wanted[0], signature=wanted[1])
        match command:
            case LandTake() | LandArchived():
                length = command.length.at(*wanted) if isinstance(command.length, MusicalLength) else command.length
                return dataclasses.replace(command, arrival=arrival, length=length)
            case LandLast():
                return dataclasses.replace(command, arrival=arrival)
            case _:
                assert_never(command)

    def another(self, take: UnwrittenTake) -> MusicalLength | None:
        """The length that a take's fragment is to have, if that is another one than it has."""
        wanted, length = self._wanted.get(take.job), take.length
        if wanted is None or not isinstance(length, MusicalLength):
            return None
        other = length.at(*wanted)
        return None if other.is_near(length) else other

    def is_time(self, take: UnwrittenTake, lands_at: float, now: float) -> bool:
        """Whether a take that lands at a moment may be cut anew now; if so, not again for a while."""
        left = lands_at - take.arrival.lead - now
        if left < TOO_LATE + 2 * take.write_seconds or now < self._next.get(take.job, now):
            return False
        self._next[take.job] = now + EACH
        return True

    def keep(self, jobs: Collection[int]) -> None:
        """Forget all jobs but these."""
        for job in [job for job in tuple(self._wanted) if job not in jobs]:
            del self._wanted[job]
            self._next.pop(job, None)
