"""The tempo that prompts are told: of the MIDI clock that runs, else the show's own."""

from __future__ import annotations

from midifrag.midi.clock import Clock
from midifrag.midi.messages import Tick, Transport

#: What a prompt says where the tempo goes, in whole beats a minute.
PLACEHOLDER = "{bpm}"
#: How far the clock must move, in beats a minute, before prompts are told: a clock's jitter must not age spares.
STEADY = 0.75


class Tempo:
    """Follows the clocks of all ports; the one that ticked last counts."""

    def __init__(self, usual: float) -> None:
        self.bpm = round(usual)
        self._clocks: dict[str, Clock] = {}

    def feed(self, event: Tick | Transport) -> bool:
        """Take in a clock message; whether ``bpm`` changed by it."""
        clock = self._clocks.setdefault(event.port, Clock())
        clock.feed(event)
        heard = clock.tempo
        if heard is None or abs(heard - self.bpm) < STEADY:
            return False
        self.bpm = round(heard)
        return True

    def write_into(self, prompt: str) -> str:
        """The prompt with the tempo in its place."""
        return prompt.replace(PLACEHOLDER, str(self.bpm))
