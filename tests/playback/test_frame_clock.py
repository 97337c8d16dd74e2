import numpy as np
import pytest

from midifrag.playback.frame_clock import JUMPED, FrameClock

RATE, BLOCK = 44100, 256


def callbacks(seconds, *, first=0, begin=100.0, rate=44100.7, seed=0):
    """Frames, and moments that are late as on a busy machine: a little always, much now and then."""
    random = np.random.default_rng(seed)
    frames = first + np.arange(0, seconds * RATE, BLOCK)
    late = random.exponential(20e-6, len(frames)) + (random.random(len(frames)) < 0.05) * random.uniform(
        0, 3e-3, len(frames)
    )
    return frames.astype(float), begin + (frames - first) / rate + late


def fed(clock, frames, moments):
    """Feed as a player does, a few at a time; when it jumped."""
    begins = range(0, len(frames), 5)
    return [at for at in begins if clock.feed(frames[at : at + 5], moments[at : at + 5], BLOCK)]


def test_nothing_is_known_before_the_first_callback():
    clock = FrameClock(RATE)
    assert not clock.feed(np.empty(0), np.empty(0), BLOCK)
    assert clock.line is None


def test_frames_are_foretold_to_about_a_sample_though_callbacks_are_late():
    clock = FrameClock(RATE)
    frames, moments = callbacks(20)
    assert fed(clock, frames, moments) == []
    assert clock.line.rate == pytest.approx(44100.7, abs=0.1)
    soon = frames[-1] + RATE // 4
    true = 100.0 + soon / 44100.7
    assert clock.line.frame_at(true) == pytest.approx(soon, abs=2)
    assert clock.line.moment_of(soon) == pytest.approx(true, abs=2 / RATE)


def test_the_first_callbacks_count_with_the_rate_that_the_device_claims():
    clock = FrameClock(RATE)
    frames, moments = callbacks(0.1)
    fed(clock, frames, moments)
    assert clock.line.rate == pytest.approx(RATE)
    assert clock.line.frame_at(100.2) == pytest.approx(0.2 * RATE, abs=20)
    known = FrameClock(RATE, 44100.7)
    fed(known, frames, moments)
    assert known.line.rate == pytest.approx(44100.7)


@pytest.mark.parametrize("lost", [0.02, 0.5, -0.02])
def test_lost_samples_are_another_line_as_soon_as_they_are_sure(lost):
    clock = FrameClock(RATE)
    frames, moments = callbacks(6)
    assert fed(clock, frames, moments) == []
    more, later = callbacks(4, first=int(frames[-1]) + BLOCK, begin=100.0 + (frames[-1] + BLOCK) / 44100.7 + lost)
    jumps = fed(clock, more, later)
    assert len(jumps) == 1
    assert JUMPED <= later[jumps[0]] - later[0] + 0.05 <= JUMPED + 0.2
    soon = more[-1] + RATE // 4
    true = 100.0 + soon / 44100.7 + lost
    assert clock.line.frame_at(true) == pytest.approx(soon, abs=2)


def test_one_late_callback_is_no_jump():
    clock = FrameClock(RATE)
    frames, moments = callbacks(6)
    moments[600:603] += 0.05
    assert fed(clock, frames, moments) == []
