import numpy as np
import pytest

from midifrag.engine.sketch import SAMPLE_RATE
from midifrag.engine.sketch.effects import laser, riser, siren, sweep
from tests.engine.sketch.measures import climb, onsets, sounding, turns
from tests.engine.sketch.voices import SEEDS, measured, stereo, voice


@pytest.mark.parametrize("function", [sweep, riser])
def test_direction_is_where_it_goes(function):
    assert measured(climb, function, direction=1.0) > 0.3
    assert measured(climb, function, direction=-1.0) < -0.3


def test_a_riser_grows_to_the_end():
    for seed in SEEDS:
        sound = stereo(riser(voice(seed=seed)))
        first, last = (np.mean(part**2) for part in (sound[:, :20_000], sound[:, -30_000:-10_000]))
        assert last > 4 * first


def test_lasers_are_as_many_as_fit():
    assert measured(onsets, laser, bpm=120, speed=1.0) > measured(onsets, laser, bpm=120, speed=-1.0)
    assert measured(sounding, laser, speed=-1.0, length=-1.0) < 0.3


@pytest.mark.parametrize(("direction", "sign"), [(0.0, -1), (1.0, 1)])
def test_a_single_zap_dives_or_soars(direction, sign):
    for seed in SEEDS:
        zap = laser(voice(seconds=0.5, seed=seed, speed=-1.0, direction=direction))[: round(0.25 * SAMPLE_RATE)]
        crossings = [np.count_nonzero(np.diff(np.sign(half))) for half in np.array_split(zap, 2)]
        assert np.sign(crossings[1] - crossings[0]) == sign


def test_a_fast_siren_turns_more_often():
    assert measured(turns, siren, speed=1.0) > measured(turns, siren, speed=-1.0) + 0.5
