"""The tempo that prompts are told: of the MIDI clock that is followed, else of whoever keeps the time."""

from __future__ import annotations

from midifrag.midi.messages import Tick, TransportChange
from midifrag.midi.transport import GAP_SECONDS, SURE, Transport

#: How far the clock must move, in beats a minute, before prompts are told: a clock's jitter must not age spares.
STEADY = 0.75
#: Quarter notes for which a clock must stay so far away where that is less than `SURE` of its standard errors.
PATIENT = 8
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
        #: For how many measurements the clock has been away from ``bpm``, on which side, and which was the last one.
        self._away, self._above, self._looked = 0, False, 0

    @property
    def followed(self) -> str | None:
        """The port whose clock counts; None before the first tick of any."""
        return self._port or self._followed

    def tell(self, bpm: float, *, exactly: bool = False) -> None:
        """Somebody else than a MIDI clock keeps the time, at this tempo; one that is only about another stays."""
        if exactly or abs(bpm - self.bpm) >= STEADY - _ROUNDING:
            self._away, self.bpm = 0, round(bpm)

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
        away = heard.bpm - self.bpm
        if abs(away) < STEADY - _ROUNDING:
            self._away = 0
            return False
        if transport.measured != self._looked:
            self._looked = transport.measured
            self._away = self._away + 1 if self._above is (away > 0) else 1
            self._above = away > 0
        if abs(away) < SURE * heard.error and self._away < PATIENT:
            return False
        self._away, self.bpm = 0, round(heard.bpm)
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
