"""How loud a slot is on its left and its right: gain, pan and mute as two factors."""

from __future__ import annotations

import math
from dataclasses import dataclass

from midifrag.playback.messages import Mix

#: A gain in dB that is silence, and everything below it.
SILENT = -60.0
#: The softest level that a meter shows, in dB.
METER_BEGINS = -48.0


@dataclass(frozen=True, slots=True)
class Level:
    """``gain`` in dB, ``pan`` −1 (left) to 1 (right)."""

    gain: float = 0.0
    pan: float = 0.0
    muted: bool = False

    def changed(self, mix: Mix) -> Level:
        """The level after what ``mix`` says; what it does not say stays."""
        return Level(
            self.gain if mix.gain is None else mix.gain,
            self.pan if mix.pan is None else mix.pan,
            self.muted if mix.muted is None else mix.muted,
        )

    @property
    def factors(self) -> tuple[float, float]:
        """What left and right are multiplied by."""
        gain = 0.0 if self.muted else linear(self.gain)
        return gain * min(1.0, 1.0 - self.pan), gain * min(1.0, 1.0 + self.pan)


def shown(peak: float) -> float:
    """How much of its way, 0–1, a meter shows for a peak."""
    return 0.0 if peak <= 0 else min(max(1 - 20 * math.log10(peak) / METER_BEGINS, 0.0), 1.0)


def linear(decibels: float) -> float:
    """A gain in dB as a factor."""
    return 0.0 if decibels <= SILENT else float(10.0 ** (decibels / 20.0))
