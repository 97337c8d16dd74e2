"""MIDI clock: tempo, transport and song position from ticks, as state of one port."""

from __future__ import annotations

from collections import deque

from midifrag.midi.messages import Tick, Transport

TICKS_PER_QUARTER = 24
TICKS_PER_SIXTEENTH = 6
#: A tick later than this after the one before starts a new measurement, in seconds (5 BPM has a tick each 0.5 s).
GAP_SECONDS = 0.5


class Clock:
    """Follows one port's clock. ``running`` after start or continue; ``ticks`` since the song's start."""

    def __init__(self) -> None:
        self.running = False
        self.ticks = 0
        self._times: deque[float] = deque(maxlen=TICKS_PER_QUARTER + 1)

    def feed(self, event: Tick | Transport) -> None:
        """Take the next event of the port."""
        if isinstance(event, Tick):
            self._tick(event.time)
            return
        match event.kind:
            case "start":
                self.running = True
                self.ticks = 0
            case "continue":
                self.running = True
            case "stop":
                self.running = False
            case "position":
                self.ticks = (event.sixteenths or 0) * TICKS_PER_SIXTEENTH

    @property
    def tempo(self) -> float | None:
        """Quarter notes a minute, over the last one; None before a whole one was heard."""
        if len(self._times) <= TICKS_PER_QUARTER:
            return None
        span = self._times[-1] - self._times[0]
        return 60 / span if span > 0 else None

    @property
    def sixteenths(self) -> int:
        """Song position in whole sixteenths."""
        return self.ticks // TICKS_PER_SIXTEENTH

    def _tick(self, time: float) -> None:
        if self._times and not 0 <= time - self._times[-1] <= GAP_SECONDS:
            self._times.clear()
        self._times.append(time)
        if self.running:
            self.ticks += 1
