"""Whose turn it is: which slot the next fragment goes to, and which are left out of the turn because they sound."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

#: A part of a turn that counts as none: so near its end, a slot is at it.
_AT_THE_END = 1e-6


@dataclass(frozen=True, slots=True)
class Playing:
    """A slot sounds since a moment in monotonic seconds; ``seconds`` is how long a turn of it is, 0 if nobody knows.

    ``job`` is whose fragment sounds, None if nobody knows.
    """

    since: float
    seconds: float
    job: int | None = None

    def end_of_turn(self, moment: float) -> float:
        """The first end of a turn at or after ``moment``."""
        if self.seconds <= 0:
            return moment
        turns = math.ceil((moment - self.since) / self.seconds - _AT_THE_END)
        return self.since + max(1, turns) * self.seconds


class Rotation:
    """The turn of slots 1 to ``count``; ``next`` is the one that comes next. Slots may be told to sound by any thread.

    A slot that sounds is left out, and so is one that a fragment waits for, as long as there is another one.
    """

    def __init__(self, count: int) -> None:
        self.next = 1
        #: Of those who have slots of their own, by these, which comes next.
        self._next_of: dict[tuple[int, ...], int] = {}
        self._count = count
        self._playing: dict[int, Playing] = {}

    def play(self, slot: int, playing: Playing | None) -> None:
        """A slot sounds, or (None) does not any more."""
        if playing is None:
            self._playing.pop(slot, None)
        else:
            self._playing[slot] = playing

    def playing(self, slot: int) -> Playing | None:
        """How a slot sounds; None for one that does not."""
        return self._playing.get(slot)

    def choose(
        self,
        able: Collection[int],
        awaited: Collection[int],
        *,
        protect: bool,
        among: tuple[int, ...] | None = None,
    ) -> int:
        """The next in turn of those that are ``able``, at least one; ``awaited`` are those that a fragment waits for.

        Where all that nothing waits for sound, it is the one that began first. The turn goes on behind it. Those that
        are ``among`` some have a turn of their own.
        """
        first = self.next if among is None else self._next_of.get(among, self.next)
        in_turn = [(first - 1 + step) % self._count + 1 for step in range(self._count)]
        candidates = [number for number in in_turn if number in able]
        chosen = min(candidates, key=lambda number: self._rank(number, awaited, protect, candidates))
        behind = chosen % self._count + 1
        if among is None:
            self.next = behind
        else:
            self._next_of[among] = behind
        return chosen

    def _rank(
        self, number: int, awaited: Collection[int], protect: bool, candidates: Sequence[int]
    ) -> tuple[bool, bool, float, int]:
        playing = self._playing.get(number) if protect else None
        since = playing.since if playing is not None else 0.0
        return number in awaited, playing is not None, since, candidates.index(number)
