"""What librosa hears in a fragment: tempo, onsets, and where a loop may be cut."""

from __future__ import annotations

import numpy as np

from midifrag.engine.messages import Audio

#: Below this many seconds there is no tempo to speak of.
SHORTEST_TEMPO = 2.0
#: How far from the wanted place, in seconds, a zero crossing may lie.
REACH = 0.02
_HOP = 512


def tempo(audio: Audio, sample_rate: int) -> float | None:
    """Return the tempo of audio of shape (channels, samples), in beats per minute; None if no beat is heard."""
    beats, per_minute = _beats(audio, sample_rate)
    return per_minute if len(beats) > 1 else None


def onsets(audio: Audio, sample_rate: int) -> list[float]:
    """Return where sounds begin in audio of shape (channels, samples), in seconds."""
    import librosa

    found = librosa.onset.onset_detect(y=_mono(audio), sr=sample_rate, hop_length=_HOP, units="time")
    return [float(at) for at in found]


def loop_points(audio: Audio, sample_rate: int) -> tuple[int, int]:
    """Return where to cut audio of shape (channels, samples) for a loop, as first sample and one past the last.

    It begins and ends on a beat if there are some, a whole number of them apart, and otherwise keeps its length but for
    the way to the next zero crossing.
    """
    length = audio.shape[1]
    beats, _ = _beats(audio, sample_rate)
    start, stop = (beats[0], beats[-1]) if len(beats) > 2 else (0, length)
    first, last = zero_crossing(audio, start, sample_rate), zero_crossing(audio, stop, sample_rate)
    return (first, last) if first < last else (0, length)


def zero_crossing(audio: Audio, at: int, sample_rate: int) -> int:
    """Return the sample nearest to ``at``, within `REACH`, at which the sum of the channels rises through zero.

    That is the first sample that is not below zero; ``at`` itself if there is none.
    """
    reach = round(REACH * sample_rate)
    first = max(0, at - reach)
    near = _mono(audio[:, first : at + reach])
    rising = np.flatnonzero((near[:-1] < 0) & (near[1:] >= 0)) + 1 + first
    return int(rising[np.argmin(np.abs(rising - at))]) if rising.size else at


def _beats(audio: Audio, sample_rate: int) -> tuple[list[int], float]:
    """Return the samples at which beats fall, and beats per minute."""
    if audio.shape[1] < SHORTEST_TEMPO * sample_rate:
        return [], 0.0
    import librosa

    per_minute, found = librosa.beat.beat_track(y=_mono(audio), sr=sample_rate, hop_length=_HOP, units="samples")
    return [int(at) for at in found], float(np.atleast_1d(per_minute)[0])


def _mono(audio: Audio) -> Audio:
    mixed: Audio = audio.mean(axis=0, dtype=np.float32)
    return mixed
