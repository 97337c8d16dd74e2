import numpy as np
import pytest

from midifrag.engine.sketch import textures
from tests.engine.sketch.measures import centroid, climb, crest, fundamental, onsets, side_share, sounding, steadiness
from tests.engine.sketch.voices import SEEDS, measured, voice


@pytest.mark.parametrize("name", ["wind", "rain", "hiss", "drone"])
def test_they_go_on_for_as_long_as_one_likes(name):
    assert measured(sounding, getattr(textures, name)) > 1.6


@pytest.mark.parametrize("name", ["wind", "rain", "hiss", "drone", "crackle", "bubbles"])
def test_each_ear_hears_its_own(name):
    for seed in SEEDS:
        left, right = getattr(textures, name)(voice(seed=seed))
        assert not np.allclose(left, right)
    assert measured(side_share, getattr(textures, name)) > 0.02


def test_low_and_bright_are_in_their_order():
    order = [measured(centroid, getattr(textures, name)) for name in ("drone", "wind", "bubbles", "rain", "hiss")]
    assert order == sorted(order)


@pytest.mark.parametrize("name", ["crackle", "bubbles"])
def test_density_is_how_many(name):
    sparse, dense = (measured(onsets, getattr(textures, name), density=density) for density in (-1.0, 1.0))
    assert dense > sparse + 1


def test_a_downpour_is_steadier_than_a_drizzle():
    assert measured(steadiness, textures.rain, density=1.0) > measured(steadiness, textures.rain, density=-1.0)


def test_single_drops_and_clicks_stand_out_of_what_is_steady():
    assert measured(crest, textures.crackle) > measured(crest, textures.hiss) + 3


def test_a_drone_is_on_its_pitch():
    assert measured(fundamental, textures.drone, pitch_hz=65.4) == pytest.approx(65.4, rel=0.03)


@pytest.mark.parametrize("name", ["hiss", "drone", "wind"])
def test_rising_opens(name):
    assert measured(climb, getattr(textures, name), direction=1.0) > 0.2


def test_even_the_sparsest_begins_at_once():
    for seed in SEEDS:
        assert np.abs(textures.bubbles(voice(seed=seed, density=-1.0))[:, :5000]).max() > 0
        assert np.abs(textures.crackle(voice(seed=seed, density=-1.0))[:, :12_000]).max() > 0
