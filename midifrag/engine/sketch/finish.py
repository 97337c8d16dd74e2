"""What every sound goes through last: saturation, tone, room, width, level and clean ends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import fft

from midifrag.audio import Audio
from midifrag.engine.sketch.parameters import SoundParameters
from midifrag.engine.sketch.synthesis import noise
from midifrag.engine.sketch.voice import SAMPLE_RATE, Curve

Spectrum = npt.NDArray[np.complex64]

#: Nothing is louder than this; −0.9 dBFS leaves room for a resampler.
PEAK = 0.9
#: The loudness that sustained sounds are brought to: RMS of their loudest third.
LOUDNESS = 0.2
#: Everything below is taken away, in hertz; nobody hears it and it moves the ends off zero.
LOWEST = 18.0
#: Fades against clicks, in seconds.
FADE_IN, FADE_OUT = 0.0004, 0.012
#: The part of a sound with a reverb over which its tail fades, and the most of that in seconds.
TAIL_SHARE, TAIL_SECONDS = 0.2, 0.4


def finish(sound: Audio, parameters: SoundParameters, room: float, spread: float, rng: np.random.Generator) -> Audio:
    """Make ``sound`` (n,) or (2, n) a finished (2, n) one.

    ``room`` and ``spread`` are the family's own reverb and stereo width in 0 … 1, from which the axes depart.
    """
    sound = saturate(sound / (np.max(np.abs(sound)) + np.float32(1e-9)), parameters.distortion)
    wet = _between(parameters.reverb, room, 0.9)
    width = _between(parameters.width, spread, 1.0)
    sound = shape(sound, parameters.brightness, wet, width, rng)
    return level(clean_ends(sound, wet))


def _between(position: float, home: float, most: float) -> float:
    """0 at −1, ``home`` at 0 and ``most`` at +1."""
    return home * (1 + position) if position < 0 else home + (most - home) * position


def saturate(sound: Audio, distortion: float) -> Audio:
    """Drive ``sound`` of peak 1 into a tanh: not at all at −1, audibly warm at 0, a fuzz at +1."""
    drive = 0.6 * (1 + distortion) + 22.0 * max(distortion, 0.0) ** 1.5
    if drive <= 0:
        return sound
    # The offset makes even harmonics, as a valve would.
    bias = 0.12 * max(distortion, 0.0)
    driven = np.tanh(np.float32(drive) * (sound + np.float32(bias))) - np.float32(np.tanh(drive * bias))
    level: Audio = driven / np.float32(np.tanh(drive))
    return level


def shape(sound: Audio, brightness: float, wet: float, width: float, rng: np.random.Generator) -> Audio:
    """Tone, reverb and width in one pass through the frequency domain; mono or stereo in, stereo out."""
    samples = sound.shape[-1]
    middle, side_room = _rooms(rng, wet, width, samples)
    size = fft.next_fast_len(samples + len(middle), real=True)
    centre = sound if sound.ndim == 1 else (sound[0] + sound[1]) * np.float32(0.5)
    spectrum = fft.rfft(centre, size)
    hertz = np.arange(size // 2 + 1) * (SAMPLE_RATE / size)
    tone = _tone(hertz, spectrum, brightness)
    mono = fft.irfft(spectrum * tone * fft.rfft(middle, size), size)[:samples]
    if width == 0:
        return np.stack([mono, mono])
    bass_stays_in_the_middle = hertz**2 / (hertz**2 + 150.0**2)
    side = spectrum * fft.rfft(side_room, size) * bass_stays_in_the_middle.astype(np.float32)
    if sound.ndim == 2:
        side += fft.rfft((sound[0] - sound[1]) * np.float32(0.5 * width), size)
    sides = fft.irfft(side * tone, size)[:samples]
    return np.stack([mono + sides, mono - sides])


def _tone(hertz: Curve, spectrum: Spectrum, brightness: float) -> Spectrum:
    """A causal filter around the sound's own centre of gravity: low-pass towards dark, high shelf towards bright."""
    turn = hertz / LOWEST
    gain = 1j * turn / (1 + 1j * turn)
    if brightness:
        power = np.abs(spectrum) ** 2
        centroid = float(np.sum(power * hertz) / (np.sum(power) + 1e-12))
        ratio = 1j * hertz / max(centroid, 60.0)
        if brightness < 0:
            # The direct part goes faster than the position, or a half dark sound would only be quieter.
            direct = (1 + brightness) ** 2
            gain *= direct + (1 - direct) / (1 + 1.6 * ratio) ** 2
        else:
            gain *= 1 + 0.8 * brightness * ratio / (1 + ratio / 4) - 0.6 * brightness / (1 + ratio)
    return np.asarray(gain, dtype=np.complex64)


def _rooms(rng: np.random.Generator, wet: float, width: float, samples: int) -> tuple[Audio, Audio]:
    """Impulse responses of the middle (with the direct sound) and of the sides, for a reverb and a width in 0 … 1."""
    length = min(0.25 + 2.6 * wet, 0.7 * samples / SAMPLE_RATE)
    tail = max(round(length * 0.8 * SAMPLE_RATE), 64) if wet > 0 else 600
    middle, sides = np.zeros((2, tail), dtype=np.float32)
    middle[0] = 1 - 0.5 * wet
    blur = np.exp(-np.arange(600, dtype=np.float32) / 130) * noise(rng, 600)
    sides[: min(600, tail)] = (blur / np.sqrt(np.sum(blur**2)) * np.float32(0.55 * width))[:tail]
    if wet > 0:
        clock = np.arange(tail, dtype=np.float32) / SAMPLE_RATE
        envelope = np.exp(clock * np.float32(-6.9 / length)) * np.minimum(clock / np.float32(0.012), 1)
        envelope *= np.float32(wet * 1.1) / np.sqrt(np.sum(envelope**2))
        middle += noise(rng, tail) * envelope
        sides += noise(rng, tail) * envelope * np.float32(min(1.0, 2.0 * width))
    return middle, sides


def clean_ends(sound: Audio, wet: float) -> Audio:
    """Start and end at exactly zero; a reverb's tail fades over the last fifth."""
    samples = sound.shape[-1]
    rise = max(2, min(samples // 4, round(FADE_IN * SAMPLE_RATE)))
    tail = min(TAIL_SECONDS, TAIL_SHARE * samples / SAMPLE_RATE) if wet > 0 else 0.0
    fall = max(2, min(samples // 4, round((FADE_OUT + tail) * SAMPLE_RATE)))
    sound[:, :rise] *= np.sin(np.linspace(0, np.pi / 2, rise, dtype=np.float32)) ** 2
    sound[:, -fall:] *= np.cos(np.linspace(0, np.pi / 2, fall, dtype=np.float32)) ** 2
    sound[:, -1] = 0
    return sound


def level(sound: Audio) -> Audio:
    """Bring impacts to the peak and sustained sounds to the loudness, whichever comes first."""
    blocks = max(1, sound.shape[-1] // 2048)
    power = np.mean(sound[:, : blocks * 2048].reshape(2, blocks, -1) ** 2, axis=(0, 2))
    loudest = np.sqrt(np.mean(np.sort(power)[-max(1, blocks // 3) :]))
    gain = min(PEAK / (np.max(np.abs(sound)) + 1e-12), LOUDNESS / (loudest + 1e-12))
    return sound * np.float32(gain)
