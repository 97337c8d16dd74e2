"""The oscillators, noises and envelopes against the sums and loops that they stand for."""

import numpy as np
import pytest

from midifrag.engine.sketch import SAMPLE_RATE, synthesis
from midifrag.engine.sketch.synthesis import (
    HIGHEST_PARTIAL,
    band,
    cloud,
    cycles,
    harmonics,
    hold,
    lowpass,
    modes,
    moving_filter,
    noise,
    place,
    ring,
    scan,
    sine,
    square_partials,
    stereo_noise,
    strike,
    tame,
    times,
    wander,
)

SAMPLES = 20_000
TIME = np.arange(SAMPLES) / SAMPLE_RATE
CLOCK = TIME.astype(np.float32)


def rng(seed=1):
    return np.random.Generator(np.random.PCG64(seed))


def test_gains_multiply_in_single_precision():
    product = times([1.0, 2.0], 3.0, [1.0, 0.5])
    assert product.dtype == np.float32
    assert product.tolist() == [3.0, 3.0]


def test_a_strike_is_sixty_decibels_down_at_its_end():
    envelope = strike(CLOCK, 0.01, 0.2)
    assert envelope[0] == 0
    assert np.argmax(envelope) == pytest.approx(0.01 * SAMPLE_RATE, abs=SAMPLE_RATE * 0.005)
    assert envelope[round(0.2 * SAMPLE_RATE)] == pytest.approx(1e-3, rel=0.01)


def test_a_held_sound_rises_stays_and_falls():
    envelope = hold(CLOCK, 0.05, 0.3, 0.1)
    assert envelope[0] == 0
    assert np.all(envelope[round(0.05 * SAMPLE_RATE) + 1 : round(0.2 * SAMPLE_RATE)] == pytest.approx(1.0))
    assert np.all(envelope[round(0.3 * SAMPLE_RATE) + 1 :] == 0)


@pytest.mark.parametrize("hertz", [440.0, np.linspace(100.0, 900.0, SAMPLES)])
def test_phase_is_the_sum_of_the_frequency(hertz):
    phase = cycles(hertz, SAMPLES)
    assert phase[0] == 0
    assert np.diff(phase) == pytest.approx(np.broadcast_to(hertz, SAMPLES)[1:] / SAMPLE_RATE)
    assert sine(phase) == pytest.approx(np.sin(2 * np.pi * phase), abs=1e-5)


def test_modes_are_a_sum_of_damped_sines():
    hertz, decays, levels, phases = [200.0, 517.0, 3000.0], [0.2, np.inf, 0.1], [1.0, 0.5, 0.25], [0.0, 0.25, 0.6]
    expected = sum(
        level * np.exp(-np.log(1000) * TIME / decay) * np.sin(2 * np.pi * (tone * TIME + phase))
        for tone, decay, level, phase in zip(hertz, decays, levels, phases, strict=True)
    )
    assert modes(SAMPLES, hertz, decays, levels, phases) == pytest.approx(expected, abs=2e-4)


def test_what_nobody_hears_is_left_out():
    assert np.all(modes(SAMPLES, [HIGHEST_PARTIAL + 1], 1.0, 1.0) == 0)
    assert harmonics(5000.0).tolist() == [1, 2, 3]
    assert harmonics(1.0, 7).tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert harmonics(HIGHEST_PARTIAL * 2).tolist() == [1]


def test_squares_have_odd_harmonics_only():
    tones, levels = square_partials([100.0, 150.0], 800.0)
    found = dict(zip(tones.tolist(), levels.tolist(), strict=True))
    assert found == {100.0: 1, 300.0: 1 / 3, 500.0: 1 / 5, 700.0: 1 / 7, 150.0: 1, 450.0: 1 / 3, 750.0: 1 / 5}


def test_filters_pass_what_they_say():
    hertz = np.array([10.0, 100.0, 1000.0, 10_000.0])
    low, middle = lowpass(hertz, 1000.0, 2), band(hertz, 100.0, 1000.0, 4)
    assert low[:2] == pytest.approx(1.0, abs=1e-3)
    assert low[2] == pytest.approx(np.sqrt(0.5))
    assert low[3] == pytest.approx(0.01, rel=0.01)
    assert middle[[0, 3]].max() < 1e-3
    assert middle[1:3] == pytest.approx(np.sqrt(0.5), rel=1e-3)
    assert lowpass(1000.0, 1000.0, 2, 1.0) == pytest.approx(2 * np.sqrt(0.5))


def test_a_scanned_table_is_a_sum_of_sines_that_blends_from_row_to_row():
    phase, spectra = cycles(220.0, SAMPLES), np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]])

    def harmonic(number):
        return np.sin(2 * np.pi * number * phase)

    first, second = harmonic(1) + 0.5 * harmonic(3), harmonic(2)
    for row, expected in ((0.0, first), (1.0, second), (0.25, 0.75 * first + 0.25 * second)):
        assert scan(phase, spectra, np.full(SAMPLES, row)) == pytest.approx(expected, abs=0.01)
    assert scan(phase, spectra[:1], np.zeros(SAMPLES)) == pytest.approx(first, abs=0.01)


def test_noise_is_as_loud_whatever_its_band():
    white = noise(rng(), SAMPLES)
    narrow = noise(rng(), SAMPLES, lambda hertz: band(hertz, 1000.0, 2000.0))
    for sound in (white, narrow):
        assert np.sqrt(np.mean(sound**2)) == pytest.approx(1.0, rel=0.05)
    power, hertz = np.abs(np.fft.rfft(narrow)) ** 2, np.fft.rfftfreq(SAMPLES, 1 / SAMPLE_RATE)
    assert power[(hertz > 700) & (hertz < 3000)].sum() > 0.8 * power.sum()


def test_stereo_noise_is_two_noises():
    left, right = stereo_noise(rng(), SAMPLES)
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.05


def test_a_cloud_has_its_partials_where_they_belong_and_the_same_phases_for_all_levels():
    tones = np.array([400.0, 900.0, HIGHEST_PARTIAL + 100])
    first, second = cloud(rng(), SAMPLES, tones, [np.array([1.0, 0.0, 1.0]), np.array([1.0, 1.0, 1.0])], 0.004)
    hertz = np.fft.rfftfreq(SAMPLES, 1 / SAMPLE_RATE)
    power = np.abs(np.fft.rfft(first[0])) ** 2
    assert power[abs(hertz - 400) < 20].sum() > 0.98 * power.sum()
    other = np.abs(np.fft.rfft(second[0] - first[0])) ** 2
    assert other[abs(hertz - 900) < 40].sum() > 0.98 * other.sum()
    assert not np.allclose(first[0], first[1])


def test_a_moving_filter_that_does_nothing_changes_nothing_and_one_that_closes_silences():
    sound = stereo_noise(rng(), SAMPLES)
    assert moving_filter(sound, lambda _hertz, _seconds: 1.0) == pytest.approx(sound, abs=1e-4)
    half = SAMPLES / SAMPLE_RATE / 2
    closing = moving_filter(sound, lambda hertz, seconds: np.broadcast_to(seconds < half, (len(seconds), len(hertz))))
    assert closing[:, : SAMPLES // 2 - 1024] == pytest.approx(sound[:, : SAMPLES // 2 - 1024], abs=1e-4)
    assert np.abs(closing[:, SAMPLES // 2 + 1024 :]).max() < 1e-4


def test_a_ring_is_a_convolution(monkeypatch):
    monkeypatch.setattr(synthesis, "RING", 256)
    trains, grains = rng().random((2, 3, 1000)), rng(2).random((3, 100))
    expected = [sum(np.convolve(trains[side, k], grains[k])[:1000] for k in range(3)) for side in range(2)]
    assert ring(trains, grains) == pytest.approx(np.array(expected), rel=1e-3, abs=1e-3)


def test_stray_peaks_are_rounded_off_and_the_rest_is_not():
    sound = noise(rng(), SAMPLES)
    sound[100] = 50.0
    tamed = tame(sound, 4.0)
    ceiling = 4 * np.sqrt(np.mean(sound**2))
    assert np.abs(tamed).max() <= ceiling * (1 + 1e-5)
    quiet = np.abs(sound) < 0.5
    assert tamed[quiet] == pytest.approx(sound[quiet], abs=0.02)


def test_wandering_stays_within_and_swings_as_often_as_it_is_told():
    time = np.arange(20 * 1000) / 1000
    slow, fast = (wander(rng(), time, rate) for rate in (0.5, 3.0))
    assert max(np.abs(slow).max(), np.abs(fast).max()) <= 1.0
    turns = [np.count_nonzero(np.diff(np.sign(np.diff(curve)))) for curve in (slow, fast)]
    assert turns[1] > 3 * turns[0]
    assert np.abs(np.diff(slow)).max() < 0.01


@pytest.mark.parametrize(("start", "expected"), [(1, [0, 1, 2, 3]), (3, [0, 0, 0, 1]), (9, [0, 0, 0, 0])])
def test_what_reaches_past_the_end_is_cut(start, expected):
    target = np.zeros(4, np.float32)
    place(target, np.array([1, 2, 3], np.float32), start)
    assert target.tolist() == expected
