"""What controls and velocities may move."""

import pytest

from midifrag.config.banks import Control, Range
from midifrag.config.parameters import NUMBERS
from midifrag.config.targets import TARGETS, Target, target


def test_every_settable_number_is_a_target():
    assert list(TARGETS) == ["steps", "cfg_scale", "seconds", "seed", "sigma_min", "sigma_max", "bars", "beats"]
    assert target("steps") == Target(NUMBERS["steps"])
    assert target(target("steps")) is TARGETS["steps"]
    assert str(target("cfg_scale")) == "cfg_scale"


@pytest.mark.parametrize(
    ("written", "words"), [("cfg", "'cfg' is none of steps, cfg_scale"), ("sampler", "none of"), (5, "5 is none of")]
)
def test_anything_else_is_told_with_what_there_is(written, words):
    with pytest.raises(ValueError, match=words):
        target(written)


def test_a_control_says_its_target_as_the_file_does():
    control = Control.model_validate({"cc": 1, "sets": "seconds", "range": [1, 4]})
    assert control.sets == TARGETS["seconds"]
    assert control.model_dump(exclude_unset=True) == {"cc": 1, "sets": "seconds", "range": (1.0, 4.0)}
    assert control.model_dump(mode="json")["sets"] == "seconds"
    assert hash(control) == hash(Control.model_validate({"cc": 1, "sets": TARGETS["seconds"], "range": [1, 4]}))


def test_a_range_keeps_to_its_target_s_limits():
    with pytest.raises(ValueError, match=r"range \[0, 4\] for steps is outside 1 to 1000"):
        Range(sets="steps", range=(0, 4))
