"""When Hydrogen may read its kit again: what lands together is read together, and not while something sounds.

A reload leaves a gap of some 90 ms in all that sounds. What sounds is known from two things only: slots of which others
say that they sound (`midifrag.fragment.writer_commands.SlotPlaying`), and pads whose note midifrag sent itself when
something landed there, for as long as their sound is. Notes that others send to Hydrogen are not heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

#: Seconds for which a landing waits for others.
SETTLE = 0.03
#: Seconds for which the first of several waits at most.
LONGEST_SETTLE = 0.25
#: Seconds between the beginnings of two reloads: one takes up to 150 ms.
REST = 0.3
#: Seconds of waiting for silence after which that is told.
TOLD_AFTER = 5.0


class Reload:
    """What is wanted, and what is in its way. Moments are monotonic seconds."""

    def __init__(self) -> None:
        self._first = self._last = math.inf
        self._not_before = self._rings_until = -math.inf
        self._sounding: tuple[int, ...] = ()
        self._told = False

    def want(self, now: float) -> None:
        """The kit has changed."""
        self._first, self._last = min(self._first, now), now

    def sounds(self, slots: Iterable[int]) -> None:
        """These slots sound, and no others."""
        self._sounding = tuple(slots)

    def rings(self, until: float) -> None:
        """A pad sounds until then."""
        self._rings_until = max(self._rings_until, until)

    @property
    def is_wanted(self) -> bool:
        """Whether the kit is another one than Hydrogen has."""
        return self._first < math.inf

    @property
    def due(self) -> float:
        """When to reload, as far as is known now; infinity while that is not to be said."""
        if not self.is_wanted or self._sounding:
            return math.inf
        settled = min(self._last + SETTLE, self._first + LONGEST_SETTLE)
        return max(settled, self._not_before, self._rings_until)

    @property
    def telling_due(self) -> float:
        """When to tell that it waits for silence; infinity where that is told, or it does not."""
        return self._first + TOLD_AFTER if self._sounding and not self._told else math.inf

    def tell(self) -> str:
        """What it waits for; from then on that is told."""
        self._told = True
        which = ", ".join(map(str, self._sounding))
        who = f"slots {which} cease" if len(self._sounding) > 1 else f"slot {which} ceases"
        return f"Hydrogen gets what has landed when {who} to sound"

    def begin(self, now: float) -> None:
        """It is asked for at this moment."""
        self._first = self._last = math.inf
        self._not_before = now + REST
        self._told = False

    def again(self, now: float, seconds: float) -> None:
        """It came to nothing, and is asked for again so many seconds from now at the earliest."""
        self.want(now)
        self._not_before = now + seconds
