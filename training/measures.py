"""What adjectives change, as numbers measured on a sound, and how well two words are told apart by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from midifrag.engine.sketch import SAMPLE_RATE

Audio = npt.NDArray[np.float32]
#: Samples between two values of an envelope.
HOP = 256
#: The movements that count as speed, in hertz.
SLOWEST, FASTEST = 0.5, 16.0
#: A change of loudness that counts half: 1.3 dB up and down, as the natural logarithm of a ratio.
LEAST_CHANGE = 0.15
#: The share of samples that lie below what counts as the peak.
PEAK = 0.9999


def _mono(audio: Audio) -> npt.NDArray[np.float64]:
    mono: npt.NDArray[np.float64] = audio.mean(axis=0, dtype=np.float64)
    return mono


def _power(audio: Audio) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Frequencies in hertz and the power at each."""
    hertz = np.fft.rfftfreq(audio.shape[1], 1 / SAMPLE_RATE).astype(np.float64)
    power: npt.NDArray[np.float64] = np.square(np.abs(np.fft.rfft(_mono(audio))))
    return hertz, power


def duration(audio: Audio) -> float:
    """Seconds until nine tenths of the energy have been heard."""
    energy = np.cumsum(np.mean(audio.astype(np.float64) ** 2, axis=0))
    return float(np.searchsorted(energy, 0.9 * energy[-1]) / SAMPLE_RATE)


def centroid(audio: Audio) -> float:
    """The centre of gravity of the power spectrum, in hertz, as the teacher's own tests take it.

    That of the magnitudes would weigh a hiss that nobody hears, 60 dB below the sound but in every bin, like the sound.
    """
    hertz, power = _power(audio)
    return float(np.sum(hertz * power) / (np.sum(power) + 1e-12))


def pitch(audio: Audio) -> float:
    """The frequency in hertz, on a logarithmic scale, below which half of the energy lies."""
    hertz, power = _power(audio)
    total = np.cumsum(np.where(hertz > 25, power, 0.0))
    return float(np.log2(hertz[np.searchsorted(total, 0.5 * total[-1])] + 1.0))


def fullness(audio: Audio) -> float:
    """How close the level comes to the peak, in decibels: what driving a sound raises (minus the crest factor).

    The few highest samples do not count: nobody hears them, and a decoder overshoots there.
    """
    level = np.sqrt(np.mean(audio.astype(np.float64) ** 2))
    return float(20 * np.log10((level + 1e-9) / (np.quantile(np.abs(audio), PEAK) + 1e-9)))


def movement(audio: Audio) -> float:
    """The rate in hertz that the changes of loudness and tone centre on, the strongest counting most.

    What hardly changes is slow: the flicker of a steady sound would count as fast, with nothing else to hear.
    """
    mono = _mono(audio)
    frames = np.lib.stride_tricks.sliding_window_view(mono, 1024)[::HOP] * np.hanning(1024)
    spectrum = np.abs(np.fft.rfft(frames, axis=1))
    edges = [1, 4, 9, 20, 45, 100, 230, 513]
    bands = np.stack([spectrum[:, low:high].sum(axis=1) for low, high in pairwise(edges)], axis=1)
    bands = np.log(bands + 1e-2 * bands.max() + 1e-12)
    window = np.hanning(len(bands))
    bands = (bands - bands.mean(axis=0)) * window[:, None]
    rates = np.fft.rfftfreq(len(bands), HOP / SAMPLE_RATE)
    # Squared once more: what moves at random moves a little at every rate.
    moved = np.sum(np.abs(np.fft.rfft(bands, axis=0)) ** 2, axis=1) ** 2
    heard = (rates >= SLOWEST) & (rates <= FASTEST)
    least = (bands.shape[1] * (0.5 * window.sum() * LEAST_CHANGE) ** 2) ** 2
    return float(np.sum(rates[heard] * moved[heard]) / (np.sum(moved[heard]) + least))


#: Axis → the measure that its second word raises.
MEASURES: Mapping[str, Callable[[Audio], float]] = {
    "length": duration,
    "speed": movement,
    "brightness": centroid,
    "pitch": pitch,
    "distortion": fullness,
}


def separation(lower: list[float], higher: list[float]) -> float:
    """The area under the curve: how often a value of ``higher`` exceeds one of ``lower``; ties count half."""
    first, second = np.asarray(lower)[:, None], np.asarray(higher)[None]
    return float(np.mean((second > first) + 0.5 * (second == first)))
