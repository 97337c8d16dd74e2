"""What is done to the ends of a sound: straight fades, and the crossfade that makes a loop."""

from __future__ import annotations

import numpy as np

from midifrag.audio import Audio
from midifrag.errors import NonFiniteTakeError


def peak(audio: Audio) -> float:
    """Return the largest magnitude in a take. Raises `NonFiniteTakeError`."""
    level = float(np.max(np.abs(audio), initial=0.0))
    if not np.isfinite(level):
        wrong = int(audio.size - np.count_nonzero(np.isfinite(audio)))
        raise NonFiniteTakeError(f"{wrong} of {audio.size} samples are not numbers")
    return level


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


def in_words(samples: int, sample_rate: int) -> str:
    """A length as a performer reads it, such as ``12 ms`` or ``1.25 s``."""
    return f"{1000 * samples / sample_rate:.3g} ms" if samples < sample_rate else f"{samples / sample_rate:.2f} s"
