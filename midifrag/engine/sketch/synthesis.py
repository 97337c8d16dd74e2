"""The oscillators, noises and envelopes that the families are made of.

Everything here costs about the same whether it has three partials or a hundred: damped partials are one matrix product,
changing spectra are a scanned wavetable, and steady clouds of partials and noises are drawn in the frequency domain.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import fft

from midifrag.audio import Audio
from midifrag.engine.sketch.voice import SAMPLE_RATE, Curve

#: Samples in one cycle of a wavetable; read without interpolation that is 66 dB below the signal.
TABLE = 2048
#: Partials above this are left out, in hertz.
HIGHEST_PARTIAL = 18_000.0
#: Samples per frame of the moving filter; frames overlap by half.
FRAME = 1024
#: Samples per transform when impulses are let sound.
RING = 4096

#: What has decayed below is set to zero: denormal numbers cost more time than all the rest.
SILENCE = 1e-8

Response = Callable[[Curve], Curve]


def times(sound: npt.ArrayLike, *gains: npt.ArrayLike) -> Audio:
    """``sound`` with all ``gains`` applied, in single precision."""
    for gain in gains:
        sound = np.multiply(sound, gain)
    return np.asarray(sound, dtype=np.float32)


def strike(clock: Audio, attack: float, decay: float) -> Audio:
    """An impact's envelope: a smooth rise of ``attack`` seconds, then −60 dB after ``decay`` seconds."""
    envelope: Audio = np.exp(clock * np.float32(-np.log(1000.0) / decay))
    envelope[envelope < SILENCE] = 0
    rise = min(len(clock), round(attack * SAMPLE_RATE))
    envelope[:rise] *= np.float32(0.5) - np.float32(0.5) * np.cos(np.linspace(0, np.pi, rise, dtype=np.float32))
    return envelope


def hold(clock: Audio, attack: float, span: float, release: float) -> Audio:
    """A sustained envelope: up in ``attack`` seconds, down to nothing over the last ``release`` before ``span``."""
    up = np.clip(clock / np.float32(max(attack, 1e-4)), 0, 1)
    down = np.clip((np.float32(span) - clock) / np.float32(max(release, 1e-4)), 0, 1)
    bow = np.sin(up * down * np.float32(np.pi / 2))
    return times(bow, bow)


def cycles(hertz: Curve | float, samples: int) -> Curve:
    """The phase in cycles at every sample of a frequency in hertz, steady or per sample; it starts at 0."""
    if isinstance(hertz, float):
        return np.arange(samples, dtype=np.float64) * (hertz / SAMPLE_RATE)
    phase: Curve = np.cumsum(hertz) / SAMPLE_RATE
    phase -= phase[0]
    return phase


def sine(phase: Curve) -> Audio:
    """A sine at ``phase`` cycles; the phase is wrapped in double precision, so that it stays exact for minutes."""
    return np.sin(times(phase - np.floor(phase), np.float32(2 * np.pi)))


def modes(
    samples: int, hertz: npt.ArrayLike, decays: npt.ArrayLike, levels: npt.ArrayLike, phases: npt.ArrayLike = 0.0
) -> Audio:
    """A sum of damped sines: frequencies in hertz, seconds to −60 dB (``inf`` holds), levels, phases in cycles.

    Each sine is a complex exponential, split into coarse and fine time, so that the sum over all of them is one
    matrix product of about √samples rows and columns.
    """
    tone, fade, level, phase = np.broadcast_arrays(hertz, decays, levels, phases)
    audible = tone < HIGHEST_PARTIAL
    poles = (-np.log(1000.0) / fade[audible] + 2j * np.pi * tone[audible]) / SAMPLE_RATE
    block = int(np.ceil(np.sqrt(samples)))
    start = level[audible] * np.exp(2j * np.pi * phase[audible])
    coarse = start * np.exp(np.outer(np.arange(-(-samples // block)) * block, poles))
    coarse[np.abs(coarse) < SILENCE] = 0
    fine = np.exp(np.outer(poles, np.arange(block)))
    left = np.concatenate([coarse.real, coarse.imag], axis=1).astype(np.float32)
    right = np.concatenate([fine.imag, fine.real]).astype(np.float32)
    total: Audio = left @ right
    return total.reshape(-1)[:samples]


def square_partials(hertz: npt.ArrayLike, highest: float = HIGHEST_PARTIAL) -> tuple[Curve, Curve]:
    """Frequencies and levels of the odd harmonics of several square waves together."""
    tones = np.atleast_1d(np.asarray(hertz, dtype=np.float64))
    odd = np.arange(1, 1 + 2 * int(np.ceil(highest / tones.min() / 2)), 2)
    grid = np.outer(tones, odd)
    levels = np.broadcast_to(1.0 / odd, grid.shape)
    return grid[grid < highest], levels[grid < highest]


def harmonics(fundamental: float, most: int = 400) -> Curve:
    """The numbers of the harmonics of ``fundamental`` hertz that are audible: 1, 2, 3 …, at least one."""
    return np.arange(1, 1 + max(1, min(most, int(HIGHEST_PARTIAL / fundamental))), dtype=np.float64)


def lowpass(hertz: npt.ArrayLike, cutoff: npt.ArrayLike, order: int = 2, resonance: float = 0.0) -> Curve:
    """The gain of a low-pass at ``hertz``, −6 dB per octave and order, with a peak of ``resonance`` at the cutoff."""
    ratio = np.asarray(hertz) / np.asarray(cutoff)
    gain: Curve = 1 / np.sqrt(1 + ratio ** (2 * order))
    if resonance:
        gain *= 1 + resonance * np.exp(-((np.log2(ratio + 1e-9) / 0.25) ** 2))
    return gain


def band(hertz: Curve, low: npt.ArrayLike, high: npt.ArrayLike, order: int = 2) -> Curve:
    """The gain of a band-pass from ``low`` to ``high`` hertz."""
    gain = lowpass(hertz, high, order)
    gain *= np.sqrt(1 - 1 / (1 + (hertz / np.asarray(low)) ** (2 * order)))
    return gain


def scan(phase: Curve, spectra: Curve, rows: Curve) -> Audio:
    """Read a wavetable that changes in time.

    ``spectra`` (R, K) are levels of harmonics 1 … K, ``rows`` (n,) the position in 0 … R − 1 at every sample, ``phase``
    (n,) in cycles. Harmonics start as sines, so that neighbouring rows add up and nothing cancels between them.
    """
    waves = np.zeros((len(spectra), TABLE // 2 + 1), dtype=np.complex64)
    count = min(spectra.shape[1], TABLE // 2 - 1)
    waves[:, 1 : count + 1] = spectra[:, :count] * (-0.5j * TABLE)
    table: Audio = fft.irfft(waves, TABLE, axis=1).reshape(-1)
    column = ((phase - np.floor(phase)) * TABLE).astype(np.int32) & (TABLE - 1)
    if len(spectra) == 1:
        only: Audio = table[column]
        return only
    row = np.minimum(rows.astype(np.int32), len(spectra) - 2)
    place = row * TABLE + column
    here = table[place]
    between: Audio = here + (table[place + TABLE] - here) * (rows - row).astype(np.float32)
    return between


def noise(rng: np.random.Generator, samples: int, response: Response | None = None) -> Audio:
    """White noise of about unit level, or noise whose spectrum is ``response`` of the frequency in hertz."""
    if response is None:
        return rng.standard_normal(samples, dtype=np.float32)
    size = fft.next_fast_len(samples, real=True)
    bins = size // 2 + 1
    spectrum = rng.standard_normal((bins, 2), dtype=np.float32).view(np.complex64)[:, 0]
    gain = response(np.arange(bins) * (SAMPLE_RATE / size))
    gain[0] = 0
    # The same loudness whatever the shape of the band.
    gain = gain * (size / 2 / np.sqrt(np.sum(gain**2) + 1e-12))
    coloured: Audio = fft.irfft(spectrum * gain.astype(np.float32), size)[:samples]
    return coloured


def cloud(rng: np.random.Generator, samples: int, hertz: Curve, levels: list[Curve], bandwidth: float) -> list[Audio]:
    """Wide, slowly beating partials: one stereo sound per array in ``levels``, all with the same phases.

    Every partial is a Gaussian of ``bandwidth`` (relative to its frequency) with random phases: the PADsynth algorithm
    of Nasca Octavian Paul. The sounds differ in level only, so they may be crossfaded like an opening filter.
    """
    size = fft.next_fast_len(samples, real=True)
    step = SAMPLE_RATE / size
    profiles = np.zeros((len(levels), size // 2 + 1), dtype=np.float32)
    for index, tone in enumerate(hertz):
        if tone > HIGHEST_PARTIAL:
            continue
        width = max(tone * bandwidth / step, 0.4)
        first = max(1, int(tone / step - 4 * width))
        place = np.arange(first, min(len(profiles[0]), int(tone / step + 4 * width) + 2))
        bump = np.exp(-0.5 * ((place - tone / step) / width) ** 2) / np.sqrt(width)
        for profile, level in zip(profiles, levels, strict=True):
            profile[place] += level[index] * bump
    turns = rng.random((2, profiles.shape[1]), dtype=np.float32) * np.float32(2 * np.pi)
    phases = np.cos(turns) + np.complex64(1j) * np.sin(turns)
    return [fft.irfft(profile * phases, size)[:, :samples] * np.float32(size / 2) for profile in profiles]


def moving_filter(sound: Audio, response: Callable[[Audio, Audio], npt.ArrayLike]) -> Audio:
    """Filter ``sound`` (…, n) by a gain that moves: ``response(hertz (F,), seconds (T, 1))`` returns (T, F)."""
    hop, samples, sides = FRAME // 2, sound.shape[-1], sound.shape[:-1]
    frames = -(-samples // hop) + 1
    padded = np.zeros((*sides, (frames + 1) * hop), dtype=np.float32)
    padded[..., hop : hop + samples] = sound
    window = np.sin(np.pi * (np.arange(FRAME, dtype=np.float32) + 0.5) / FRAME)
    cut = np.lib.stride_tricks.sliding_window_view(padded, FRAME, axis=-1)[..., ::hop, :] * window
    hertz = np.arange(FRAME // 2 + 1, dtype=np.float32) * np.float32(SAMPLE_RATE / FRAME)
    seconds = (np.arange(frames, dtype=np.float32)[:, None] - np.float32(0.5)) * np.float32(hop / SAMPLE_RATE)
    gain = np.asarray(response(hertz, seconds), dtype=np.float32)
    cut = fft.irfft(fft.rfft(cut, axis=-1) * gain, FRAME, axis=-1) * window
    joined = np.zeros((*sides, frames + 1, hop), dtype=np.float32)
    joined[..., :-1, :] += cut[..., :hop]
    joined[..., 1:, :] += cut[..., hop:]
    return joined.reshape(*sides, -1)[..., hop : hop + samples]


def stereo_noise(rng: np.random.Generator, samples: int, response: Response | None = None) -> Audio:
    """Two independent noises, (2, n)."""
    return np.stack([noise(rng, samples, response) for _ in range(2)])


def ring(trains: npt.ArrayLike, grains: npt.ArrayLike) -> Audio:
    """Let impulses sound: ``trains`` (…, K, n) convolved with ``grains`` (K, m) and summed over K, to (…, n).

    Overlap and add in blocks of ``RING`` samples, which must be more than 2 m; all grains share the way back.
    """
    impulses, sounds = np.asarray(trains, dtype=np.float32), np.asarray(grains, dtype=np.float32)
    samples, tail = impulses.shape[-1], sounds.shape[-1] - 1
    block = RING - tail
    count = -(-samples // block)
    padded = np.zeros((*impulses.shape[:-1], count * block), dtype=np.float32)
    padded[..., :samples] = impulses
    spectrum = fft.rfft(padded.reshape(*impulses.shape[:-1], count, block), RING)
    spectrum = (spectrum * fft.rfft(sounds, RING)[:, None]).sum(axis=-3)
    blocks = fft.irfft(spectrum, RING)
    joined = blocks[..., :block].copy()
    joined[..., 1:, :tail] += blocks[..., :-1, block:]
    return times(joined.reshape(*joined.shape[:-2], -1)[..., :samples])


def tame(sound: Audio, crest: float) -> Audio:
    """Round off what is more than ``crest`` times the RMS, so that a few stray peaks do not set the level of it all."""
    ceiling = np.float32(crest) * np.sqrt(np.mean(sound**2) + np.float32(1e-12))
    return times(np.tanh(sound / ceiling), ceiling)


def wander(rng: np.random.Generator, time: Curve, rate: float) -> Curve:
    """A smooth random movement of about ``rate`` swings per second, mostly within −1 … 1."""
    points = int(time[-1] * rate * 2) + 4
    knots = rng.uniform(-1.0, 1.0, points)
    coarse = np.arange(0.0, points - 1, 1 / 32)
    left = coarse.astype(np.int64)
    blend = coarse - left
    blend = blend * blend * (3 - 2 * blend)
    curve = knots[left] + (knots[left + 1] - knots[left]) * blend
    return np.interp(time * rate * 2 + rng.random(), coarse, curve)


def place(target: Audio, sound: Audio, start: int) -> None:
    """Add ``sound`` (…, m) to ``target`` (…, n) from sample ``start`` on; what reaches past the end is cut."""
    count = max(0, min(sound.shape[-1], target.shape[-1] - start))
    target[..., start : start + count] += sound[..., :count]
