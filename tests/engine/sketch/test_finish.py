import numpy as np
import pytest

from midifrag.engine.sketch import SAMPLE_RATE, SoundParameters
from midifrag.engine.sketch.finish import LOUDNESS, PEAK, clean_ends, finish, level, saturate, shape
from tests.engine.sketch.measures import centroid, side_share


def tone(hertz=220.0, seconds=1.0):
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE).astype(np.float32)


def noise(seed=1, samples=SAMPLE_RATE):
    return np.random.default_rng(seed).standard_normal(samples).astype(np.float32)


def rng():
    return np.random.Generator(np.random.PCG64(4))


def finished(sound, room=0.0, spread=0.0, **parameters):
    return finish(sound, SoundParameters(**parameters), room, spread, rng())


def test_mono_becomes_stereo_and_one_without_a_width_the_same_on_both_sides():
    left, right = finished(tone())
    assert np.array_equal(left, right)
    wide = finished(tone(2000.0), spread=0.5)
    assert wide.shape == (2, SAMPLE_RATE)
    assert side_share(wide) > 0.01


def test_the_ends_are_silent():
    sound = finished(np.ones(SAMPLE_RATE, np.float32) + noise())
    assert np.all(sound[:, [0, -1]] == 0)
    assert np.abs(sound[:, :4]).max() < 0.3 * np.abs(sound).max()
    faded = clean_ends(np.ones((2, SAMPLE_RATE), np.float32), 0.5)
    assert faded[0, SAMPLE_RATE // 2] == 1
    assert faded[0, round(0.9 * SAMPLE_RATE)] < 1


@pytest.mark.parametrize("sound", [tone(), np.eye(1, SAMPLE_RATE, 200, dtype=np.float32)[0]])
def test_sustained_sounds_reach_the_loudness_and_impacts_the_peak(sound):
    leveled = level(np.stack([sound, sound]))
    peak, loudest = np.abs(leveled).max(), np.sqrt(np.mean(leveled[:, : SAMPLE_RATE // 2] ** 2))
    assert peak == pytest.approx(PEAK, rel=1e-3) or loudest == pytest.approx(LOUDNESS, rel=0.02)
    assert peak <= PEAK + 1e-6


def test_drive_flattens_and_none_leaves_a_sound_alone():
    assert np.array_equal(saturate(tone(), -1.0), tone())
    driven = [np.stack([saturate(tone(), drive)] * 2) for drive in (-1.0, 0.0, 0.5, 1.0)]
    centroids = [centroid(sound) for sound in driven]
    assert centroids == sorted(set(centroids))
    # A sine's height is √2 times its deviation, a square's once.
    heights = [np.ptp(sound) / 2 / np.std(sound) for sound in driven]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] < 1.2


def test_brightness_tilts_the_spectrum_around_its_own_centre():
    centroids = [centroid(shape(noise(), brightness, 0.0, 0.0, rng())) for brightness in (-1.0, -0.4, 0.0, 0.4, 1.0)]
    assert centroids == sorted(centroids)
    assert centroids[-1] - centroids[0] > 0.5


def test_a_room_rings_on_after_the_sound():
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[100] = 1
    dry, wet = (shape(click, 0.0, room, 0.0, rng()) for room in (0.0, 0.9))
    assert np.abs(dry[:, 10_000:]).max() < 1e-4 * np.abs(dry).max()
    assert np.abs(wet[:, 10_000:]).max() > 1e-3 * np.abs(wet).max()


def test_axes_depart_from_what_the_family_has():
    assert np.array_equal(*finished(tone(), spread=0.5, width=-1.0))
    assert side_share(finished(noise(), spread=0.2, width=1.0)) > side_share(finished(noise(), spread=0.2))


def test_bass_stays_in_the_middle():
    assert side_share(finished(tone(40.0), spread=1.0)) < 0.3 * side_share(finished(tone(2000.0), spread=1.0))
