"""The musical time of one port: its tempo, as the ticks of MIDI's timing clock tell it."""

from __future__ import annotations

from collections import deque

from midifrag.midi.messages import Tick, TransportChange

TICKS_PER_QUARTER = 24
#: A tick later than this after the one before starts a new measurement, in seconds (5 BPM has a tick each 0.5 s).
GAP_SECONDS = 0.5


class Transport:
    """Follows one port's ticks."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=TICKS_PER_QUARTER + 1)

    def feed(self, event: Tick | TransportChange) -> None:
        """Take the next event of the port. Starting, stopping and locating tell no tempo."""
        if isinstance(event, Tick):
            if self._times and not 0 <= event.time - self._times[-1] <= GAP_SECONDS:
                self._times.clear()
            self._times.append(event.time)

    @property
    def tempo(self) -> float | None:
        """Quarter notes a minute, over the last one; None before a whole one was heard."""
        if len(self._times) <= TICKS_PER_QUARTER:
            return None
        span = self._times[-1] - self._times[0]
        return 60 / span if span > 0 else None
