"""The musical time of one port: its tempo, as the ticks of MIDI's timing clock tell it.

A line is laid through the ticks of the last bars by least squares. Its slope is the tempo. How far that can be trusted
is told by how ticks stray from the line, and by how sixteenths differ in length: the clock of a busy DAW strays by
milliseconds, that of a loop that sleeps wanders, and both are steady all the same.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from midifrag.midi.messages import Tick, TransportChange

TICKS_PER_QUARTER = 24
#: Ticks of a sixteenth note.
_SIXTEENTH = TICKS_PER_QUARTER // 4
#: Two bars in 4/4: the longest that a tempo is measured over, in ticks.
WINDOW = 8 * TICKS_PER_QUARTER
#: A tick later than this after the one before starts a new measurement, in seconds (5 BPM has a tick each 0.5 s).
GAP_SECONDS = 0.5
#: The last quarter is not like the bars before it where it differs from them by so many of its standard errors.
SURE = 4.0


class Measured(NamedTuple):
    """A tempo and its standard error, in quarter notes a minute."""

    bpm: float
    error: float


class Transport:
    """Follows one port's ticks. ``tempo`` is measured anew each quarter note; None before a whole one was heard."""

    def __init__(self) -> None:
        self.tempo: Measured | None = None
        #: How often it was measured.
        self.measured = 0
        self._times: deque[float] = deque(maxlen=WINDOW + 1)
        self._since = 0

    @property
    def last(self) -> float | None:
        """When the last tick came; None before the first one."""
        return self._times[-1] if self._times else None

    def feed(self, event: Tick | TransportChange) -> None:
        """Take the next event of the port. Starting, stopping and locating tell no tempo."""
        if not isinstance(event, Tick):
            return
        if self._times and not 0 <= event.time - self._times[-1] <= GAP_SECONDS:
            self._times.clear()
            self._since, self.tempo = 0, None
        elif self._times:
            self._since += 1
        self._times.append(event.time)
        if self._since == TICKS_PER_QUARTER:
            self._since = 0
            self._measure()

    def _measure(self) -> None:
        self.measured += 1
        times = tuple(self._times)
        last, bars = measured(times[-TICKS_PER_QUARTER - 1 :]), measured(times)
        if last is not None and bars is not None and abs(last.bpm - bars.bpm) > SURE * last.error:
            # Another tempo begins in it, or a tick was lost: the next quarter tells which, and neither is laid over it.
            self._times = deque(times[-1:], maxlen=WINDOW + 1)
        else:
            self.tempo = bars


def measured(times: Sequence[float]) -> Measured | None:
    """The tempo of ticks at ``times`` (seconds); None where they tell none, all at one moment."""
    count = len(times)
    middle = (count - 1) / 2
    # From the first one, as a machine's uptime would eat the digits.
    seconds = [time - times[0] for time in times]
    mean = sum(seconds) / count
    spread = count * (count * count - 1) / 12
    slope = sum((index - middle) * (second - mean) for index, second in enumerate(seconds)) / spread
    if slope <= 0:
        return None
    strays = sum((second - mean - slope * (index - middle)) ** 2 for index, second in enumerate(seconds))
    bpm = 60 / (slope * TICKS_PER_QUARTER)
    straying = math.sqrt(strays / (count - 2) / spread) / slope
    return Measured(bpm, bpm * max(straying, _wandering(seconds)))


def _wandering(seconds: Sequence[float]) -> float:
    """The error, as a share, of a tempo whose sixteenths each have a length of their own."""
    sixteenths = [later - earlier for earlier, later in itertools.pairwise(seconds[::_SIXTEENTH])]
    count = len(sixteenths)
    # Of few, they may be alike by chance.
    return statistics.stdev(sixteenths) / statistics.fmean(sixteenths) / math.sqrt(count) * (1 + 4 / count)
