"""What every engine refuses."""

import pytest

from midifrag.config.parameters import NUMBERS, RequestParameters, names_of
from midifrag.engine.limits import check_limits
from midifrag.engine.messages import Render
from midifrag.errors import RequestError


@pytest.mark.parametrize("name", sorted(set(NUMBERS) & set(names_of(RequestParameters))))
def test_both_ends_of_every_number_are_allowed_and_no_more(name):
    low, high = NUMBERS[name].limits
    given = {"job": 1, "prompt": "rain", "seconds": 1.0, "seed": 1}
    for value in (low, high):
        check_limits(Render(**{**given, name: value}))
    for value, words in ((low - 1, f"is below {low}"), (high + 1, f"is above {high}")):
        with pytest.raises(RequestError, match=f"{name}: .* {words}"):
            check_limits(Render(**{**given, name: value}))
        check_limits(Render(**{**given, name: value}, recorded=True))


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(RequestError, match=r"^steps: 0 is below 1; seed: -1 is below 0\.$"):
        check_limits(Render(1, "rain", 1.0, -1, steps=0))


@pytest.mark.parametrize("loras", ["dusty=3 from /dusty.safetensors", "dusty"])
def test_loras_that_nobody_can_mean_are_refused(loras):
    with pytest.raises(RequestError, match=r"^loras: "):
        check_limits(Render(1, "rain", 1.0, 7, loras=loras))
