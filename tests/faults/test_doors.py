"""What comes through any door is taken or refused in our own words: a short look at each."""

import pytest

from tests.faults.doors import DOORS


@pytest.mark.parametrize("door", DOORS)
def test_whatever_comes_is_taken_or_refused(door):
    DOORS[door]()
