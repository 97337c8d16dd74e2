"""A tempo that is tapped."""

import pytest

from midifrag.bridge.taps import LAST, PAUSE, Taps


def tapped(*times):
    taps = Taps()
    return taps, [taps.tap(time) for time in times]


def test_the_first_tap_tells_nothing_and_the_second_a_tempo():
    taps, told = tapped(10.0, 10.5, 11.0)
    assert told == [None, pytest.approx(120), pytest.approx(120)]
    assert taps.count == 3


def test_a_hand_that_strays_is_evened_out():
    _, told = tapped(10.0, 10.52, 10.98, 11.51, 12.0)
    assert told[-1] == pytest.approx(120)


@pytest.mark.parametrize("bpm", [20, 92.5, 174, 300])
def test_any_tempo_can_be_tapped(bpm):
    _, told = tapped(*(10 + 60 / bpm * number for number in range(6)))
    assert told[-1] == pytest.approx(bpm)


def test_after_a_pause_a_row_begins():
    taps, told = tapped(10.0, 10.5, 10.6 + PAUSE, 11.4 + PAUSE)
    assert told == [None, pytest.approx(120), None, pytest.approx(75)]
    assert taps.count == 2


def test_another_tempo_in_the_row_begins_with_the_tap_before():
    taps, told = tapped(10.0, 10.5, 11.0, 12.0, 13.0)
    assert told[-2:] == [pytest.approx(60), pytest.approx(60)]
    assert taps.count == 3


def test_a_pad_that_bounces_is_one_tap():
    taps, told = tapped(10.0, 10.03, 10.5, 10.51)
    assert told == [None, None, pytest.approx(120), pytest.approx(120)]
    assert taps.count == 2


def test_only_the_last_taps_count_for_the_tempo():
    taps, told = tapped(*(0.5 * number for number in range(4)), *(1.5 + 0.4 * number for number in range(1, LAST + 1)))
    assert told[-1] == pytest.approx(150)
    assert taps.count == LAST + 4


def test_time_that_goes_back_begins_a_row():
    _, told = tapped(10.0, 10.5, 3.0)
    assert told[-1] is None


def test_the_beat_is_where_the_whole_row_says():
    taps, _ = tapped(10.0, 10.5, 11.0, 11.52, 12.0)
    assert taps.beat == pytest.approx(12.0, abs=0.006)
    assert tapped(7.0)[0].beat == 7.0
