from hypothesis import given
from hypothesis import strategies as st

from midifrag.midi.halves import PAIR_SECONDS, Halves

BYTE = st.integers(0, 127)


@given(BYTE, BYTE)
def test_a_coarse_byte_counts_at_once_and_its_fine_one_follows(coarse, fine):
    halves = Halves()
    assert halves.coarse("knob", coarse, 1.0) is None
    assert halves.fine("knob", fine, 1.001) == coarse


@given(BYTE, BYTE)
def test_a_fine_byte_that_comes_first_belongs_to_the_coarse_one_after_it(coarse, fine):
    halves = Halves()
    assert halves.fine("knob", fine, 1.0) is None
    assert halves.coarse("knob", coarse, 1.0 + PAIR_SECONDS / 2) == fine
    assert halves.coarse("knob", coarse, 1.0 + PAIR_SECONDS) is None


def test_a_fine_byte_of_a_value_that_does_not_pair_or_of_long_ago_belongs_to_nothing():
    halves = Halves()
    halves.fine("knob", 5, 1.0)
    assert halves.coarse("knob", 9, 1.001, pairs=False) is None
    halves.fine("other", 5, 1.0)
    assert halves.coarse("other", 9, 1.0 + 2 * PAIR_SECONDS) is None


def test_values_lie_apart():
    halves = Halves()
    halves.coarse("knob", 9, 1.0)
    assert halves.fine("other", 5, 1.0) is None


def test_a_value_moves_by_its_smallest_parts_and_stays_within_its_ends():
    halves = Halves()
    assert halves.moved("knob", 1) is None
    halves.coarse("knob", 1, 1.0)
    assert halves.moved("knob", -1) == (0, 127)
    assert halves.moved("knob", 1) == (1, 0)
    halves.coarse("knob", 127, 1.0)
    halves.fine("knob", 127, 1.0)
    assert halves.moved("knob", 1) == (127, 127)
    halves.coarse("low", 0, 1.0)
    assert halves.moved("low", -1) == (0, 0)
