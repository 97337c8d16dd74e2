"""MIDI clock out of a port: 24 ticks a quarter note along the show's musical time, with start, stop and song position.

Whoever follows it begins at a sixteenth note, as song positions say no less: the song's beginning by a start, every
other place by its position and a continue, just before that place's tick. Ticks go out also while the time stands
still, since they carry the tempo.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import TypeAlias

import mido

from midifrag.clock import monotonic
from midifrag.midi.transport import TICKS_PER_QUARTER
from midifrag.scheduling import run_before_others
from midifrag.timeline import Timeline

#: Ticks of a sixteenth note.
_SIXTEENTH = TICKS_PER_QUARTER // 4
#: The first song position that MIDI has no number for, in sixteenths.
_POSITIONS = 1 << 14
#: A line that is farther than so many ticks from the one before is at another place in the song.
ELSEWHERE = 0.5
#: Ticks that are later than this are left out, in seconds; the place in the song is told anew.
LATE = 0.25
#: How long the end waits for its thread, in seconds.
CLOSE_SECONDS = 1.0

#: Sends messages at once, or not at all; whether they were taken.
Send: TypeAlias = Callable[[str, Sequence[mido.Message]], bool]


class ClockSchedule:
    """Which message of a clock is due when. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._line: Timeline | None = None
        #: The next tick's number from the song's beginning, and the one before which the song starts.
        self._tick = 0
        self._start: int | None = None
        self._rolling = False
        self._at_once: list[mido.Message] = []

    @property
    def due(self) -> float | None:
        """When the next message is due; None where there is no line."""
        if self._line is None:
            return None
        if self._at_once:
            return -math.inf
        return self._line.moment_of(self._tick / TICKS_PER_QUARTER)

    def follow(self, line: Timeline, now: float) -> None:
        """Go along another line from now on."""
        before, self._line = self._line, line
        if before is None:
            self.locate(now)
            return
        away = abs(line.position_at(now) - before.position_at(now)) * TICKS_PER_QUARTER
        if away > ELSEWHERE or (line.running and not before.running):
            self.locate(now)
        elif not line.running:
            self.stop()

    def locate(self, now: float) -> None:
        """Tell the place in the song anew, at the next sixteenth."""
        if self._line is None:
            return
        self.stop()
        ticks = self._line.position_at(now) * TICKS_PER_QUARTER
        self._tick = math.ceil(ticks - ELSEWHERE)
        self._start = max(0, math.ceil((ticks - ELSEWHERE) / _SIXTEENTH) * _SIXTEENTH)

    def stop(self) -> None:
        """Have those who follow it stand still."""
        if self._rolling:
            self._at_once.append(mido.Message("stop"))
        self._rolling, self._start = False, None

    def end(self) -> list[mido.Message]:
        """What has those who follow it stand still, if they do not."""
        self.stop()
        messages, self._at_once = self._at_once, []
        return messages

    def take(self, now: float) -> list[mido.Message]:
        """What is due by now."""
        line = self._line
        if line is None:
            return []
        if now - line.moment_of(self._tick / TICKS_PER_QUARTER) > LATE:
            self.locate(now)
        messages, self._at_once = self._at_once, []
        while line.moment_of(self._tick / TICKS_PER_QUARTER) <= now:
            if line.running and self._start == self._tick:
                messages += self._beginning(line, self._tick // _SIXTEENTH)
                self._start, self._rolling = None, True
            messages.append(mido.Message("clock"))
            self._tick += 1
        return messages

    def _beginning(self, line: Timeline, sixteenths: int) -> list[mido.Message]:
        if sixteenths == 0:
            return [mido.Message("start")]
        # Beyond what MIDI has numbers for, the place in the bar stays right.
        bar = line.signature.bar * 4
        place = int(sixteenths % (_POSITIONS // bar * bar))
        return [mido.Message("songpos", pos=place), mido.Message("continue")]


class ClockSender:
    """Sends a clock along the line that it is given last; ``clock`` gives monotonic seconds.

    Its thread begins with the first port.
    """

    def __init__(self, send: Send, clock: Callable[[], float] = monotonic) -> None:
        self._send = send
        self._clock = clock
        self._schedule = ClockSchedule()
        self._port: str | None = None
        self._taken = True
        self._news = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    def use(self, port: str | None) -> None:
        """Send out of this port from now on; None for none."""
        with self._news:
            if port == self._port or self._closing:
                return
            self._stop()
            self._port, self._taken = port, True
            self._schedule.locate(self._clock())
            if port is not None and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="midi clock", daemon=True)
                self._thread.start()
            self._news.notify()

    def follow(self, line: Timeline) -> None:
        """Go along another line from now on; never blocks."""
        with self._news:
            self._schedule.follow(line, self._clock())
            self._news.notify()

    def close(self) -> None:
        """Have those who follow it stand still, and end."""
        with self._news:
            self._closing = True
            self._stop()
            self._news.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def step(self) -> float | None:
        """Send what is due; for how many seconds nothing is then, None until there is another line or port."""
        now = self._clock()
        due = self._schedule.due
        if self._port is None or due is None:
            return None
        messages = self._schedule.take(now)
        if messages:
            taken, self._taken = self._taken, self._send(self._port, messages)
            if self._taken and not taken:
                # It was not there before, and knows nothing of where we are.
                self._schedule.locate(now)
        return max(0.0, (self._schedule.due or now) - self._clock())

    def _stop(self) -> None:
        messages = self._schedule.end()
        if self._port is not None and messages:
            self._send(self._port, messages)

    def _run(self) -> None:
        run_before_others()
        with self._news:
            while not self._closing:
                self._news.wait(self.step())
