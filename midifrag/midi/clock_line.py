"""A straight line through the ticks of a clock: when each tick is due, whatever each one's own delay was.

The line is laid by least squares through the newest ticks, those left out that came far off it. It is as long as the
tempo has been steady: where its newest part bends away from it, the older part is forgotten. So a steady clock is known
to fractions of its jitter, and one whose tempo moves is followed within some ticks.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Sequence
from operator import mul, sub
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


class _Ticks(NamedTuple):
    """Ticks by their numbers and times, both counted from ``first``: sums of a machine's uptime would lose digits."""

    first: tuple[int, float]
    numbers: Sequence[int]
    times: Sequence[float]

    @property
    def slope(self) -> float | None:
        """Seconds a tick, by least squares; None where they tell none."""
        count, numbers, times = len(self.numbers), self.numbers, self.times
        sum_numbers, sum_times = sum(numbers), sum(times)
        spread = count * sum(map(mul, numbers, numbers)) - sum_numbers * sum_numbers
        rise = count * sum(map(mul, numbers, times)) - sum_numbers * sum_times
        return rise / spread if spread and rise > 0 else None

    def start(self, slope: float) -> float:
        """When number 0 is due by the line with this slope."""
        return (sum(self.times) - slope * sum(self.numbers)) / len(self.numbers)

    def off(self, slope: float) -> list[float]:
        """How late each tick came by that line."""
        start = self.start(slope)
        return [time - start - slope * number for number, time in zip(self.numbers, self.times, strict=True)]

    def newest(self, count: int) -> _Ticks:
        """The newest ones alone."""
        return _Ticks(self.first, self.numbers[-count:], self.times[-count:])


class ClockLine:
    """The line through what is `add`-ed: tick ``count`` is due at ``time``, and one each ``period`` seconds.

    ``period`` is what is taken for the tempo before there are ticks.
    """

    def __init__(self, period: float) -> None:
        self.period = period
        self.time = 0.0
        self.count = 0
        self._ticks: deque[tuple[int, float]] = deque(maxlen=LONGEST)
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
        self._ticks.append((count, time))
        self._since += 1
        self._unlaid += 1
        if self._since <= ENOUGH or self._unlaid >= EVERY:
            self._lay()

    def _lay(self) -> None:
        self._unlaid = 0
        ticks = _near(_counted(self._ticks))
        while len(ticks.numbers) > SHORTEST and _bends(ticks, self._slope(ticks)):
            ticks = ticks.newest(max(SHORTEST, len(ticks.numbers) // 2))
            oldest = ticks.first[0] + ticks.numbers[0]
            while self._ticks[0][0] < oldest:
                self._ticks.popleft()
        self.period = self._slope(ticks)
        self.count = ticks.first[0] + ticks.numbers[-1]
        self.time = ticks.first[1] + ticks.start(self.period) + self.period * ticks.numbers[-1]

    def _slope(self, ticks: _Ticks) -> float:
        slope = ticks.slope
        if self._since > ENOUGH:
            return slope or self.period
        if slope is None:
            return self._before
        strays = max(STRAYING, _straying(ticks.off(slope)))
        unsure = strays * math.sqrt(12 / len(ticks.numbers) ** 3)
        return self._before if abs(slope - self._before) < 3 * unsure else slope


def _counted(ticks: Sequence[tuple[int, float]]) -> _Ticks:
    number, time = first = ticks[0]
    return _Ticks(first, [tick[0] - number for tick in ticks], [tick[1] - time for tick in ticks])


def _straying(off: Sequence[float]) -> float:
    """The standard deviation of single ticks: by their neighbours, so that a bent line does not count."""
    steps = list(map(abs, map(sub, off[1:], off)))
    # Of a normal distribution, by the median, which one late tick does not move.
    return statistics.median(steps) / 0.6745 / math.sqrt(2) if steps else 0.0


def _near(ticks: _Ticks) -> _Ticks:
    """The ticks without those that came far off the line through all; the newest ones may begin another line."""
    slope = ticks.slope
    if slope is None or len(ticks.numbers) <= NEWEST:
        return ticks
    off = ticks.off(slope)
    usual = statistics.median(off)
    away = [abs(one - usual) for one in off]
    most = FAR * statistics.median(away) + FAR_SECONDS
    if max(away) <= most or sum(one > most for one in away[-NEWEST:]) > NEWEST // 3:
        return ticks
    near = [place for place, one in enumerate(away) if one <= most]
    return _Ticks(ticks.first, [ticks.numbers[place] for place in near], [ticks.times[place] for place in near])


def _bends(ticks: _Ticks, slope: float) -> bool:
    """Whether the newest ticks leave the line through all of them."""
    off = ticks.off(slope)
    unsure = 1.2533 * _straying(off) / math.sqrt(NEWEST)
    return abs(statistics.median(off[-NEWEST:])) > BENT * unsure + BENT_SECONDS
