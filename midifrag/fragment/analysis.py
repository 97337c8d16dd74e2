"""What librosa hears in a fragment: tempo, onsets, and where a loop may be cut."""

from __future__ import annotations

import functools
from types import ModuleType

import numpy as np

from midifrag.audio import Audio

#: Below this many seconds there is no tempo to speak of.
SHORTEST_TEMPO = 2.0
#: How far from the wanted place, in seconds, a zero crossing may lie.
REACH = 0.005
#: How far from a beat, in seconds, the sound on it may begin.
BESIDE = 0.06
#: How many times stronger than on average sounds must rise on beats, to be beats.
CLEAR = 3.0
_HOP = 512


def warm() -> None:
    """Import and compile now what the first question would wait for, some seconds."""
    library()


@functools.cache
def library() -> ModuleType:
    """librosa; the first to ask waits some seconds, the first time of all longer.

    Its parts are imported when they are named, and numba compiles them then: here, and nowhere else.
    """
    from midifrag.machine_code import kept_as

    with kept_as("librosa"):
        import librosa

        # Four seconds of clicks: of silence it would ask no more.
        clicks = np.zeros(4 * 8000, np.float32)
        clicks[::4000] = 1.0
        rises = librosa.onset.onset_strength(y=clicks, sr=8000)
        librosa.onset.onset_detect(y=clicks, sr=8000, units="samples", backtrack=True)
        librosa.beat.beat_track(onset_envelope=rises, sr=8000, units="frames", trim=False)
        librosa.power_to_db(librosa.feature.melspectrogram(y=clicks, sr=8000, n_mels=8))
    module: ModuleType = librosa
    return module


def tempo(audio: Audio, sample_rate: int) -> float | None:
    """Return the tempo of audio of shape (channels, samples), in beats per minute; None if no beat is heard."""
    beats, per_minute = _beats(audio, sample_rate)
    return per_minute if len(beats) > 1 else None


def onsets(audio: Audio, sample_rate: int) -> list[float]:
    """Return where sounds begin in audio of shape (channels, samples), in seconds."""
    return [at / sample_rate for at in _onsets(audio, sample_rate)]


def loop_points(audio: Audio, sample_rate: int, crossfade: int = 0) -> tuple[int, int]:
    """Return where to cut audio of shape (channels, samples) for a loop, as first sample and one past the last.

    If there are beats, it begins where the sound on the first one does, and is as many whole beats long as fit once its
    last ``crossfade`` samples are mixed into its beginning. Otherwise either end goes to the next zero crossing.
    """
    length = audio.shape[1]
    beats, _ = _beats(audio, sample_rate)
    if len(beats) > 2:
        onset = _nearest([0, *_onsets(audio, sample_rate)], beats[0], BESIDE * sample_rate)
        first = zero_crossing(audio, onset, sample_rate)
        # The tracker places the outermost beats by guess.
        inner = beats[1:-1] if len(beats) > 4 else beats
        interval = float(np.polyfit(range(len(inner)), inner, 1)[0])
        whole = int((length - first - crossfade) / interval)
        if whole > 0:
            return first, first + round(whole * interval) + crossfade
    first, last = zero_crossing(audio, 0, sample_rate), zero_crossing(audio, length, sample_rate)
    return (first, last) if first < last else (0, length)


def zero_crossing(audio: Audio, at: int, sample_rate: int) -> int:
    """Return the sample nearest to ``at``, within `REACH`, before which the sum of the channels rose through zero.

    Silence counts as such; ``at`` itself if there is none.
    """
    reach = round(REACH * sample_rate)
    first = max(0, at - reach)
    near = _mono(audio[:, first : at + reach])
    rising = np.flatnonzero((near[:-1] <= 0) & (near[1:] >= 0)) + 1 + first
    return _nearest(rising.tolist(), at, reach)


def _nearest(places: list[int], at: int, reach: float) -> int:
    """Return the place nearest to ``at``, or ``at`` itself if none is within ``reach``."""
    place = min(places, key=lambda one: abs(one - at), default=at)
    return place if abs(place - at) <= reach else at


def _onsets(audio: Audio, sample_rate: int) -> list[int]:
    onset = library().onset
    found = onset.onset_detect(y=_mono(audio), sr=sample_rate, hop_length=_HOP, units="samples", backtrack=True)
    return [int(at) for at in found]


def _beats(audio: Audio, sample_rate: int) -> tuple[list[int], float]:
    """Return the samples at which beats fall, and beats per minute; none if they stand out no more than by chance."""
    if audio.shape[1] < SHORTEST_TEMPO * sample_rate:
        return [], 0.0
    librosa = library()
    rises = librosa.onset.onset_strength(y=_mono(audio), sr=sample_rate, hop_length=_HOP)
    per_minute, found = librosa.beat.beat_track(
        onset_envelope=rises, sr=sample_rate, hop_length=_HOP, units="frames", trim=False
    )
    # A tracker always finds beats, also in rain.
    around = np.stack([np.roll(rises, shift)[found] for shift in (-1, 0, 1)]).max(axis=0, initial=0.0)
    if not len(found) or np.median(around) < CLEAR * np.mean(rises):
        return [], 0.0
    return [int(at) * _HOP for at in found], float(np.atleast_1d(per_minute)[0])


def _mono(audio: Audio) -> Audio:
    mixed: Audio = audio.mean(axis=0, dtype=np.float32)
    return mixed
