"""What stands in a seed's place, and what it means."""

import pytest

from midifrag.config.pads import Pad, Parameters
from midifrag.config.seeds import is_random


@pytest.mark.parametrize("written", [-1, "-1", -1.0, "random"])
def test_a_seed_of_minus_one_is_another_each_time(written):
    assert (Pad(prompt="x", seed=written).seed, Parameters(seed=written).seed) == ("random", "random")


@pytest.mark.parametrize("written", [-2, "-10", 1.5, "rand"])
def test_what_is_no_seed(written):
    with pytest.raises(ValueError, match="seed"):
        Pad(prompt="x", seed=written)


@pytest.mark.parametrize("seed", [True, 1, "-1.5", "", None])
def test_what_is_no_word_for_another_each_time_is_not_random(seed):
    assert not is_random(seed)
