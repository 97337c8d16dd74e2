"""The tempo that prompts are told: of the MIDI clock that is followed, else the show's own."""

from __future__ import annotations

from midifrag.midi.messages import Tick, TransportChange
from midifrag.midi.transport import GAP_SECONDS, SURE, Transport

#: How far the clock must move, in beats a minute, before prompts are told: a clock's jitter must not age spares.
STEADY = 0.75
#: Beyond this standard error, a measured tempo is a first impression: only what it is far from, as a share, gives way.
PRECISE, FAR = 0.25, 0.05
#: What the sum of rounded numbers may be off by.
_ROUNDING = 1e-6


class Tempo:
    """Follows one clock: that of ``port``, else of the port that ticks first, until that one is silent."""

    def __init__(self, usual: float, port: str | None = None) -> None:
        self.bpm = round(usual)
        self._port = port
        self._followed: str | None = None
        self._transports: dict[str, Transport] = {}
        self._heard = False

    def use(self, usual: float, port: str | None = None) -> bool:
        """Take another tempo of the show, unless a clock has been heard, and another port; whether ``bpm`` changed."""
        if port != self._port:
            self._port, self._followed = port, None
        before = self.bpm
        if not self._heard:
            self.bpm = round(usual)
        return self.bpm != before

    def feed(self, event: Tick | TransportChange) -> bool:
        """Take in a clock message; whether ``bpm`` changed by it."""
        transport = self._transports.setdefault(event.port, Transport())
        transport.feed(event)
        if not self._follows(event):
            return False
        heard = transport.tempo
        if heard is None:
            return False
        self._heard = True
        least = max(STEADY - _ROUNDING, SURE * heard.error)
        if heard.error > PRECISE:
            least = max(least, FAR * self.bpm)
        if abs(heard.bpm - self.bpm) < least:
            return False
        self.bpm = round(heard.bpm)
        return True

    def _follows(self, event: Tick | TransportChange) -> bool:
        """Whether ``event`` is of the clock that counts."""
        if self._port is not None:
            return event.port == self._port
        if self._followed != event.port and isinstance(event, Tick):
            followed = self._transports.get(self._followed or "")
            if followed is None or followed.last is None or event.time - followed.last > GAP_SECONDS:
                self._followed = event.port
        return self._followed == event.port
