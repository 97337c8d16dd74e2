"""What a family's function is given: the parameters translated into seconds, hertz and random choices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from midifrag.audio import Audio
from midifrag.engine.sketch.parameters import SoundParameters

SAMPLE_RATE = 44_100

#: Numbers over time in double precision, one a sample.
Curve: TypeAlias = npt.NDArray[np.float64]

#: The share of a fragment after which an impact has died away, whatever "long" asks for.
LONGEST_DECAY = 0.92
#: The shortest time that anything sounds, in seconds.
SHORTEST = 0.03
#: The rise of an impact as soft as it gets and of any sound as hard as it gets, in seconds.
SOFTEST_IMPACT, HARDEST = 0.04, 0.001


@dataclass(frozen=True)
class Voice:
    """One sound to make: ``samples`` of it, as ``parameters`` ask, with ``rng`` for all that is left open."""

    parameters: SoundParameters
    samples: int
    rng: np.random.Generator

    @property
    def seconds(self) -> float:
        """The length of the sound in seconds."""
        return self.samples / SAMPLE_RATE

    @cached_property
    def time(self) -> Curve:
        """Seconds since the start, for every sample."""
        return np.arange(self.samples) / SAMPLE_RATE

    @cached_property
    def clock(self) -> Audio:
        """``time`` in single precision: for envelopes, never for phases."""
        return self.time.astype(np.float32)

    @property
    def progress(self) -> Curve:
        """0 at the start to 1 at the end of what sounds, for every sample."""
        return np.minimum(self.time / self.span, 1.0)

    @property
    def span(self) -> float:
        """How long a sustained sound lasts, in seconds: all of it unless it is asked to be short."""
        return max(min(SHORTEST, self.seconds), self.seconds * math.exp2(3.0 * min(self.parameters.length, 0.0)))

    def piece(self, seconds: float, rng: np.random.Generator) -> Voice:
        """The same request for a shorter sound inside this one; at least ``SHORTEST`` and at most all of it."""
        samples = min(self.samples, max(round(seconds * SAMPLE_RATE), round(SHORTEST * SAMPLE_RATE)))
        return Voice(self.parameters, samples, rng)

    def decay(self, home: float) -> float:
        """Seconds until an impact has fallen by 60 dB, around ``home``; it ends within the fragment."""
        return min(home * math.pow(4.5, self.parameters.length), LONGEST_DECAY * self.seconds)

    def attack(self, home: float, softest: float = SOFTEST_IMPACT) -> float:
        """Seconds of rise, around ``home``: hard is at once, soft takes ``softest`` or four times ``home``."""
        hardness = self.parameters.hardness
        extreme = max(softest, 4 * home) if hardness < 0 else min(HARDEST, home / 4)
        return min(math.pow(home, 1 - abs(hardness)) * math.pow(extreme, abs(hardness)), 0.35 * self.span)

    def hertz(self, home: float, octaves: float = 1.2, *, fold: bool = False) -> float:
        """The pitch: an exact one if the prompt names it, else the key's root near ``home``, else near ``home``.

        "low" and "high" move it by up to ``octaves``; without a key the seed varies it by up to two semitones. With
        ``fold``, an exact pitch is taken to the octave nearest ``home``: a kick stays a kick beside a high melody.
        """
        variation = int(self.rng.integers(-2, 3))
        exact = self.parameters.pitch_hz
        if exact is not None:
            return exact * 2.0 ** round(math.log2(home / exact)) if fold else exact
        wanted = home * 2.0 ** (octaves * self.parameters.pitch)
        if self.parameters.root is None:
            return float(wanted * 2.0 ** (variation / 12))
        root = 440.0 * 2.0 ** ((self.parameters.root - 9) / 12)
        return float(root * 2.0 ** round(math.log2(wanted / root)))

    def shift(self, octaves: float = 1.0) -> float:
        """The factor on the frequencies of a sound without a pitch."""
        return float(2.0 ** (octaves * self.parameters.pitch + self.rng.uniform(-0.12, 0.12)))

    def rate(self, home: float, octaves: float = 2.0) -> float:
        """Cycles per second of a movement around ``home``, on the nearest division of the beat if there is a tempo."""
        wanted = home * math.pow(2.0, octaves * self.parameters.speed)
        if self.parameters.bpm is None:
            return wanted
        beats = self.parameters.bpm / 60
        return float(beats * 2.0 ** round(math.log2(wanted / beats)))

    def tempo(self, home: float) -> float:
        """Beats per minute: as asked, or so that the bars asked for fill the fragment, or near ``home``.

        Left open, it is rounded so that whole beats fill the fragment and the file loops.
        """
        if self.parameters.bpm is not None:
            return self.parameters.bpm
        if self.parameters.bars is not None:
            return max(self.parameters.bars * 4 * 60 / self.seconds, 1.0)
        wanted = home * math.exp2(self.parameters.speed + self.rng.uniform(-0.12, 0.12))
        return max(1, round(self.seconds * wanted / 60)) * 60 / self.seconds

    def level(self, axis: str, low: float, home: float, high: float) -> float:
        """A value that is ``low`` at −1, ``home`` at 0 and ``high`` at +1 of ``axis``, linear between."""
        position: float = getattr(self.parameters, axis)
        return home + (high - home) * position if position > 0 else home + (home - low) * position


def spawn(rng: np.random.Generator, count: int) -> list[np.random.Generator]:
    """Independent generators from ``rng``'s seed; numpy before 1.25 has no ``Generator.spawn``."""
    bits = rng.bit_generator
    seeds: np.random.SeedSequence = getattr(bits, "seed_seq" if hasattr(bits, "seed_seq") else "_seed_seq")
    return [np.random.Generator(np.random.PCG64(seed)) for seed in seeds.spawn(count)]
