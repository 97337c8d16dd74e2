"""What controls and velocities may move."""

import pytest

from midifrag.config.controls import Control, Range
from midifrag.config.pads import Pad
from midifrag.config.parameters import NUMBERS
from midifrag.config.targets import MIX, MORPH, PARAMETER_TARGETS, TARGETS, Target, named, target, value_name


def test_every_settable_number_is_a_target_and_so_is_the_mix():
    parameters = ["steps", "cfg_scale", "seconds", "seed", "sigma_min", "sigma_max", "strength", "bars", "beats"]
    assert list(PARAMETER_TARGETS) == parameters
    assert list(TARGETS) == [*PARAMETER_TARGETS, "gain", "pan", "mute", "tempo"]
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


@pytest.mark.parametrize(("sets", "way"), [("gain", (-60, 0)), ("pan", (-1, 1)), ("mute", (0, 1))])
def test_the_mix_has_ranges_of_its_own(sets, way):
    control = Control.model_validate({"cc": 30, "sets": sets, "slot": 1})
    assert control.range == way
    assert (control.id, control.value_name) == (f"cc 30 sets {sets} 1", f"{sets} 1")
    assert Control.model_validate({"cc": 30, "sets": sets, "slot": 1, "range": [0.5, 0]}).range == (0.5, 0)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"sets": "steps", "slot": 1, "range": [1, 2]}, "steps is of no slot; gain, pan, mute are"),
        ({"sets": "pan"}, "pan needs slot"),
        ({"sets": "gain", "range": [-60, 13]}, r"range \[-60, 13\] for gain is outside -60 to 12"),
        ({"sets": "steps"}, "Field required"),
    ],
)
def test_controls_of_the_mix_that_make_no_sense_are_told(keys, words):
    with pytest.raises(ValueError, match=words):
        Control.model_validate({"cc": 30, **keys})


def test_velocity_sets_a_parameter_or_the_gain():
    assert Pad.model_validate({"prompt": "x", "velocity": {"sets": "gain"}}).velocity.range == (-60, 0)
    with pytest.raises(ValueError, match="velocity cannot set pan; of the mix it sets gain"):
        Pad.model_validate({"prompt": "x", "velocity": {"sets": "pan"}})


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ("steps", (TARGETS["steps"], None)),
        ("gain", (MIX["gain"], None)),
        ("gain 12", (MIX["gain"], 12)),
        ("steps 2", None),
        ("gain x", None),
        ("tempo", (TARGETS["tempo"], None)),
        ("tempo 2", None),
        ("mood", None),
        ("morph cc 25", (MORPH, None)),
        ("morph", None),
        ("morph cc 128", None),
        ("morph cc 025", None),
    ],
)
def test_values_have_names(value, means):
    assert named(value) == means
    if means is not None and means[0] is not MORPH:
        assert value_name(str(means[0]), means[1]) == value


def test_the_tempo_has_a_sensible_range_and_is_the_shows():
    control = Control.model_validate({"cc": 23, "sets": "tempo"})
    assert (control.range, control.value_name, control.value(0.5)) == ((40, 240), "tempo", 140)
    assert not control.sets.mixes
    assert not control.sets.renders
    assert "tempo" not in PARAMETER_TARGETS
    assert Control.model_validate({"cc": 23, "sets": "tempo", "range": [20, 400]}).range == (20, 400)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"range": [10, 120]}, r"range \[10, 120\] for tempo is outside 20 to 400"),
        ({"slot": 1}, "tempo is of no slot"),
        ({"scope": "pad"}, "tempo is the show's, and no pad's"),
        ({"scope": "bank"}, "tempo is the show's, and no bank's"),
    ],
)
def test_a_tempo_that_makes_no_sense_is_told(keys, words):
    with pytest.raises(ValueError, match=words):
        Control.model_validate({"cc": 23, "sets": "tempo", **keys})


def test_a_press_sets_no_tempo():
    with pytest.raises(ValueError, match="a pad's velocity cannot set tempo; a control can"):
        Pad.model_validate({"prompt": "rain", "velocity": {"sets": "tempo"}})
    with pytest.raises(ValueError, match="hold cannot set tempo, which is the show's"):
        Pad.model_validate({"prompt": "rain", "hold": {"sets": "tempo"}})
