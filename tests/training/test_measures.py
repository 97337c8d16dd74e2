import numpy as np
import pytest

from midifrag.engine.sketch import render_parameters
from training.captions import compose
from training.measures import MEASURES, separation


@pytest.mark.parametrize(
    ("axis", "family"),
    [
        ("length", "snare"),
        ("length", "pad"),
        ("speed", "beat"),
        ("speed", "siren"),
        ("brightness", "noise"),
        ("brightness", "bass"),
        ("pitch", "bell"),
        ("pitch", "kick"),
        ("distortion", "kick"),
        ("distortion", "organ"),
    ],
)
def test_a_measure_tells_the_teachers_words_apart(axis, family):
    def values(position):
        parameters = compose(family, {axis: position}).parameters
        return [MEASURES[axis](render_parameters(parameters, 2.0, seed).audio) for seed in range(3)]

    assert separation(values(-0.8), values(0.8)) == 1.0


def test_separation_is_the_area_under_the_curve():
    assert separation([1, 2], [3, 4]) == 1.0
    assert separation([3, 4], [1, 2]) == 0.0
    assert separation([1, 1], [1, 1]) == 0.5
    assert separation([1, 3], [2, 4]) == 0.75


@pytest.mark.parametrize("measure", MEASURES.values())
def test_silence_has_a_measure(measure):
    assert np.isfinite(measure(np.zeros((2, 44_100), dtype=np.float32)))


def test_what_hardly_moves_is_slow():
    time = np.arange(3 * 44_100) / 44_100
    tone = np.sin(2 * np.pi * 200 * time)

    def speed(depth, hertz):
        moving = tone * (1 + depth * np.sin(2 * np.pi * hertz * time))
        return MEASURES["speed"](np.stack([moving, moving]).astype(np.float32))

    assert speed(0.02, 9.0) < 0.5 < speed(0.5, 2.0) < 3.0 < speed(0.5, 9.0)


def test_a_hiss_that_nobody_hears_is_not_bright():
    time = np.arange(44_100) / 44_100
    hiss = 3e-4 * np.random.default_rng(1).standard_normal(44_100)
    low, middle = (np.stack([np.sin(2 * np.pi * hertz * time)] * 2).astype(np.float32) for hertz in (50, 300))
    assert MEASURES["brightness"](low + hiss.astype(np.float32)) < MEASURES["brightness"](middle)
