"""What adjectives are measured by; every function takes (2, n) audio at 44.1 kHz and returns one number."""

import numpy as np
from scipy import signal

from midifrag.engine.sketch import SAMPLE_RATE

HOP = 64


def _mono(audio):
    return audio.mean(axis=0).astype(np.float64)


def _envelope(audio):
    """RMS per hop of 1.5 ms."""
    blocks = audio[:, : audio.shape[1] // HOP * HOP].reshape(2, -1, HOP)
    return np.sqrt(np.mean(blocks.astype(np.float64) ** 2, axis=(0, 2)))


def _spectrum(audio):
    hertz, power = signal.welch(_mono(audio), SAMPLE_RATE, nperseg=min(8192, audio.shape[1]), noverlap=0)
    return hertz[1:], power[1:]


def _frames(audio, size=2048):
    hertz, _, bins = signal.stft(_mono(audio), SAMPLE_RATE, nperseg=size, noverlap=size - 512)
    return hertz, np.abs(bins) ** 2


def sounding(audio):
    """Seconds within 30 dB of the loudest moment."""
    envelope = _envelope(audio)
    return float(np.sum(envelope > envelope.max() * 10 ** (-30 / 20)) * HOP / SAMPLE_RATE)


def centroid(audio):
    """Spectral centroid in octaves above 1 Hz."""
    hertz, power = _spectrum(audio)
    return float(np.log2(np.sum(hertz * power) / np.sum(power)))


def register(audio):
    """Where the spectrum lies, in octaves: the mean of log frequency, weighted by amplitude."""
    hertz, power = _spectrum(audio)
    heard = hertz > 25
    weight = np.sqrt(power[heard] / hertz[heard])
    return float(np.sum(np.log2(hertz[heard]) * weight) / np.sum(weight))


def steepest_rise(audio):
    """The largest rise within 1.5 ms as a share of the loudest moment."""
    envelope = _envelope(audio)
    return float(np.max(np.diff(envelope, prepend=0.0)) / envelope.max())


def steepest_swell(audio):
    """As ``steepest_rise``, of a level smoothed over 6 ms: for tones whose single periods would count as attacks."""
    envelope = np.convolve(_envelope(audio), np.full(4, 1 / 4))
    return float(np.max(envelope[2:] - envelope[:-2]) / envelope.max())


def attack_time(audio):
    """Seconds until a third of the typical level is reached, whatever flickers above or below it."""
    envelope = signal.fftconvolve(_envelope(audio), np.full(16, 1 / 16))
    heard = envelope > envelope.max() * 0.05
    return float(np.argmax(envelope > np.median(envelope[heard]) / 3) * HOP / SAMPLE_RATE)


def crest(audio):
    """Peak to RMS in dB."""
    return float(20 * np.log10(np.abs(audio).max() / np.sqrt(np.mean(audio.astype(np.float64) ** 2))))


def centre_time(audio):
    """Where the energy lies in time, in seconds."""
    energy = _envelope(audio) ** 2
    return float(np.sum(energy * np.arange(len(energy))) / np.sum(energy) * HOP / SAMPLE_RATE)


def side_share(audio):
    """The share of the energy that differs between left and right."""
    side = np.sum((audio[0] - audio[1]) ** 2)
    return float(side / (side + np.sum((audio[0] + audio[1]) ** 2)))


def onsets(audio):
    """Attacks per second: rises of the spectrum in third octaves, at least 40 ms apart."""
    hertz, power = _frames(audio, 1024)
    bands = np.add.reduceat(power, np.unique(np.searchsorted(hertz, np.geomspace(60, 16_000, 24))), axis=0)
    loudness = np.log10(bands / bands.max(axis=1, keepdims=True) + 1e-3)
    flux = np.maximum(loudness[:, 2:] - loudness[:, :-2], 0).mean(axis=0)
    peaks, _ = signal.find_peaks(np.concatenate([[0], flux, [0]]), height=0.2 * flux.max(), distance=4)
    return len(peaks) / (audio.shape[1] / SAMPLE_RATE)


def steadiness(audio):
    """The mean of the level over its deviation: high where events run into each other."""
    envelope = _envelope(audio)
    return float(envelope.mean() / envelope.std())


def movement(audio):
    """How much loudness and tone change in a second, in octaves, leaving out starts, ends and flicker."""
    hertz, power = _frames(audio)
    total = power.sum(axis=0) + 1e-12
    smooth = signal.windows.hann(11) / signal.windows.hann(11).sum()
    middle = slice(len(total) // 6, -len(total) // 6)
    changes = 0.0
    for curve in ((hertz[:, None] * power).sum(axis=0) / total, np.sqrt(total)):
        track = np.log2(signal.fftconvolve(curve, smooth, mode="same")[middle] + 1e-9)
        changes += float(np.mean(np.abs(np.diff(track)))) * SAMPLE_RATE / 512
    return changes


def turns(audio):
    """How often in a second the spectral centroid comes back to its middle."""
    hertz, power = _frames(audio)
    smooth = signal.windows.hann(11) / signal.windows.hann(11).sum()
    centroid = signal.fftconvolve(
        (hertz[:, None] * power).sum(axis=0) / (power.sum(axis=0) + 1e-12), smooth, mode="same"
    )
    middle = centroid[len(centroid) // 10 : -len(centroid) // 10]
    sides = np.sign(middle - (middle.min() + middle.max()) / 2)
    return float(np.count_nonzero(np.diff(sides))) / (len(middle) * 512 / SAMPLE_RATE)


def climb(audio):
    """How the spectral centroid moves, in octaves per second, where it is loud enough to matter."""
    hertz, power = _frames(audio)
    energy = power.sum(axis=0)
    heard = energy > energy.max() * 1e-3
    tone = np.log2((hertz[:, None] * power).sum(axis=0)[heard] / energy[heard])
    seconds = np.flatnonzero(heard) * 512 / SAMPLE_RATE
    return float(np.polyfit(seconds, tone, 1)[0])


def fundamental(audio):
    """The pitch in hertz: the lowest spectral peak within 15 dB of the strongest."""
    mono = _mono(audio)
    size = 1 << 18
    power = np.abs(np.fft.rfft(mono * np.hanning(2 * len(mono))[len(mono) :], size)) ** 2
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    smooth = signal.fftconvolve(power, np.hanning(31), mode="same") * (hertz > 25)
    peaks, _ = signal.find_peaks(smooth, height=smooth.max() * 10**-1.5)
    return float(hertz[peaks[0]])


def glide(audio):
    """Octaves that the pitch rises from the first to the second half of what sounds."""
    half = int(sounding(audio) * SAMPLE_RATE) // 2
    return float(np.log2(fundamental(audio[:, half : 2 * half]) / fundamental(audio[:, :half])))
