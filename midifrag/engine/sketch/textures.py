"""Textures: weather, noises, drops and other things that go on for as long as one likes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from midifrag.audio import Audio
from midifrag.engine.sketch.synthesis import (
    band,
    cycles,
    lowpass,
    modes,
    moving_filter,
    noise,
    place,
    ring,
    sine,
    stereo_noise,
    strike,
    tame,
    times,
    wander,
)
from midifrag.engine.sketch.tones import accent, sustain
from midifrag.engine.sketch.voice import SAMPLE_RATE, SHORTEST, Voice


def _impulses(voice: Voice, per_second: float, spread: float) -> Audio:
    """A Poisson process of impulses with log-normal levels; at least one, near the start."""
    count = max(1, int(voice.rng.poisson(per_second * voice.span)))
    places = (voice.rng.random(count) * voice.span * SAMPLE_RATE).astype(np.int64)
    places[0] = min(places[0], voice.samples // 8)
    train = np.zeros(voice.samples, dtype=np.float32)
    np.add.at(train, np.minimum(places, voice.samples - 1), np.exp(voice.rng.normal(0, spread, count)))
    return train


def wind(voice: Voice) -> Audio:
    """Noise through a wandering resonance, with gusts; each ear hears its own air."""
    pitch = voice.shift(1.0) * 420.0
    gusts = voice.rate(0.35, 2.6)
    wide = 0.9 - 0.5 * abs(voice.parameters.direction)
    move = wander(voice.rng, voice.time, gusts)
    whistle = voice.rng.uniform(0.25, 0.4)
    drift = 1.6 * voice.parameters.direction * (voice.progress - 0.5)
    curve = pitch * 2 ** (wide * move + drift)

    def response(hertz: Audio, seconds: Audio) -> npt.ArrayLike:
        ratio = np.log2((hertz + 1) / np.interp(seconds, voice.time, curve).astype(np.float32))
        gain = np.exp(-((ratio * np.float32(1 / whistle)) ** 2)) + np.exp(-((ratio / 1.2) ** 2)) / 4
        return np.asarray(gain, dtype=np.float32)

    swell = 0.15 + 0.85 * (0.5 + 0.5 * move) ** 2.5
    sides = moving_filter(stereo_noise(voice.rng, voice.samples), response)
    return times(sides, swell, sustain(voice, 0.25, 0.25))


def rain(voice: Voice) -> Audio:
    """Poisson droplets in three sizes over a hiss of those too far away to tell apart."""
    per_second = 90.0 * 7.0**voice.parameters.density
    shift = voice.shift(0.9)
    sizes = (1.0, 2.0, 3.7)
    trains = [[_impulses(voice, per_second / len(sizes), 0.7) for _ in sizes] for _ in range(2)]
    near = ring(trains, [_droplet(voice, size, shift) for size in sizes])
    far = stereo_noise(voice.rng, voice.samples, lambda hertz: band(hertz, 1500 * shift, 9000 * shift, 1))
    near = tame(near / (np.sqrt(np.mean(near**2)) + np.float32(1e-9)), 4.0)
    return times(near + far * voice.level("density", 0.03, 0.2, 0.5), sustain(voice, 0.02, 0.25))


def _droplet(voice: Voice, size: float, shift: float) -> Audio:
    """A drop's ring: smaller drops (a larger ``size`` factor) are higher and shorter."""
    short = voice.piece(SHORTEST, voice.rng)
    ringing = modes(short.samples, [1100 * size * shift, 1730 * size * shift], 0.012 / size + 0.003, [1.0, 0.6], 0.1)
    return ringing * strike(short.clock, voice.attack(0.0003), 1e6)


def hiss(voice: Voice) -> Audio:
    """Noise, from brown to blue; rising or falling moves a low-pass over it."""
    slope = voice.rng.uniform(-0.6, 0.0) + voice.level("brightness", -0.5, 0.0, 0.3)
    sides = stereo_noise(voice.rng, voice.samples, lambda hertz: (np.maximum(hertz, 30) / 1000) ** slope)
    return times(_opening(voice, sides, 18_000.0), accent(voice, 1.4, 0.25), sustain(voice, 0.02, 0.2))


def _opening(voice: Voice, sound: Audio, top: float) -> Audio:
    """``sound`` through a low-pass that opens to ``top`` hertz or closes from there, if the prompt has a direction."""
    direction = voice.parameters.direction

    def response(hertz: Audio, seconds: Audio) -> npt.ArrayLike:
        progress = np.clip(seconds / voice.span, 0, 1)
        return lowpass(hertz, top * 2 ** (-5.0 * abs(direction) * (1 - progress if direction > 0 else progress)))

    return moving_filter(sound, response) if direction else sound


def drone(voice: Voice) -> Audio:
    """Low partials in pairs that beat against each other, brighter and darker by turns."""
    pitch = voice.hertz(58.0, 0.9)
    beating = voice.rate(0.5, 2.5)
    numbers = np.repeat(np.arange(1, 25), 2)
    offsets = np.tile([-0.5, 0.5], 24) * beating * voice.rng.uniform(0.8, 1.2, 48)
    fifths = voice.rng.random() < 0.5
    levels = numbers ** -voice.level("brightness", 1.6, 1.05, 0.7) * voice.rng.uniform(0.3, 1.0, 48)
    sides = []
    for _ in range(2):
        tones = numbers * pitch + offsets
        tones = np.concatenate([tones, tones[:16] * 1.5]) if fifths else tones
        strength = np.concatenate([levels, levels[:16] * 0.5]) if fifths else levels
        sides.append(modes(voice.samples, tones, np.inf, strength, voice.rng.random(len(tones))))
    depth = voice.level("speed", 0.2, 0.35, 0.5)
    pulse = 1 - depth + depth * np.cos(2 * np.pi * beating * voice.time)
    return times(_opening(voice, np.stack(sides), 30 * pitch), pulse, sustain(voice, 0.3, 0.3))


def crackle(voice: Voice) -> Audio:
    """Clicks and pops of a worn record or a small fire, over a faint surface noise."""
    per_second = 22.0 * 6.0**voice.parameters.density
    common = _impulses(voice, per_second * 0.7, 1.1)
    short = voice.piece(SHORTEST, voice.rng)
    tick = noise(voice.rng, short.samples, lambda hertz: band(hertz, 900, 9000, 1))
    tick *= strike(short.clock, voice.attack(0.0003), 0.005)
    trains = [[common + _impulses(voice, per_second * 0.3, 1.1)] for _ in range(2)]
    surface = stereo_noise(voice.rng, voice.samples, lambda hertz: band(hertz, 300, 6000, 1))
    sound = tame(ring(trains, [tick]), 7.0) + surface * np.float32(0.012)
    return times(sound, sustain(voice, 0.002, 0.1))


def bubbles(voice: Voice) -> Audio:
    """Bubbles as van den Doel models them: damped sines that rise in pitch, large ones low and long."""
    per_second = 11.0 * 4.0**voice.parameters.density
    count = max(1, int(voice.rng.poisson(per_second * voice.span)))
    starts = np.sort(voice.rng.random(count)) * voice.span
    starts[0] = min(starts[0], 0.02)
    shift = voice.shift(1.0)
    sound = np.zeros((2, voice.samples), dtype=np.float32)
    clock = np.arange(round(0.18 * SAMPLE_RATE)) / SAMPLE_RATE
    drift = 3.0 * voice.parameters.direction
    for start in starts:
        size = voice.rng.uniform(0.0, 1.0)
        pitch = 450.0 * shift * 4.0**size * 2.0 ** (drift * (start / voice.span - 0.5))
        lasting = 0.14 * 0.35**size
        grain_clock = clock[: round(1.25 * lasting * SAMPLE_RATE)]
        phase = cycles(pitch * (1 + voice.rng.uniform(1.5, 5.0) * grain_clock), len(grain_clock))
        grain = sine(phase) * strike(grain_clock.astype(np.float32), voice.attack(0.002), lasting)
        pan = voice.rng.uniform(0.15, 0.85)
        gains = np.sqrt(np.array([[pan], [1 - pan]])) * np.exp(voice.rng.normal(0, 0.5)) * 0.8**size
        place(sound, (gains * grain).astype(np.float32), int(start * SAMPLE_RATE))
    return times(sound, sustain(voice, 0.001, 0.1))
