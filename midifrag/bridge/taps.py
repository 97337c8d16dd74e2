"""A tempo that is tapped."""

from __future__ import annotations

from collections import deque

#: A tap later than this after the one before begins anew, in seconds: a quarter note at 20 beats a minute and a bit.
PAUSE = 3.5
#: So many of the last taps count.
LAST = 8
#: A tap that comes sooner than this is none: a pad that bounces, in seconds.
SOONEST = 0.12
#: An interval so much longer or shorter than those before begins anew.
ELSEWHERE = 1.5


class Taps:
    """The tempo of taps, one each quarter note. ``count`` is how many there are in the present row."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=LAST)
        self.count = 0

    def tap(self, time: float) -> float | None:
        """Take in a tap at ``time`` (seconds): the tempo in quarter notes a minute, None for the first of a row."""
        last = self._times[-1] if self._times else None
        if last is not None and 0 <= time - last < SOONEST:
            return self.bpm
        if last is not None and not self._fits(time - last):
            # The one before may be the first at another tempo.
            self._times = deque([last] if 0 < time - last <= PAUSE else [], maxlen=LAST)
            self.count = len(self._times)
        self._times.append(time)
        self.count += 1
        return self.bpm

    @property
    def bpm(self) -> float | None:
        """The tempo of the row; None where there is none yet."""
        if len(self._times) < 2:
            return None
        return 60 * (len(self._times) - 1) / (self._times[-1] - self._times[0])

    @property
    def beat(self) -> float:
        """When the last tap was due by all of the row, in seconds; there must be one."""
        if len(self._times) < 2:
            return self._times[-1]
        each = (self._times[-1] - self._times[0]) / (len(self._times) - 1)
        return sum(time + back * each for back, time in enumerate(reversed(self._times))) / len(self._times)

    def _fits(self, interval: float) -> bool:
        if not 0 <= interval <= PAUSE:
            return False
        bpm = self.bpm
        return bpm is None or 1 / ELSEWHERE <= interval * bpm / 60 <= ELSEWHERE
