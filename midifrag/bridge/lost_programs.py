"""Program changes that no bank has: a song may hold dozens for its synthesisers, and one line tells that as well."""

from __future__ import annotations

from midifrag.clock import Clock

#: So many are told one by one within so many seconds; the rest are counted, and told together after that.
TOLD, WITHIN = 3, 30.0


class LostPrograms:
    """Says which program changes selected nothing, a few lines at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = -WITHIN
        self._told = self._untold = 0

    def tell(self, program: int | None, stays: str) -> str | None:
        """A line for a program that no bank has while the bank called ``stays`` is active; None if it is counted."""
        if self._is_over() and not self._untold:
            self._since, self._told = self._clock.now(), 0
        if self._told == TOLD:
            self._untold += 1
            return None
        self._told += 1
        return f"no bank for program {program}; {stays} stays"

    def summary(self) -> str | None:
        """A line for those that were counted, when it is time; call it now and then."""
        if not self._untold or not self._is_over():
            return None
        more, self._untold = self._untold, 0
        self._since = self._clock.now()
        counted = "1 more program change has" if more == 1 else f"{more} more program changes have"
        return f"{counted} no bank; program_changes: {{channel: N}} limits which of them count"

    def _is_over(self) -> bool:
        return self._clock.now() - self._since >= WITHIN
