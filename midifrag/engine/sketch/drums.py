"""Drums: swept sines, inharmonic squares, bursts of noise and struck modes."""

from __future__ import annotations

import numpy as np

from midifrag.audio import Audio
from midifrag.engine.sketch.synthesis import band, cycles, modes, noise, place, sine, square_partials, strike, times
from midifrag.engine.sketch.voice import SAMPLE_RATE, Curve, Voice

#: The six oscillators of the TR-808's cymbal and hats, in hertz.
HAT_OSCILLATORS = np.array([205.3, 304.4, 369.6, 522.7, 540.0, 800.0])
#: Modes of an ideal circular membrane, relative to the lowest.
MEMBRANE = np.array([1.0, 1.593, 2.135, 2.295, 2.653, 2.917])


def _click(voice: Voice, low: float, high: float, seconds: float) -> Audio:
    """A beater's burst of band-passed noise, louder the harder the hit."""
    burst = noise(voice.rng, voice.samples, lambda hertz: band(hertz, low, high))
    return burst * strike(voice.clock, 0.0, min(seconds, voice.decay(1.0))) * voice.level("hardness", 0.0, 0.12, 0.6)


def kick(voice: Voice) -> Audio:
    """A sine that falls fast to its pitch, with a beater click."""
    pitch = voice.hertz(50.0, 0.8, fold=True)
    punch = voice.level("hardness", 1.0, 3.0, 6.0) * voice.rng.uniform(0.8, 1.25)
    fall = voice.rng.uniform(0.02, 0.035)
    curve = pitch * (1 + punch * np.exp(-voice.time / fall) + 2 * punch * np.exp(-voice.time / 0.004))
    body = np.tanh(sine(cycles(curve, voice.samples)) * np.float32(voice.level("brightness", 0.4, 1.2, 2.5)))
    short = voice.piece(0.03, voice.rng)
    click = np.zeros(voice.samples, dtype=np.float32)
    place(click, _click(short, 1500, 6000, 0.015), 0)
    return times(body + click, strike(voice.clock, voice.attack(0.001), voice.decay(0.65)))


def snare(voice: Voice) -> Audio:
    """Two modes of the head under a burst of wire noise."""
    shift = voice.shift(0.7)
    head = modes(voice.samples, np.array([183.0, 331.0, 512.0]) * shift, voice.decay(0.16), [1.0, 0.7, 0.25])
    wires = noise(voice.rng, voice.samples, lambda hertz: band(hertz, 900 * shift, 9000 * shift, 1))
    snappy = voice.rng.uniform(0.35, 0.6)
    sound = head * strike(voice.clock, 0.0, voice.decay(0.36))
    sound += wires * strike(voice.clock, 0.0, voice.decay(0.42)) * np.float32(snappy)
    return (sound + 0.6 * _click(voice, 2000, 9000, 0.012)) * strike(voice.clock, voice.attack(0.0012), 1e6)


def _metal(voice: Voice, oscillators: Curve, low: float, decay: float, lowest: float) -> Audio:
    """Inharmonic squares above ``low`` hertz; lower partials ring longer than higher ones."""
    tones, levels = square_partials(oscillators)
    keep = (tones > low / 3) & (np.cumsum(np.ones_like(tones)) < 220)
    tones, levels = tones[keep], levels[keep]
    gains = levels * band(tones, low, 16_000.0, 3)
    ringing = np.clip(decay * (low / tones) ** 0.4, lowest, decay)
    sound = modes(voice.samples, tones, ringing, gains, voice.rng.random(len(tones)))
    return sound / (np.float32(np.sqrt(np.sum(gains**2) / 2)) + np.float32(1e-6))


def hats(voice: Voice) -> Audio:
    """The 808's recipe: six squares, high-passed, with a little noise."""
    shift = voice.shift(0.6)
    decay = voice.decay(0.25)
    metal = _metal(voice, HAT_OSCILLATORS * shift * voice.rng.uniform(0.97, 1.03, 6), 6500 * shift, decay, decay / 3)
    air = noise(voice.rng, voice.samples, lambda hertz: band(hertz, 7500 * shift, 17_000, 2))
    sound = metal + air * np.float32(voice.rng.uniform(0.4, 0.9))
    return times(sound, 1 + 3 * _hit(voice), strike(voice.clock, voice.attack(0.0008), decay))


def _hit(voice: Voice) -> Audio:
    """A few milliseconds of extra level for a hard hit."""
    return strike(voice.clock, 0.0, 0.012) * np.float32(voice.level("hardness", 0.0, 0.1, 0.8))


def clap(voice: Voice) -> Audio:
    """Several bursts a few milliseconds apart, then the room."""
    shift = voice.shift(0.7)
    hands = noise(voice.rng, voice.samples, lambda hertz: band(hertz, 800 * shift, 2600 * shift, 2))
    gap = voice.rng.uniform(0.008, 0.013)
    bursts = int(voice.rng.integers(2, 4))
    envelope = np.zeros(voice.samples, dtype=np.float32)
    burst = strike(voice.clock, voice.attack(0.0012), 0.035 * voice.decay(1.0))
    for index in range(bursts):
        place(envelope, burst, round(index * gap * SAMPLE_RATE))
    place(envelope, strike(voice.clock, voice.attack(0.0012), voice.decay(0.45)), round(bursts * gap * SAMPLE_RATE))
    return hands * envelope * (1 + _hit(voice))


def tom(voice: Voice) -> Audio:
    """A membrane's modes, the lowest falling in pitch as the skin relaxes."""
    pitch = voice.hertz(105.0, 0.9, fold=True)
    decay = voice.decay(0.75)
    curve = pitch * (1 + voice.rng.uniform(0.25, 0.5) * np.exp(-voice.time / 0.06))
    body = sine(cycles(curve, voice.samples)) * strike(voice.clock, 0.0, decay)
    levels = np.array([0.0, 0.5, 0.3, 0.25, 0.2, 0.15]) * voice.level("brightness", 0.3, 1.0, 2.5)
    skin = modes(voice.samples, pitch * MEMBRANE, decay * 0.35, levels * voice.rng.uniform(0.6, 1.2, 6))
    return (body + skin + _click(voice, 600, 4000, 0.02)) * strike(voice.clock, voice.attack(0.0015), 1e6)


def rim(voice: Voice) -> Audio:
    """A few short wooden modes and a click."""
    shift = voice.shift(0.8)
    tones = np.array([470.0, 1120.0, 1710.0, 2650.0, 4300.0]) * shift * voice.rng.uniform(0.95, 1.05, 5)
    decay = voice.decay(0.12)
    wood = modes(voice.samples, tones, decay * np.array([1, 0.9, 1, 0.7, 0.5]), [0.5, 0.6, 1.0, 0.5, 0.25])
    return (wood + _click(voice, 2500, 9000, 0.008)) * strike(voice.clock, voice.attack(0.0006), decay * 1.5)


def cymbal(voice: Voice) -> Audio:
    """Many dense modes that swell and thin out, over noise."""
    shift = voice.shift(0.6)
    decay = voice.decay(2.0)
    tones = np.geomspace(320, 13_000, 110) * shift * voice.rng.uniform(0.94, 1.06, 110)
    ringing = decay * np.clip((900 * shift / tones) ** 0.35, 0.3, 1.0)
    levels = voice.rng.uniform(0.3, 1.0, 110) * band(tones, 900 * shift, 15_000, 1)
    metal = modes(voice.samples, tones, ringing, levels, voice.rng.random(110)) / np.float32(4.5)
    wash = noise(voice.rng, voice.samples, lambda hertz: band(hertz, 3500 * shift, 15_000, 1))
    sound = metal + wash * strike(voice.clock, 0.0, decay * 0.6) * np.float32(0.6)
    return times(sound, 1 + 2 * _hit(voice), strike(voice.clock, voice.attack(0.002), 1e6))


def cowbell(voice: Voice) -> Audio:
    """The 808's recipe: two squares a little more than a fifth apart, with a hard start and a thin tail."""
    pitch = voice.hertz(560.0, 0.8, fold=True)
    tones, levels = square_partials(np.array([1.0, 1.48]) * pitch, 12_000)
    decay = voice.decay(0.45)
    sound = modes(voice.samples, tones, decay, levels * band(tones, 1.2 * pitch, 6 * pitch, 1))
    knock = 1 + voice.level("hardness", 0.0, 1.2, 2.5) * np.exp(-voice.clock / np.float32(0.012))
    return times(sound, knock, strike(voice.clock, voice.attack(0.0008), 1e6))
