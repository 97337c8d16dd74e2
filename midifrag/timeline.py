"""Musical time: a line from monotonic seconds to a position in quarter notes, and its bars and beats.

Positions count quarter notes from the beginning of the first bar, as MIDI's song position does (24 ticks, or four
sixteenths, are one quarter). A *beat* is what the signature's lower number says: an eighth in 6/8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Quarter notes within which a position counts as on a boundary; a thousandth is half a millisecond at 120 BPM.
_ON = 1e-3


@dataclass(frozen=True, slots=True)
class Signature:
    """A time signature: ``beats`` of a ``unit`` (4 for quarters, 8 for eighths) each bar."""

    beats: int = 4
    unit: int = 4

    @property
    def beat(self) -> float:
        """Quarter notes of a beat."""
        return 4 / self.unit

    @property
    def bar(self) -> float:
        """Quarter notes of a bar."""
        return self.beats * self.beat

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}"


@dataclass(frozen=True, slots=True)
class Timeline:
    """At ``at`` (monotonic seconds) the position is ``position``, and it moves on at ``bpm`` quarter notes a minute.

    ``source`` is who keeps the time; ``running`` is False while that one stands still, and the line then is the one
    that landings go by all the same.
    """

    bpm: float
    at: float
    position: float = 0.0
    signature: Signature = Signature()
    running: bool = True
    source: str = "internal"

    def position_at(self, moment: float) -> float:
        """The position at a moment, in quarter notes; negative before the first bar."""
        return self.position + (moment - self.at) * self.bpm / 60

    def moment_of(self, position: float) -> float:
        """When a position is reached, in monotonic seconds."""
        return self.at + (position - self.position) * 60 / self.bpm

    def seconds(self, quarters: float) -> float:
        """How long so many quarter notes last."""
        return quarters * 60 / self.bpm

    def boundary(self, moment: float, length: float) -> float:
        """The first position at or after ``moment`` that is a whole number of ``length`` quarter notes."""
        return math.ceil(self.position_at(moment) / length - _ON / length) * length

    def bar_and_beat(self, moment: float) -> tuple[int, int]:
        """The bar and the beat in it at a moment, both from 1; bar 0 is the one before the first."""
        position = self.position_at(moment) + _ON
        bar = math.floor(position / self.signature.bar)
        return bar + 1, int((position - bar * self.signature.bar) / self.signature.beat) + 1
