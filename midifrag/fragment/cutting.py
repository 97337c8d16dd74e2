"""From take to fragment: level, silence at the ends, fades or a seamless loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from midifrag.audio import Audio
from midifrag.errors import NonFiniteTakeError, SilentTakeError
from midifrag.fragment.options import FragmentOptions

_SMALLEST = float(np.finfo(np.float32).tiny)
#: Level is measured over so many blocks of so many seconds.
_BLOCKS, _BLOCK = 10, 0.001
#: An offset is looked for in stretches of so many seconds, and is at least this part of the peak.
_STRETCH, _SMALLEST_OFFSET = 0.05, 0.0001
#: A stretch that moves less than this part of its mean is calm; two agree if one is at least this part of the other.
_CALM, _AGREED = 0.25, 0.75
#: How many times what chance makes of a sound's mean.
_BEYOND_CHANCE = 4.0
#: Below so many samples a second the filters that loudness is measured with (up to 1.7 kHz) do not exist.
_LEAST_RATE = 4000
#: What is told: that more than this part was cut off, or less than so many seconds are left.
_MUCH, _SHORT = 0.95, 0.02


@dataclass(frozen=True, slots=True)
class Fragment:
    """A fragment's audio, float32 of shape (channels, samples) within −1 … 1.

    ``notes`` are things worth telling the performer.
    """

    audio: Audio
    sample_rate: int
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.audio.shape[1] / self.sample_rate


def make_fragment(audio: Audio, sample_rate: int, options: FragmentOptions) -> Fragment:
    """Cut a fragment from a take of shape (channels, samples).

    An offset is taken out first (`without_offset`). The take is brought to its peak, silence is removed at both ends
    (`audible`), and both ends are faded in a straight line. A loop is crossfaded into itself instead of being faded.
    Raises `SilentTakeError` and `NonFiniteTakeError`.
    """
    peak(audio)
    audio = without_offset(audio, sample_rate)
    level = peak(audio)
    if level < max(_ratio(options.silent_below_db), _SMALLEST):
        raise SilentTakeError(_level_text(level))
    start, stop = audible(audio, sample_rate, options.silence_threshold_db) if options.trim else (0, audio.shape[1])
    crossfade = round(options.loop_crossfade_ms * sample_rate / 1000)
    if options.loop and options.loop_align:
        # librosa takes seconds to import: only those wait for it who use it.
        from midifrag.fragment.analysis import loop_points

        first, last = loop_points(audio[:, start:stop], sample_rate, crossfade)
        start, stop = start + first, start + last
    cut = audio[:, start:stop]
    # Divided and not multiplied, so that the loudest sample becomes exactly full scale.
    divisor = level
    notes: tuple[str, ...] = ()
    if cut.shape[1] < (1 - _MUCH) * audio.shape[1]:
        kept, whole = (_length(part.shape[1], sample_rate) for part in (cut, audio))
        notes += (f"over {_MUCH:.0%} was cut off: {kept} of {whole} are left",)
    if options.normalise == "none":
        divisor = max(level, 1.0)
    elif options.normalise == "loudness":
        divisor, loudness_notes = _loudness_divisor(cut, sample_rate, options.loudness)
        notes += loudness_notes
    shaped: Audio = np.clip(cut / np.float32(divisor), -1.0, 1.0)
    wanted = crossfade if options.loop else round(options.fade_ms * sample_rate / 1000)
    length = min(wanted, cut.shape[1] // 2 if options.loop else longest_fade(cut.shape[1]))
    if length < wanted:
        what = "crossfade" if options.loop else "fades"
        notes += (f"{what} shortened to {_length(length, sample_rate)}, half of the sound",)
    shaped = crossfaded(shaped, length) if options.loop else faded(shaped, length)
    if shaped.shape[1] < _SHORT * sample_rate:
        notes += (f"only {_length(shaped.shape[1], sample_rate)} long",)
    return Fragment(shaped, sample_rate, notes)


def peak(audio: Audio) -> float:
    """Return the largest magnitude in a take. Raises `NonFiniteTakeError`."""
    level = float(np.max(np.abs(audio), initial=0.0))
    if not np.isfinite(level):
        wrong = int(audio.size - np.count_nonzero(np.isfinite(audio)))
        raise NonFiniteTakeError(f"{wrong} of {audio.size} samples are not numbers")
    return level


def without_offset(audio: Audio, sample_rate: int) -> Audio:
    """Return audio of shape (channels, samples) with every channel's constant offset (DC) taken out.

    It is looked for in stretches of 50 ms, one period of the lowest tone that can be heard. Stretches that hardly move
    show it plainly. Where none is calm, the mean is the offset, as long as it is more than chance makes of a sound. If
    calm stretches disagree, or one is softer than the offset, it is none, but a part of the sound. What is smaller than
    a ten-thousandth of the peak stays, and sounds of less than two stretches are left alone.
    """
    offsets = np.array([_offset(channel, sample_rate) for channel in audio], np.float32)
    return audio - offsets[:, None] if offsets.any() else audio


def _offset(channel: Audio, sample_rate: int) -> float:
    size = max(1, round(_STRETCH * sample_rate))
    count = len(channel) // size
    if count < 2:
        return 0.0
    stretches = channel[: count * size].reshape(count, size)
    means = stretches.mean(axis=1, dtype=np.float64)
    powers = np.einsum("cs,cs->c", stretches, stretches, dtype=np.float64) / size
    calm = means[powers - means**2 <= (_CALM * means) ** 2]
    if calm.size:
        found = float(np.median(calm))
        is_constant = bool((calm * np.sign(found) >= _AGREED * abs(found)).all())
    else:
        found = float(means.mean())
        by_chance = float((powers.mean() - found**2) / stretches.size) ** 0.5
        is_constant = abs(found) >= _BEYOND_CHANCE * by_chance
    is_everywhere = is_constant and powers.min() >= (_AGREED * found) ** 2
    return found if is_everywhere and abs(found) >= _SMALLEST_OFFSET * peak(channel) else 0.0


def audible(audio: Audio, sample_rate: int, threshold_db: float) -> tuple[int, int]:
    """Return where audio of shape (channels, samples) begins and ends to be heard: first sample, and one past the last.

    What counts is the level (RMS) of 10 ms in the louder channel, relative to that of the loudest 10 ms: a single
    sample makes neither a sound nor a silence. Within the first and the last 10 ms that are loud enough, the sound
    begins and ends with a sample that is.
    """
    size = max(1, round(_BLOCK * sample_rate))
    count = max(-(-audio.shape[1] // size), _BLOCKS)
    padded = np.zeros((audio.shape[0], count * size), np.float32)
    padded[:, : audio.shape[1]] = audio
    blocks = padded.reshape(audio.shape[0], count, size)
    powers = np.einsum("cbs,cbs->cb", blocks, blocks, dtype=np.float64) / size
    levels = np.lib.stride_tricks.sliding_window_view(powers, _BLOCKS, axis=1).mean(axis=2).max(axis=0)
    limit = min(levels.max() * _ratio(2 * threshold_db), powers.max())
    loud = np.flatnonzero(levels >= limit)
    # Of ten blocks whose mean reaches the limit at least one does, and of that at least one sample.
    within = np.flatnonzero(powers.max(axis=0)[loud[0] : loud[-1] + _BLOCKS] >= limit) + loud[0]
    first, last = within[0] * size, (within[-1] + 1) * size
    heard = np.flatnonzero((np.abs(padded[:, first:last]) >= np.float32(limit**0.5)).any(axis=0)) + first
    return int(heard[0]), int(heard[-1]) + 1


def longest_fade(samples: int) -> int:
    """Return how long each of two fades can be, so that something is left between them."""
    return samples // 2 if samples > 2 else 0


def faded(audio: Audio, length: int) -> Audio:
    """Return audio with a straight fade of ``length`` samples at both ends, which is at most half of it.

    The first and the last sample become zero.
    """
    if length == 0:
        return audio
    ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
    result = audio.copy()
    result[:, :length] *= ramp
    result[:, -length:] *= ramp[::-1]
    return result


def crossfaded(audio: Audio, length: int) -> Audio:
    """Return a seamless loop: the last ``length`` samples are mixed into the first ones and cut off.

    The last sample is then followed by the one that followed it in the take. The mix keeps its power, since the two
    ends have nothing to do with each other; should it exceed full scale, the loop becomes softer as a whole. At most
    half is crossfaded.
    """
    length = min(length, audio.shape[1] // 2)
    if length == 0:
        return audio
    angle = np.linspace(0.0, np.pi / 2, length, endpoint=False, dtype=np.float32)
    result = audio[:, :-length].copy()
    result[:, :length] = result[:, :length] * np.sin(angle) + audio[:, -length:] * np.cos(angle)
    return result / np.float32(max(1.0, peak(result)))


def _loudness_divisor(audio: Audio, sample_rate: int, target: float) -> tuple[float, tuple[str, ...]]:
    """Return what to divide by for this loudness in LUFS without clipping, and a note where that cannot be met."""
    import pyloudnorm

    level = peak(audio)
    if sample_rate < _LEAST_RATE:
        return level, (f"brought to its peak and not to {target:g} LUFS: too few samples a second to measure",)
    try:
        measured = float(pyloudnorm.Meter(sample_rate).integrated_loudness(audio.T.astype(np.float64)))
    except ValueError as error:
        return level, (f"brought to its peak and not to {target:g} LUFS: {error}",)
    if not np.isfinite(measured):
        return level, (f"brought to its peak and not to {target:g} LUFS: too soft to measure",)
    divisor = _ratio(measured - target)
    if divisor < level:
        reached = measured - 20 * np.log10(level)
        return level, (f"{reached:.1f} LUFS and not {target:g}: more would clip",)
    return divisor, ()


def _length(samples: int, sample_rate: int) -> str:
    return f"{1000 * samples / sample_rate:.3g} ms" if samples < sample_rate else f"{samples / sample_rate:.2f} s"


def _ratio(decibels: float) -> float:
    return float(10.0 ** (decibels / 20.0))


def _level_text(level: float) -> str:
    return f"its peak is {20 * np.log10(level):.0f} dBFS" if level else "every sample is zero"
