"""The tempo that prompts are told: of the MIDI clock heard last, else the show's own."""

from __future__ import annotations

from midifrag.midi.messages import Tick, TransportChange
from midifrag.midi.transport import Transport

#: How far the clock must move, in beats a minute, before prompts are told: a clock's jitter must not age spares.
STEADY = 0.75


class Tempo:
    """Follows the clocks of all ports; the one that ticked last counts."""

    def __init__(self, usual: float) -> None:
        self.bpm = round(usual)
        self._transports: dict[str, Transport] = {}
        self._heard = False

    def use(self, usual: float) -> bool:
        """Take another tempo of the show, unless a clock has been heard; whether ``bpm`` changed by it."""
        before = self.bpm
        if not self._heard:
            self.bpm = round(usual)
        return self.bpm != before

    def feed(self, event: Tick | TransportChange) -> bool:
        """Take in a clock message; whether ``bpm`` changed by it."""
        transport = self._transports.setdefault(event.port, Transport())
        transport.feed(event)
        heard = transport.tempo
        self._heard = self._heard or heard is not None
        if heard is None or abs(heard - self.bpm) < STEADY:
            return False
        self.bpm = round(heard)
        return True
