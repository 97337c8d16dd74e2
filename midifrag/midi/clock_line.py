"""A straight line through the ticks of a clock: when each tick is due, whatever each one's own delay was.

The line is laid by least squares through the newest ticks, those left out that came far off it. It is as long as the
tempo has been steady: where its newest part bends away from it, the older part is forgotten. So a steady clock is known
to fractions of its jitter, and one whose tempo moves is followed within some ticks.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

#: The most ticks that the line is laid through: two bars in 4/4.
LONGEST = 192
#: The fewest that an older part is forgotten for: half a quarter note.
SHORTEST = 12
#: So many of the newest ticks tell whether the line bends, by the median of how far they are off it.
NEWEST = 12
#: The line bends where that is more than so many of its standard errors, and more than so many seconds.
BENT, BENT_SECONDS = 5.0, 0.0002
#: Ticks farther off than so many times what is usual, and so many seconds more, say nothing.
FAR, FAR_SECONDS = 6.0, 0.001
#: What a tick is taken to stray by at least, in seconds, while there are few.
STRAYING = 0.001
#: From so many ticks on, they alone tell the tempo; before, it stays what it was unless they surely say another.
ENOUGH = 24
#: Between two of the longer lines lie so many ticks.
EVERY = 6


class Counted(NamedTuple):
    """A tick's number in the clock's count, and when it came (monotonic seconds)."""

    number: int
    time: float


class ClockLine:
    """The line through what is `add`-ed: tick ``count`` is due at ``time``, and one each ``period`` seconds.

    ``period`` is what is taken for the tempo before there are ticks.
    """

    def __init__(self, period: float) -> None:
        self.period = period
        self.time = 0.0
        self.count = 0
        self._ticks: deque[Counted] = deque(maxlen=LONGEST)
        self._before = period
        self._since = 0
        self._unlaid = 0

    def __len__(self) -> int:
        return len(self._ticks)

    def due(self, count: float) -> float:
        """When a tick is due, in monotonic seconds."""
        return self.time + (count - self.count) * self.period

    def count_at(self, time: float) -> float:
        """Which tick is due at a moment, and how far it is to the next one."""
        return self.count + (time - self.time) / self.period

    def begin(self, period: float | None = None) -> None:
        """Forget the ticks; their tempo stays until new ones surely say another, unless ``period`` is one."""
        self._ticks.clear()
        self._before = self.period = self.period if period is None else period
        self._since = 0

    def add(self, count: int, time: float) -> None:
        """Take in a tick."""
        self._ticks.append(Counted(count, time))
        self._since += 1
        self._unlaid += 1
        if self._since <= ENOUGH or self._unlaid >= EVERY:
            self._lay()

    def _lay(self) -> None:
        self._unlaid = 0
        ticks = _near(list(self._ticks))
        while len(ticks) > SHORTEST and _bends(ticks, self._slope(ticks)):
            ticks = ticks[-max(SHORTEST, len(ticks) // 2) :]
            while self._ticks[0] != ticks[0]:
                self._ticks.popleft()
        self.period = self._slope(ticks)
        middle, mean = _middle(ticks)
        self.count = ticks[-1].number
        self.time = mean + (self.count - middle) * self.period

    def _slope(self, ticks: Sequence[Counted]) -> float:
        slope = _slope(ticks)
        if self._since > ENOUGH:
            return slope or self.period
        if slope is None:
            return self._before
        strays = max(STRAYING, _straying(_off(ticks, slope)))
        unsure = strays * math.sqrt(12 / len(ticks) ** 3)
        return self._before if abs(slope - self._before) < 3 * unsure else slope


def _middle(ticks: Sequence[Counted]) -> tuple[float, float]:
    first = ticks[0]
    # From the first one, as a machine's uptime would eat the digits.
    count = sum(tick.number - first.number for tick in ticks) / len(ticks)
    return first.number + count, first.time + sum(tick.time - first.time for tick in ticks) / len(ticks)


def _slope(ticks: Sequence[Counted]) -> float | None:
    """Seconds a tick; None where they tell none."""
    middle, mean = _middle(ticks)
    spread = sum((tick.number - middle) ** 2 for tick in ticks)
    rise = sum((tick.number - middle) * (tick.time - mean) for tick in ticks)
    return rise / spread if spread and rise > 0 else None


def _off(ticks: Sequence[Counted], slope: float) -> list[float]:
    """How late each tick came, by the line with this slope."""
    middle, mean = _middle(ticks)
    return [tick.time - mean - (tick.number - middle) * slope for tick in ticks]


def _straying(off: Sequence[float]) -> float:
    """The standard deviation of single ticks: by their neighbours, so that a bent line does not count."""
    steps = [abs(later - earlier) for earlier, later in itertools.pairwise(off)]
    # Of a normal distribution, by the median, which one late tick does not move.
    return statistics.median(steps) / 0.6745 / math.sqrt(2) if steps else 0.0


def _near(ticks: list[Counted]) -> list[Counted]:
    """The ticks without those that came far off the line through all; the newest ones may begin another line."""
    slope = _slope(ticks)
    if slope is None or len(ticks) <= NEWEST:
        return ticks
    off = _off(ticks, slope)
    usual = statistics.median(off)
    most = FAR * statistics.median(abs(one - usual) for one in off) + FAR_SECONDS
    late = [abs(one - usual) > most for one in off]
    if sum(late[-NEWEST:]) > NEWEST // 3:
        return ticks
    return [tick for tick, far in zip(ticks, late, strict=True) if not far]


def _bends(ticks: Sequence[Counted], slope: float) -> bool:
    """Whether the newest ticks leave the line through all of them."""
    off = _off(ticks, slope)
    unsure = 1.2533 * _straying(off) / math.sqrt(NEWEST)
    return abs(statistics.median(off[-NEWEST:])) > BENT * unsure + BENT_SECONDS
