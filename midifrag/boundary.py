"""Boundaries: the moments in musical time at which fragments land."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from midifrag.timeline import Signature, Timeline

#: What a fragment waits for before it lands.
Land: TypeAlias = Literal["now", "beat", "bar", "2 bars", "4 bars"]
LANDS: tuple[Land, ...] = get_args(Land)

_BARS: dict[Land, int] = {"bar": 1, "2 bars": 2, "4 bars": 4}
#: Beats that count as none: so near, a boundary is there.
_THERE = 0.02


def length_of(land: Land, signature: Signature) -> float | None:
    """Quarter notes from one such boundary to the next; None for those who wait for nothing."""
    if land == "now":
        return None
    return signature.beat if land == "beat" else _BARS[land] * signature.bar


@dataclass(frozen=True, slots=True)
class Boundary:
    """A boundary by a line of time: ``at`` in monotonic seconds, ``position`` in quarter notes.

    It is ``beat`` of ``bar``, both from 1. ``beat_seconds`` is how long a beat lasts, ``beats`` how many a bar has.
    """

    at: float
    position: float
    bar: int
    beat: int
    beat_seconds: float
    beats: int

    @classmethod
    def on(cls, line: Timeline, position: float) -> Boundary:
        """The boundary at a position of a line."""
        at, signature = line.moment_of(position), line.signature
        bar, beat = line.bar_and_beat(at)
        return cls(at, position, bar, beat, line.seconds(signature.beat), signature.beats)

    @property
    def name(self) -> str:
        """What a performer calls it: ``bar 5``, ``bar 5 beat 3``."""
        return f"bar {self.bar}" if self.beat == 1 else f"bar {self.bar} beat {self.beat}"

    @property
    def short(self) -> str:
        """The same where there is little room: ``bar 5``, ``5.3``."""
        return f"bar {self.bar}" if self.beat == 1 else f"{self.bar}.{self.beat}"

    def beats_left(self, now: float) -> int:
        """How many beats it is away at a moment, the one that runs included; 0 when it is there."""
        return max(0, math.ceil((self.at - now) / self.beat_seconds - _THERE))
