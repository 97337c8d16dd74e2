"""Movements: sounds that are about going somewhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from midifrag.audio import Audio
from midifrag.engine.sketch.synthesis import (
    cycles,
    harmonics,
    moving_filter,
    place,
    scan,
    sine,
    stereo_noise,
    strike,
    times,
)
from midifrag.engine.sketch.tones import glide, sustain
from midifrag.engine.sketch.voice import SAMPLE_RATE, Voice


def _peak(hertz: Audio, centre: npt.ArrayLike, width: float) -> npt.ArrayLike:
    """A resonance ``width`` octaves wide over a low-pass at ``centre`` hertz."""
    ratio = np.log2((hertz + 1) / np.asarray(centre, dtype=np.float32))
    gain: Audio = np.exp(-((ratio * np.float32(1 / width)) ** 2)) + 0.3 / (1 + np.exp(np.minimum(ratio * 6, 30)))
    return gain


def sweep(voice: Voice) -> Audio:
    """Noise through a resonant filter that goes up, down, or up and down again."""
    direction = voice.parameters.direction
    width = voice.rng.uniform(0.25, 0.5)
    centre = 1000.0 * voice.shift(1.0)

    def response(hertz: Audio, seconds: Audio) -> npt.ArrayLike:
        progress = np.clip(seconds / voice.span, 0, 1)
        arch = (1 - abs(direction)) * (2.5 * np.sin(np.pi * progress) - 1.2)
        return _peak(hertz, centre * 2 ** (4.0 * direction * (progress - 0.5) + arch), width)

    sides = moving_filter(stereo_noise(voice.rng, voice.samples), response)
    return times(sides, sustain(voice, 0.12, 0.3))


def riser(voice: Voice) -> Audio:
    """Detuned saws and noise that climb and grow to the end; falling turns it into a downlifter."""
    climb = float(np.clip(1 + 4 * min(voice.parameters.direction, 0.0), -1, 1))
    progress = voice.progress if climb > 0 else 1 - voice.progress
    pitch = voice.hertz(160.0, 1.0)
    numbers = harmonics(pitch * 4.0, 128)
    spectra = (numbers**-1.1)[None]
    curve = pitch * 2 ** (2.2 * abs(climb) * (progress - 0.3))
    phase, rows = cycles(curve, voice.samples), np.zeros(voice.samples)
    tone = scan(phase, spectra, rows) + scan(phase * 1.007, spectra, rows)

    def response(hertz: Audio, seconds: Audio) -> npt.ArrayLike:
        at = np.interp(seconds, voice.time, progress)
        return _peak(hertz, pitch * 3 * 2 ** (4.0 * (at - 0.2)), 0.5)

    air = moving_filter(stereo_noise(voice.rng, voice.samples), response)
    sound = tone * np.float32(0.35) + air
    grow = 0.08 + 0.92 * progress**1.5
    return times(sound, grow, sustain(voice, 0.02, 0.06 if climb > 0 else 0.2))


def laser(voice: Voice) -> Audio:
    """Zaps: sines whose pitch dives (or, rising, soars) by several octaves; as many as fit the speed."""
    period = 1 / voice.rate(2.2, 1.5)
    dive = -1.0 if voice.parameters.direction <= 0 else 1.0
    top = 2400.0 * voice.shift(0.9)
    octaves = voice.rng.uniform(2.5, 4.0)
    length = min(voice.decay(0.32), 0.95 * max(period, 0.06))
    shot = voice.piece(length, voice.rng)
    progress = np.clip(shot.time / length, 0, 1)
    bend = voice.rng.uniform(0.4, 0.7)
    curve = top * 2.0 ** (-octaves * (progress**bend if dive < 0 else 1 - progress ** (1 / bend)))
    phase = cycles(curve, shot.samples)
    zap = sine(phase + 0.15 * sine(phase * voice.rng.choice([0.5, 1.0, 2.0])))
    zap *= strike(shot.clock, voice.attack(0.002), length * 1.5) * (1 - progress**6).astype(np.float32)
    sound = np.zeros(voice.samples, dtype=np.float32)
    for number in range(max(1, int(voice.span / period))):
        place(sound, zap * np.float32(voice.rng.uniform(0.75, 1.0)), round(number * period * SAMPLE_RATE))
    return sound


def siren(voice: Voice) -> Audio:
    """A hollow tone that wails up and down, or yelps when fast."""
    pitch = voice.hertz(720.0, 0.9)
    turns = cycles(voice.rate(0.7, 2.0), voice.samples) + voice.rng.random()
    shape = 2 * np.abs(2 * (turns - np.floor(turns)) - 1) - 1
    wail = np.sin(shape * np.pi / 2) if voice.rng.random() < 0.7 else np.tanh(6 * shape)
    curve = glide(voice, pitch, 1.4, voice.span) * 2 ** (voice.rng.uniform(0.3, 0.45) * wail)
    numbers = harmonics(pitch * 3, 24)
    spectra = np.where(numbers % 2 == 1, 1.0, 0.35)[None] / numbers ** voice.level("brightness", 2.4, 1.4, 0.8)
    return scan(cycles(curve, voice.samples), spectra, np.zeros(voice.samples)) * sustain(voice, 0.03, 0.12)
