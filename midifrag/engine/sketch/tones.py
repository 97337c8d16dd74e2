"""Pitched sounds: scanned wavetables, plucked strings, modal bells, clouds of partials and drawbars."""

from __future__ import annotations

import numpy as np

from midifrag.audio import Audio
from midifrag.engine.sketch.synthesis import (
    cloud,
    cycles,
    harmonics,
    hold,
    lowpass,
    modes,
    noise,
    place,
    scan,
    sine,
    strike,
    times,
)
from midifrag.engine.sketch.voice import Curve, Voice

#: The rise of a sustained sound as soft as it gets, in seconds, unless it is slow by nature.
SOFTEST_SWELL = 0.15
#: Rows of a wavetable that follows a decay or a movement.
ROWS = 96
#: Partials of Risset's bell: ratio, duration, level.
RISSET = np.array(
    [
        [0.56, 0.563, 0.92, 0.923, 1.19, 1.7, 2.0, 2.74, 3.0, 3.76, 4.07],
        [1.0, 0.9, 0.65, 0.55, 0.325, 0.35, 0.25, 0.2, 0.15, 0.1, 0.075],
        [0.75, 0.5, 0.75, 1.2, 1.6, 1.0, 0.85, 0.8, 0.8, 0.6, 0.7],
    ]
)
#: A struck bar (glockenspiel, vibraphone): ratio, duration, level.
BAR = np.array([[1.0, 2.756, 5.404, 8.933], [1.0, 0.55, 0.25, 0.12], [1.0, 0.5, 0.25, 0.12]])
#: Hammond drawbars: harmonic, and registrations as levels.
DRAWBARS = np.array([0.5, 1.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0])
REGISTRATIONS = np.array(
    [[8, 8, 8, 0, 0, 0, 0, 0, 2], [8, 0, 8, 5, 3, 2, 1, 0, 0], [8, 6, 8, 8, 4, 5, 2, 3, 5], [4, 0, 8, 8, 0, 6, 0, 0, 4]]
)


def glide(voice: Voice, pitch: float, octaves: float, seconds: float) -> Curve:
    """A pitch curve in hertz that rises or falls by up to ``octaves`` around ``pitch`` within ``seconds``."""
    progress = np.minimum(voice.time / seconds, 1.0)
    return pitch * 2.0 ** (octaves * voice.parameters.direction * (progress - 0.5))


def sustain(voice: Voice, attack: float, release: float) -> Audio:
    """The envelope of a sound that fills its span; ``release`` is a share of that, less of it for "long"."""
    share = release * (1 - 0.8 * max(voice.parameters.length, 0.0))
    return hold(voice.clock, voice.attack(attack, SOFTEST_SWELL), voice.span, share * voice.span)


def accent(voice: Voice, strength: float, seconds: float) -> Audio:
    """A gain that begins at 1 + ``strength``, twice that above 1 if hard and 1 if soft, and settles in ``seconds``."""
    above = strength * voice.level("hardness", 0.0, 1.0, 2.0)
    gain: Audio = 1 + np.float32(above) * np.exp(voice.clock * np.float32(-1 / seconds))
    return gain


def chord(voice: Voice) -> tuple[int, ...]:
    """Semitones above the root of a chord in the prompt's scale, open enough for a low register."""
    third, fifth, seventh = (voice.parameters.scale[degree] for degree in (2, 4, 6))
    choices = ((0, 7, 12), (0, fifth, 12 + third), (0, fifth, 12 + third, 12 + seventh), (0, fifth, 12, 14))
    return choices[int(voice.rng.integers(len(choices)))]


def sub(voice: Voice) -> Audio:
    """A low sine, with the few harmonics that make it heard on small speakers."""
    phase = cycles(glide(voice, voice.hertz(49.0, 0.9), 1.2, voice.span), voice.samples)
    second, third = np.array([0.12, 0.08]) * voice.level("brightness", 0.0, 1.0, 3.0) * voice.rng.uniform(0.6, 1.4, 2)
    sound = sine(phase) + sine(2 * phase) * np.float32(second) + sine(3 * phase) * np.float32(third)
    return times(sound, sustain(voice, 0.008, 0.25))


def bass(voice: Voice) -> Audio:
    """A saw or square through a low-pass that closes after each attack, over its own sub octave."""
    pitch = voice.hertz(58.0, 0.9)
    decay = voice.decay(1.6)
    numbers = harmonics(pitch * 2, 256)
    partials = np.where((numbers % 2 == 0) & (voice.rng.random() < 0.4), 0.0, 1 / numbers)
    at = np.geomspace(0.002, decay + 0.002, ROWS) - 0.002
    open_to = voice.level("brightness", 3.0, 14.0, 30.0) * voice.level("hardness", 0.5, 1.0, 1.6)
    cutoffs = pitch * (2.5 + open_to * np.exp(-at / (0.16 * decay)))
    spectra = partials * lowpass(numbers * pitch, cutoffs[:, None], 2, voice.rng.uniform(0.3, 1.6))
    phase = cycles(glide(voice, pitch, 1.0, 0.6 * decay), voice.samples)
    detuned = phase * (1 + voice.rng.uniform(0.002, 0.006))
    rows = np.interp(voice.time, at, np.arange(ROWS))
    sound = scan(phase, spectra, rows) + scan(detuned, spectra, rows) * np.float32(0.6)
    return times(sound, strike(voice.clock, voice.attack(0.003), decay))


def string(voice: Voice, pitch: float, decay: float, position: float) -> Audio:
    """A plucked string as Karplus and Strong's loop would ring: every harmonic decays faster the higher it is.

    The loop's averaging filter multiplies harmonic k by cos(π k f / rate) each period; that is applied to a scanned
    spectrum directly, which needs no loop over samples and is in tune at any pitch.
    """
    numbers = harmonics(pitch, 128)
    bright = voice.level("brightness", 0.25, 1.0, 1.7) * voice.level("hardness", 0.6, 1.0, 1.3)
    pick = np.sin(np.pi * numbers * position) / numbers * lowpass(numbers * pitch, 3500.0 * bright, 1)
    loss = np.log(1000) / decay + (numbers - 1) ** 1.3 * pitch / 220.0 / decay
    at = np.geomspace(0.004, decay + 0.004, ROWS) - 0.004
    spectra = pick * np.exp(-at[:, None] * loss)
    return scan(cycles(pitch, voice.samples), spectra, np.interp(voice.time, at, np.arange(ROWS)))


def pluck(voice: Voice) -> Audio:
    """Two strings a few cents apart, left and right."""
    pitch, decay, position = voice.hertz(220.0), voice.decay(1.4), voice.rng.uniform(0.09, 0.32)
    left = string(voice, pitch * 0.9992, decay, position)
    right = string(voice, pitch * 1.0008, decay, position * 1.1)
    short = voice.piece(0.02, voice.rng)
    pick = np.zeros(voice.samples, dtype=np.float32)
    burst = noise(voice.rng, short.samples) * strike(short.clock, 0.0, 0.008)
    place(pick, burst * np.float32(voice.level("hardness", 0.0, 0.04, 0.25)), 0)
    return times([left + pick, right + pick], strike(voice.clock, voice.attack(0.0012), 4 * decay))


def bell(voice: Voice) -> Audio:
    """A cast bell or a struck bar from its modes; the strike's high modes go first."""
    pitch, decay = voice.hertz(440.0), voice.decay(1.9)
    cast = voice.rng.random() < 0.55
    ratios, durations, levels = RISSET if cast else BAR
    tones = ratios / (1.0 if not cast else 0.56) * pitch * voice.rng.uniform(0.998, 1.002, len(ratios))
    strength = levels * ratios ** voice.level("brightness", -1.2, -0.3, 0.3) * voice.rng.uniform(0.7, 1.3, len(ratios))
    beating = np.concatenate([tones, tones * (1 + voice.rng.uniform(0.0006, 0.002, len(tones)))])
    sound = modes(voice.samples, beating, np.tile(durations * decay, 2), np.tile(strength, 2))
    hammer = 1 + voice.level("hardness", 0.0, 0.3, 1.5) * np.exp(-voice.clock / np.float32(0.02))
    return times(sound, hammer, strike(voice.clock, voice.attack(0.0015), 1e6))


def pad(voice: Voice) -> Audio:
    """A chord of wide partials whose filter opens and closes; left and right differ in phase only."""
    root = voice.hertz(165.0, 1.0)
    tones: list[Curve] = []
    dull: list[Curve] = []
    shiny: list[Curve] = []
    for semitones in chord(voice):
        pitch = root * 2 ** (semitones / 12)
        numbers = harmonics(pitch, 40)
        tones.append(numbers * pitch)
        dull.append(numbers**-2.6)
        shiny.append(numbers ** -voice.level("brightness", 1.6, 1.0, 0.85))
    levels = [np.concatenate(dull), np.concatenate(shiny)]
    width = voice.rng.uniform(0.002, 0.005) * voice.level("speed", 0.4, 1.0, 2.0)
    low, high = cloud(voice.rng, voice.samples, np.concatenate(tones), levels, width)
    direction = voice.parameters.direction
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * voice.rate(0.35, 2.5) * voice.time)
    depth = voice.level("speed", 0.2, 0.4, 1.0)
    opened = (1 - abs(direction)) * 0.7 * swell + abs(direction) * (
        voice.progress if direction > 0 else 1 - voice.progress
    )
    mix = opened.astype(np.float32)
    return times(
        low * (1 - mix) + high * mix, 1 - depth + depth * swell, accent(voice, 2.0, 0.5), sustain(voice, 0.35, 0.35)
    )


def lead(voice: Voice) -> Audio:
    """Three detuned saws or squares with vibrato that sets in late."""
    pitch = voice.hertz(330.0)
    numbers = harmonics(pitch * 1.5, 256)
    partials = np.where((numbers % 2 == 0) & (voice.rng.random() < 0.35), 0.1, 1.0) / numbers
    cutoff = pitch * voice.level("brightness", 2.0, 9.0, 30.0)
    spectra = (partials * lowpass(numbers * pitch, cutoff, 1, 0.4))[None]
    vibrato = 0.006 * np.clip(voice.time / 0.6, 0, 1) * np.sin(2 * np.pi * voice.rng.uniform(4.5, 6.0) * voice.time)
    phase = cycles(glide(voice, pitch, 1.5, voice.span) * (1 + vibrato), voice.samples)
    spread = voice.rng.uniform(0.003, 0.008)
    rows = np.zeros(voice.samples)
    low, middle, high = (
        scan(phase * factor + voice.rng.random(), spectra, rows) for factor in (1 - spread, 1.0, 1 + spread)
    )
    return times([middle + low, middle + high], accent(voice, 1.4, 0.18), sustain(voice, 0.012, 0.2))


def organ(voice: Voice) -> Audio:
    """A chord on drawbars through a turning speaker: louder and brighter towards each ear in turn."""
    root = voice.hertz(220.0, 1.0)
    registration = REGISTRATIONS[int(voice.rng.integers(len(REGISTRATIONS)))] / 8
    registration = registration * DRAWBARS ** voice.level("brightness", -1.0, -0.1, 0.4)
    pitches = root * 2 ** (np.array(chord(voice)) / 12)
    tones = np.outer(pitches, DRAWBARS).ravel()
    phases = voice.rng.random(len(tones))
    sound = modes(voice.samples, tones, np.inf, np.tile(registration, len(pitches)), phases)
    click = noise(voice.rng, voice.samples) * strike(voice.clock, 0.0, 0.01)
    sound = sound + click * np.float32(voice.level("hardness", 0.0, 0.2, 1.0))
    turn = 2 * np.pi * voice.rate(3.0, 1.6) * voice.time
    depth = np.float32(voice.level("speed", 0.35, 0.45, 1.0))
    left, right = (1 + depth * np.sin(turn + side).astype(np.float32) for side in (0.0, 0.7))
    return times([left, right], sound, accent(voice, 1.2, 0.2), sustain(voice, 0.006, 0.06))
