"""How fast a line brings audio, as far as takes have shown, and how the next one is to travel for that."""

from __future__ import annotations

from midifrag.clock import Clock
from midifrag.config.servers import AudioTravels
from midifrag.engine.line import messages as line
from midifrag.engine.messages import EngineInfo

#: Bytes of one take after which they say something of the line: the first ones come as fast as buffers give them.
_ENOUGH = 131_072
#: Seconds without a piece after which the next one begins a new measurement.
_PAUSE = 0.5
#: A line that brings float32 at less than so many times the pace at which it plays is slow.
TIMES_PLAYED = 4.0


class Rate:
    """What `Talk` hears of audio, as bytes a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = self._last = 0.0
        self._bytes = 0
        #: Bytes a second; None before enough of a take has come.
        self.now: float | None = None

    def heard(self, size: int) -> None:
        """A piece of audio has come."""
        now = self._clock.now()
        if not self._bytes or now - self._last > _PAUSE:
            # What the first one took is its render's.
            self._began, self._bytes = now, 1
        else:
            self._bytes += size
            if self._bytes >= _ENOUGH and now > self._began:
                self.now = self._bytes / (now - self._began)
        self._last = now

    def coding(self, wanted: AudioTravels, info: EngineInfo | None) -> line.Coding:
        """How audio of a model should travel, where a set says ``wanted``."""
        if wanted != "auto":
            return wanted
        if self.now is None or info is None:
            return "float32"
        return "flac" if self.now < TIMES_PLAYED * 4 * info.channels * info.sample_rate else "float32"
