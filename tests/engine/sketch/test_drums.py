"""What tells one drum from another, whatever the seed."""

import numpy as np
import pytest

from midifrag.engine.sketch import SAMPLE_RATE, drums
from tests.engine.sketch.measures import centroid, climb, fundamental, sounding
from tests.engine.sketch.voices import SEEDS, measured, stereo, voice


@pytest.mark.parametrize(
    ("name", "octaves", "seconds"),
    [
        ("kick", (5, 7), (0.15, 0.6)),
        ("tom", (6.5, 8), (0.15, 0.7)),
        ("cowbell", (9.5, 11), (0.08, 0.4)),
        ("clap", (10.5, 12), (0.1, 0.5)),
        ("rim", (10, 11.5), (0.01, 0.1)),
        ("cymbal", (11.5, 13.5), (0.4, 2.0)),
        ("snare", (12, 13.5), (0.08, 0.4)),
        ("hats", (13, 14.3), (0.03, 0.25)),
    ],
)
def test_register_and_length(name, octaves, seconds):
    drum = getattr(drums, name)
    assert octaves[0] < measured(centroid, drum) < octaves[1]
    assert seconds[0] < measured(sounding, drum) < seconds[1]


@pytest.mark.parametrize("name", ["kick", "tom"])
def test_a_struck_skin_falls_in_pitch(name):
    assert measured(climb, getattr(drums, name)) < -0.5


def test_a_clap_is_several_hands():
    """The level rises again and again within the first 50 ms."""
    for seed in SEEDS:
        start = stereo(drums.clap(voice(seed=seed)))[0, : round(0.05 * SAMPLE_RATE)]
        level = np.sqrt(np.mean(start[: len(start) // 88 * 88].reshape(-1, 88) ** 2, axis=1))
        smooth = np.convolve(level, np.ones(3) / 3, "valid")
        rises = np.flatnonzero(np.diff(np.sign(np.diff(smooth))) < 0)
        assert 2 <= len(rises) <= 8


def test_a_cowbell_is_two_tones_a_little_more_than_a_fifth_apart():
    sound = drums.cowbell(voice(pitch_hz=500.0))
    power = np.abs(np.fft.rfft(sound, 1 << 17)) ** 2
    hertz = np.fft.rfftfreq(1 << 17, 1 / SAMPLE_RATE)

    def near(tone):
        return power[abs(hertz - tone) < 8].max()

    assert fundamental(stereo(sound)) == pytest.approx(500.0, rel=0.02)
    assert near(740.0) > 0.1 * near(500.0)
    assert near(620.0) < 0.05 * near(500.0)
