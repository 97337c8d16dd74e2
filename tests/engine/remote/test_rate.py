"""A line's rate, and how takes travel for it."""

import pytest

from midifrag.clock import ManualClock
from midifrag.engine.messages import EngineInfo
from midifrag.engine.remote.rate import Rate

INFO = EngineInfo("e", "m", "c", "cpu", "fp32", 44100, 2, 9.0, ())


def heard(rate, pieces=10):
    clock = ManualClock()
    measured = Rate(clock)
    for _ in range(pieces):
        measured.heard(65_536)
        clock.time += 65_536 / rate
    return measured


@pytest.mark.parametrize(("rate", "coding"), [(625_000, "flac"), (12_500_000, "float32")])
def test_a_slow_line_has_its_takes_packed(rate, coding):
    measured = heard(rate)
    assert measured.now == pytest.approx(rate, rel=0.01)
    assert measured.coding("auto", INFO) == coding


def test_what_a_set_says_counts_and_what_is_not_known_yet_is_not_guessed():
    assert heard(625_000).coding("float32", INFO) == "float32"
    assert heard(1e9).coding("flac", INFO) == "flac"
    assert heard(1.0, pieces=2).coding("auto", INFO) == "float32"
    assert heard(625_000).coding("auto", None) == "float32"


def test_the_time_between_two_takes_is_nobodys():
    measured = heard(12_500_000)
    measured._clock.time += 60.0
    for _ in range(10):
        measured.heard(65_536)
        measured._clock.time += 65_536 / 12_500_000
    assert measured.now == pytest.approx(12_500_000, rel=0.01)
