"""From take to fragment: level, silence at the ends, fades or a seamless loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from midifrag.audio import Audio
from midifrag.errors import SilentTakeError
from midifrag.fragment.exact import cut_exactly
from midifrag.fragment.fades import crossfaded, faded, in_words, longest_fade, peak
from midifrag.fragment.length import FragmentLength, MusicalLength
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
        samples: int = self.audio.shape[1]
        return samples / self.sample_rate


def make_fragment(
    audio: Audio, sample_rate: int, options: FragmentOptions, length: FragmentLength | None = None
) -> Fragment:
    """Cut a fragment from a take of shape (channels, samples).

    An offset is taken out first (`without_offset`). The take is brought to its peak, silence is removed at both ends
    (`audible`), and both ends are faded in a straight line. A loop is crossfaded into itself instead of being faded.
    One with a ``length`` in music is so many samples long, from its first sound on. Raises `SilentTakeError` and
    `NonFiniteTakeError`.
    """
    peak(audio)
    audio = without_offset(audio, sample_rate)
    level = peak(audio)
    _refuse_silence(level, options)
    start, stop = audible(audio, sample_rate, options.silence_threshold_db) if options.trim else (0, audio.shape[1])
    if isinstance(length, MusicalLength):
        return _exact(audio[:, start:], sample_rate, options, length)
    crossfade = round(options.loop_crossfade_ms * sample_rate / 1000)
    if options.loop and options.loop_align:
        first, last = _loop_points(audio[:, start:stop], sample_rate, crossfade)
        start, stop = start + first, start + last
    notes: tuple[str, ...] = ()
    cut = audio[:, start:stop]
    if cut.shape[1] < (1 - _MUCH) * audio.shape[1]:
        kept, whole = (in_words(part.shape[1], sample_rate) for part in (cut, audio))
        notes += (f"over {_MUCH:.0%} was cut off: {kept} of {whole} are left",)
    if length is not None:
        # Its model renders no less: what is beyond was never asked for.
        cut = cut[:, : length.samples(sample_rate)]
        level = peak(cut)
        _refuse_silence(level, options)
    shaped, level_notes = _levelled(cut, level, sample_rate, options)
    notes += level_notes
    wanted = crossfade if options.loop else round(options.fade_ms * sample_rate / 1000)
    shortened = min(wanted, cut.shape[1] // 2 if options.loop else longest_fade(cut.shape[1]))
    if shortened < wanted:
        what = "crossfade" if options.loop else "fades"
        notes += (f"{what} shortened to {in_words(shortened, sample_rate)}, half of the sound",)
    shaped = crossfaded(shaped, shortened) if options.loop else faded(shaped, shortened)
    if shaped.shape[1] < _SHORT * sample_rate:
        notes += (f"only {in_words(shaped.shape[1], sample_rate)} long",)
    return Fragment(shaped, sample_rate, notes)


def _exact(audio: Audio, sample_rate: int, options: FragmentOptions, length: MusicalLength) -> Fragment:
    """A fragment of a length in music; ``audio`` begins with its first sound."""
    if options.loop and options.loop_align:
        first, _ = _loop_points(audio, sample_rate, 0)
        # Its end is where the bars end; the beginning may move as long as enough is left.
        if audio.shape[1] - first >= length.samples(sample_rate):
            audio = audio[:, first:]
    made, notes = cut_exactly(audio, sample_rate, options, length)
    level = peak(made)
    _refuse_silence(level, options)
    shaped, level_notes = _levelled(made, level, sample_rate, options)
    return Fragment(shaped, sample_rate, (*notes, *level_notes))


def _loop_points(audio: Audio, sample_rate: int, crossfade: int) -> tuple[int, int]:
    # librosa takes seconds to import: only those wait for it who use it.
    from midifrag.fragment.analysis import loop_points

    return loop_points(audio, sample_rate, crossfade)


def _refuse_silence(level: float, options: FragmentOptions) -> None:
    if level < max(_ratio(options.silent_below_db), _SMALLEST):
        raise SilentTakeError(_level_text(level))


def _levelled(cut: Audio, level: float, sample_rate: int, options: FragmentOptions) -> tuple[Audio, tuple[str, ...]]:
    """What was cut at the level that is asked for; ``level`` is the peak, of itself or of what it was cut from."""
    # Divided and not multiplied, so that the loudest sample becomes exactly full scale.
    divisor, notes = level, tuple[str, ...]()
    if options.normalise == "none":
        divisor = max(level, 1.0)
    elif options.normalise == "loudness":
        divisor, notes = _loudness_divisor(cut, sample_rate, options.loudness)
    shaped: Audio = np.clip(cut / np.float32(divisor), -1.0, 1.0)
    return shaped, notes


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


def _ratio(decibels: float) -> float:
    return float(10.0 ** (decibels / 20.0))


def _level_text(level: float) -> str:
    return f"its peak is {20 * np.log10(level):.0f} dBFS" if level else "every sample is zero"
