"""A line through ticks."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.midi.clock_line import ENOUGH, LONGEST, SHORTEST, ClockLine


def laid(count, each, jitter=0.0, start=0.0, seed=1, first=0, line=None):
    strays = random.Random(seed)
    line = line or ClockLine(each)
    for number in range(count):
        line.add(first + number, start + number * each + strays.uniform(-jitter, jitter))
    return line


@given(each=st.floats(0.005, 0.25), start=st.floats(0, 1e6), count=st.integers(2, 300))
def test_exact_ticks_make_an_exact_line(each, start, count):
    line = laid(count, each, start=start)
    assert line.period == pytest.approx(each, rel=1e-4)
    assert line.due(count + 96) == pytest.approx(start + (count + 96) * each, abs=1e-4)
    assert line.count_at(start + count * each) == pytest.approx(count, abs=1e-3)


def test_before_there_are_ticks_the_tempo_is_the_one_that_was_said():
    line = ClockLine(0.02)
    assert (line.period, len(line)) == (0.02, 0)
    line.add(0, 5.0)
    assert (line.period, line.due(0), line.due(50)) == (0.02, 5.0, pytest.approx(6.0))


@pytest.mark.parametrize("each", [0.125, 0.0208, 0.0144, 0.00833])
@pytest.mark.parametrize("seed", range(4))
def test_ticks_that_stray_make_a_line_far_steadier_than_they_are(each, seed):
    line = laid(400, each, 0.002, seed=seed)
    # A bar ahead.
    assert abs(line.due(496) - 496 * each) < 0.0012
    assert len(line) == LONGEST


@pytest.mark.parametrize("seed", range(4))
def test_few_ticks_do_not_doubt_a_tempo_that_they_could_have(seed):
    line = laid(SHORTEST, 0.0208, 0.002, seed=seed)
    assert line.period == 0.0208


def test_few_ticks_that_surely_have_another_tempo_tell_it():
    line = laid(SHORTEST, 0.0125, 0.001, line=ClockLine(0.02))
    assert line.period == pytest.approx(0.0125, rel=0.05)


def test_one_tick_that_is_very_late_moves_nothing():
    line = laid(200, 0.02, 0.001)
    before = line.due(300)
    line.add(200, 200 * 0.02 + 0.05)
    for number in range(201, 207):
        line.add(number, number * 0.02)
    assert abs(line.due(300) - before) < 0.001
    assert len(line) == LONGEST


@pytest.mark.parametrize("later", [0.016, 0.0195, 0.024])
def test_where_it_bends_the_older_part_is_forgotten(later):
    line = laid(200, 0.02, 0.0005)
    laid(48, later, 0.0005, start=200 * 0.02, first=200, line=line)
    assert line.period == pytest.approx(later, rel=0.01)
    assert abs(line.due(260) - (4.0 + 60 * later)) < 0.003


def test_a_steady_line_is_not_forgotten():
    line = laid(3000, 0.0208, 0.002)
    assert len(line) == LONGEST


def test_it_can_begin_again_with_the_tempo_that_it_had():
    line = laid(100, 0.02)
    line.begin()
    assert len(line) == 0
    line.add(500, 77.0)
    assert (line.period, line.due(550)) == (pytest.approx(0.02), pytest.approx(78.0))
    line.begin(0.01)
    line.add(600, 80.0)
    assert line.due(700) == pytest.approx(81.0)


def test_ticks_at_one_moment_leave_the_tempo():
    line = ClockLine(0.02)
    for count in range(ENOUGH + 12):
        line.add(count, 3.0)
    assert line.period == 0.02
