"""The musical time of one port's MIDI clock: tempo, phase and song position, from ticks that stray, get lost or stop.

Ticks are counted, and a straight line is laid through them (`midifrag.midi.clock_line`). A tick that a driver lost
is seen by the hole that it leaves; ticks that come late and all at once are not counted twice for it. By the MIDI
specification (*MIDI 1.0 Detailed Specification*, "System Real Time Messages"), the first tick after a start is at the
song's beginning, and the first one after a continue where the song stopped or where a song position pointed.
"""

from __future__ import annotations

from typing import assert_never

from midifrag.midi.clock_line import ENOUGH, ClockLine
from midifrag.midi.messages import Tick, TransportChange
from midifrag.midi.transport import GAP_SECONDS, TICKS_PER_QUARTER

#: Ticks of a sixteenth note, in which song positions are told.
TICKS_PER_SIXTEENTH = TICKS_PER_QUARTER // 4
#: A running clock that was silent for up to so many seconds is taken to have gone on meanwhile.
AWAY_SECONDS = 30.0
#: What ticks slower or faster than this, in quarter notes a minute, is no clock that music goes by.
SLOWEST, FASTEST = 5.0, 1000.0
#: From so many ticks on, holes between them are looked at.
_KNOWN = 6
#: So many holes in a row are none: the clock is slower.
_SLOWER = 4
#: Only where the tick before came within this part of a tick's length of the line, one that is missing can be seen.
_ON_LINE = 0.3


class ClockFollower:
    """Follows one port's clock. ``running`` is whether it was started; ticks may come all the same while it is not.

    ``jumps`` counts how often the position became another one than ticks alone make it. ``bpm`` is what is taken for
    its tempo until two ticks were heard.
    """

    def __init__(self, bpm: float) -> None:
        self.running = False
        self.jumps = 0
        #: When the last tick came; None before the first one.
        self.last: float | None = None
        #: Ticks since it began or was silent.
        self.heard = 0
        #: Whether a start or a song position has told where in the song it is.
        self.placed = False
        self._line = ClockLine(period(bpm))
        self._count = 0
        #: The count at which the song's position is 0, in ticks.
        self._zero = 0.0
        #: Where in the song the next tick is, in ticks; None where the song just goes on. ``_start`` has it run then.
        self._next: float | None = None
        self._start = False
        #: Where in the song it goes on after a stop, in ticks.
        self._resume: float | None = None
        #: Ticks that were taken for lost just now, and when ticks came that each were long after the one before.
        self._doubt = 0
        self._long: list[float] = []

    @property
    def bpm(self) -> float:
        """The tempo, in quarter notes a minute."""
        return 60 / (self._line.period * TICKS_PER_QUARTER)

    @property
    def ready(self) -> bool:
        """Whether it can be followed: it was started and ticks, or its tempo is known."""
        known = self.heard >= ENOUGH or (self.placed and self.running and self.heard > 0)
        return known and SLOWEST <= self.bpm <= FASTEST

    def ticks_at(self, now: float) -> bool:
        """Whether it still ticks at a moment."""
        return self.last is not None and now - self.last <= GAP_SECONDS

    def moment(self) -> tuple[float, float]:
        """A moment (monotonic seconds), and the position at it, in quarter notes."""
        return self._line.time, (self._line.count - self._zero) / TICKS_PER_QUARTER

    def place(self, position: float) -> None:
        """The last tick was about at ``position`` (quarter notes), as far as anybody knows: the nearest tick is."""
        self._zero = self._count - round(position * TICKS_PER_QUARTER)

    def feed(self, event: Tick | TransportChange) -> None:
        """Take the next event of the port."""
        match event:
            case Tick(time=time):
                self._tick(time)
            case TransportChange():
                self._transport(event)
            case _:
                assert_never(event)

    def _transport(self, event: TransportChange) -> None:
        match event.kind:
            case "start":
                self._next, self._start = 0.0, True
            case "continue":
                self._next, self._start = self._goes_on_at(), True
            case "stop":
                self._resume = self._goes_on_at()
                self.running = self._start = False
                self._next = None
            case "position":
                self._locate((event.sixteenths or 0) * TICKS_PER_SIXTEENTH)
            case _:
                assert_never(event.kind)

    def _goes_on_at(self) -> float | None:
        """Where in the song the next tick would be; None where nobody knows."""
        if self._next is not None:
            return self._next
        if self._resume is not None:
            return self._resume
        return self._count + 1 - self._zero if self.placed else None

    def _locate(self, ticks: float) -> None:
        if self.running or self._start:
            self._next = ticks
        else:
            self._resume = ticks

    def _tick(self, time: float) -> None:
        if self.last is None or not 0 <= time - self.last <= GAP_SECONDS:
            self._begin(time)
        else:
            self._go_on(time, time - self.last)
        self.last = time
        self.heard += 1
        if self._start or self._next is not None:
            self._jump()

    def _jump(self) -> None:
        """Have this tick be where a message said that it will be."""
        if self._next is not None:
            self._zero = self._count - self._next
            self.placed = True
        self.running = self.running or self._start
        self.jumps += 1
        self._next, self._start, self._resume = None, False, None

    def _begin(self, time: float) -> None:
        """The first tick, or the first after silence."""
        away = 0.0 if self.last is None else time - self.last
        if away > AWAY_SECONDS:
            # It may have been stopped, started and moved since.
            self.running = self.placed = False
        missed = round(away / self._line.period) if self.running and away > 0 else 1
        self._count += max(1, missed)
        self.heard = self._doubt = 0
        self._long.clear()
        self._line.begin()
        self._line.add(self._count, time)

    def _go_on(self, time: float, after: float) -> None:
        if self._doubt and self._line.count_at(time) < self._count + 0.5:
            # Those before it were late, not lost: it is the one that was counted already.
            self._doubt -= 1
            return
        if self.heard >= _KNOWN and after >= 1.5 * self._line.period:
            self._take_long(time, after)
            return
        self._doubt = 0
        self._long.clear()
        self._count += 1
        self._line.add(self._count, time)

    def _take_long(self, time: float, after: float) -> None:
        """A tick that came long after the one before: some were lost, or the clock is slower now."""
        before = time - after
        self._long = [*self._long, time] if self._long else [before, time]
        slower = len(self._long) > _SLOWER
        if slower:
            self._count += 1 - self._doubt
            self._doubt = 0
            self._line.begin((time - self._long[0]) / _SLOWER)
            for place, moment in enumerate(self._long, self._count - _SLOWER):
                self._line.add(place, moment)
            self._long.clear()
            return
        line, lost = self._line, 0
        if abs(line.count_at(before) - self._count) < _ON_LINE:
            lost = max(0, round(line.count_at(time)) - self._count - 1)
        self._doubt += lost
        self._count += 1 + lost
        line.add(self._count, time)


def period(bpm: float) -> float:
    """Seconds from tick to tick at a tempo."""
    return 60 / (bpm * TICKS_PER_QUARTER)
