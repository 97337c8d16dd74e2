from __future__ import annotations

import numpy as np
import pytest

from midifrag.fragment import analysis
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.options import FragmentOptions
from tests.fragment.sounds import RATE, noise

FIRST = 300
#: What librosa compiles first may take any time on a busy machine: only the tests themselves are timed.
pytestmark = pytest.mark.timeout(func_only=True)


@pytest.fixture(scope="module", autouse=True)
def _warm():
    analysis.warm()


def beats(count, per_minute=120.0, hiss=0.01):
    """Decaying tones, one a beat, the first one after `FIRST` samples."""
    interval = round(RATE * 60 / per_minute)
    audio = noise(count * interval / RATE, level=hiss)
    tone = np.exp(-np.arange(4000) / 800) * np.sin(np.arange(4000) * 0.05)
    for beat in range(count):
        at = FIRST + beat * interval
        audio[:, at : at + 4000] += tone.astype(np.float32)
    return audio


@pytest.mark.parametrize("per_minute", [100.0, 120.0])
def test_tempo(per_minute):
    assert analysis.tempo(beats(9, per_minute), RATE) == pytest.approx(per_minute, rel=0.02)


def test_rain_and_what_is_short_have_no_tempo():
    assert analysis.tempo(noise(5.0), RATE) is None
    assert analysis.tempo(beats(2), RATE) is None
    assert analysis.tempo(np.zeros((2, 4 * RATE), np.float32), RATE) is None


def test_onsets():
    found = np.array(analysis.onsets(beats(8), RATE))

    for beat in range(1, 8):
        assert np.abs(found - (FIRST / RATE + beat * 0.5)).min() < 0.05


@pytest.mark.parametrize("hiss", [0.0, 0.01])
def test_loop_is_a_whole_number_of_beats(hiss):
    audio = beats(9, hiss=hiss)[:, : 9 * RATE // 2 - 5000]

    first, last = analysis.loop_points(audio, RATE, 2000)

    assert (last - 2000 - first) / (RATE / 2) == pytest.approx(8, abs=0.03)
    assert abs(first - FIRST) < 0.03 * RATE


def test_loop_without_beats_goes_to_zero_crossings():
    tone = np.sin(2 * np.pi * 441 * (np.arange(10_030) + 30) / RATE)[None].astype(np.float32)

    first, last = analysis.loop_points(tone, RATE)

    assert tone.shape[1] - 441 < last - first <= tone.shape[1]
    assert all(abs(tone[0, at]) < 0.07 and tone[0, at + 1] > tone[0, at] for at in (first, last))


def test_loop_of_what_never_crosses_zero_keeps_its_length():
    assert analysis.loop_points(np.full((2, 1000), 0.5, np.float32), RATE) == (0, 1000)


def test_fragment_cut_on_its_beats():
    fragment = make_fragment(beats(9, hiss=0.0), RATE, FragmentOptions(loop=True, loop_align=True))

    assert fragment.seconds == pytest.approx(4.0, abs=0.02)
