"""Where Live's song is, from what its script tells twice a second.

What is told is late by up to two of the script's ticks, and never early: of some moments at one tempo, the one that was
least late is right.
"""

from __future__ import annotations

from collections import deque

from midifrag.bridge.items import AbletonHeard, Bar
from midifrag.doors.live.wire import SongTime
from midifrag.timeline import Signature

#: So many moments are looked back on: about eight seconds.
MOMENTS = 16
#: Seconds by which a moment may be late; one that is more has leapt.
LATE = 0.1


class Song:
    """Live's song. ``last`` is what was heard of it last; None before, and after it was lost."""

    def __init__(self) -> None:
        self.last: AbletonHeard | None = None
        self._beats: deque[tuple[float, float]] = deque(maxlen=MOMENTS)

    def hear(self, told: SongTime, at: float) -> AbletonHeard:
        """Take in how the song stands, which came at a moment (monotonic seconds)."""
        last, signature = self.last, Signature(told.numerator, told.denominator)
        if last is None or not (last.running and told.playing) or last.bpm != told.bpm:
            self._beats.clear()
        beat = told.beat
        if told.playing:
            self._beats.append((at, told.beat))
            there = max(self._at(moment, told.bpm, at) for moment in self._beats)
            if there - told.beat > LATE * told.bpm / 60:
                self._beats = deque([(at, told.beat)], MOMENTS)
            else:
                beat = there
        bar = None if told.bar is None or told.bar_began is None else Bar(told.bar, told.bar_began)
        self.last = AbletonHeard(told.bpm, at, beat, signature, told.playing, bar=bar)
        return self.last

    def lose(self, at: float) -> AbletonHeard | None:
        """Nobody tells any more; None where nobody had."""
        last, self.last = self.last, None
        if last is None:
            return None
        return AbletonHeard(last.bpm, at, last.beat, last.signature, running=False, connected=False)

    @staticmethod
    def _at(moment: tuple[float, float], bpm: float, at: float) -> float:
        """Where a moment says that the song is at another one."""
        return moment[1] + (at - moment[0]) * bpm / 60
