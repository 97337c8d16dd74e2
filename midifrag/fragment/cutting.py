"""From take to fragment: level, silence at the ends, fades or a seamless loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from midifrag.audio import Audio
from midifrag.errors import NonFiniteTakeError, SilentTakeError
from midifrag.fragment.options import FragmentOptions

_SMALLEST = float(np.finfo(np.float32).tiny)


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

    The take is brought to its peak, silence is removed at both ends (a sample is silent when every channel is below
    ``silence_threshold_db`` relative to the peak), and both ends are faded in a straight line, unless two fades do not
    fit. A loop is crossfaded into itself instead of being faded. Raises `SilentTakeError` and `NonFiniteTakeError`.
    """
    level = peak(audio)
    if level < max(_ratio(options.silent_below_db), _SMALLEST):
        raise SilentTakeError(f"the take is silent: {_level_text(level)}. Try another prompt, seed or cfg_scale.")
    start, stop = audible(audio, level * _ratio(options.silence_threshold_db)) if options.trim else (0, audio.shape[1])
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
    if options.normalise == "none":
        divisor = max(level, 1.0)
    elif options.normalise == "loudness":
        divisor, notes = _loudness_divisor(cut, sample_rate, options.loudness)
    shaped: Audio = np.clip(cut / np.float32(divisor), -1.0, 1.0)
    if options.loop:
        shaped = crossfaded(shaped, crossfade)
    else:
        shaped = faded(shaped, round(options.fade_ms * sample_rate / 1000))
    return Fragment(shaped, sample_rate, notes)


def peak(audio: Audio) -> float:
    """Return the largest magnitude in a take. Raises `NonFiniteTakeError`."""
    level = float(np.max(np.abs(audio), initial=0.0))
    if not np.isfinite(level):
        wrong = int(audio.size - np.count_nonzero(np.isfinite(audio)))
        raise NonFiniteTakeError(
            f"{wrong} of {audio.size} samples are not numbers. Try fewer steps, a lower cfg_scale, or precision: fp32."
        )
    return level


def audible(audio: Audio, threshold: float) -> tuple[int, int]:
    """Return where audio of shape (channels, samples) begins and ends to be heard.

    That is the first sample of which any channel reaches ``threshold``, and one past the last; (0, 0) if there is none.
    """
    heard = np.flatnonzero((np.abs(audio) >= np.float32(threshold)).any(axis=0))
    return (int(heard[0]), int(heard[-1]) + 1) if heard.size else (0, 0)


def faded(audio: Audio, length: int) -> Audio:
    """Return audio with a straight fade of ``length`` samples at both ends, unchanged if two of them do not fit.

    The first and the last sample become zero.
    """
    if length == 0 or 2 * length > audio.shape[1]:
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
