"""MIDI clocks on virtual time: what a port hears, and what is true."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from midifrag.midi.messages import Tick, TransportChange

#: What a port hears of a clock.
ClockEvent = Tick | TransportChange


@dataclass
class Master:
    """A sequencer that sends its clock out of ``port``, each message up to ``jitter`` seconds early or late.

    ``now`` is its own time and ``position`` where in the song it is, in quarter notes; both are exact.
    """

    bpm: float = 120.0
    now: float = 100.0
    port: str = "daw"
    jitter: float = 0.0
    seed: int = 1
    position: float = 0.0
    ticks: int = 0
    _random: random.Random = field(init=False)
    _last: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def moment(self, exact: float) -> float:
        """When a message is heard; none overtakes another."""
        self._last = max(self._last, exact + self._random.uniform(-self.jitter, self.jitter))
        return self._last

    def say(self, kind: str, sixteenths: int | None = None) -> TransportChange:
        return TransportChange(self.port, kind, self.moment(self.now), sixteenths)

    def run(self, ticks: int, bpm: Callable[[float], float] | None = None) -> Iterator[Tick]:
        """The next ticks, at the tempo that ``bpm`` gives for each position; the first one at `now`."""
        for _ in range(ticks):
            yield Tick(self.port, self.moment(self.now))
            if bpm is not None:
                self.bpm = bpm(self.position)
            self.now += 60 / self.bpm / 24
            self.position += 1 / 24

    def play(self, quarters: float, bpm: Callable[[float], float] | None = None) -> Iterator[ClockEvent]:
        """Start at the song's beginning and play so many quarter notes."""
        self.position = 0.0
        yield self.say("start")
        yield from self.run(round(quarters * 24), bpm)

    def moment_of(self, position: float) -> float:
        """When a position is reached at the present tempo."""
        return self.now + (position - self.position) * 60 / self.bpm


def lossy(events: Iterable[ClockEvent], share: float, seed: int = 1) -> Iterator[ClockEvent]:
    """The events without a share of their ticks, as a driver loses them."""
    lost = random.Random(seed)
    for event in events:
        if not isinstance(event, Tick) or lost.random() >= share:
            yield event
