"""How positions become values, and what controls are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from midifrag.config.controls import Control, Range, morph_controls
from midifrag.config.targets import TARGETS, morph_value


@pytest.mark.parametrize(("curve", "middle"), [("linear", 50.5), ("exponential", 10.0), ("stepped", 1 + 99 * 4 / 7)])
def test_curves(curve, middle):
    way = Range(sets="seconds", range=(1, 100), curve=curve)
    assert way.value(0.0) == 1
    assert way.value(0.5) == pytest.approx(middle)
    assert way.value(1.0) == pytest.approx(100)


def test_whole_parameters_stay_whole_and_ranges_may_fall():
    assert Range(sets="steps", range=(100, 4)).value(0.5) == 52
    assert isinstance(Range(sets="steps", range=(4, 100)).value(0.333), int)


@given(st.floats(0, 1), st.sampled_from(["linear", "exponential"]))
def test_position_is_the_inverse_of_value(position, curve):
    way = Range(sets="cfg_scale", range=(1, 12), curve=curve)
    assert way.position(way.value(position)) == pytest.approx(position, abs=1e-6)


def test_identities_tell_every_source_apart():
    sources = [{"cc": 1}, {"cc": 2}, {"pitch_bend": True}, {"aftertouch": True}]
    places = [{}, {"channel": 2}, {"port": "keys"}, {"channel": 2, "port": "keys"}]
    controls = [
        Control.model_validate({**source, **place, "sets": sets, "range": [1, 9]})
        for source in sources
        for place in places
        for sets in ("steps", "seconds")
    ]
    assert len({control.id for control in controls}) == len(controls)
    assert controls[-1].id == "aftertouch channel 2 port keys sets seconds"
    assert controls[0].id == "cc 1 sets steps"


@pytest.mark.parametrize("sets", ["bars", "beats"])
def test_a_control_goes_in_whole_bars_and_beats_between_whole_ends(sets):
    way = Range(sets=sets, range=(1, 8))
    assert {way.value(position / 127) for position in range(128)} == {1, 2, 3, 4, 5, 6, 7, 8}
    assert Range(sets=sets, range=(1, 8), curve="exponential").value(0.5) == 3
    assert Range(sets=sets, range=(0.5, 2)).value(0.5) == 1.25


def control(**keys):
    return Control.model_validate({"sets": "cfg_scale", "range": [0, 10], **keys})


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ({"nrpn": 300}, "nrpn 300 sets cfg_scale"),
        ({"aftertouch": "poly", "note": "C1"}, "poly aftertouch of note 36 sets cfg_scale"),
        ({"aftertouch": "channel"}, "channel aftertouch sets cfg_scale"),
        ({"velocity": True, "scope": "pad"}, "velocity sets cfg_scale of the pad"),
        ({"release_velocity": True, "scope": "bank"}, "release velocity sets cfg_scale (bank)"),
        ({"cc": 3, "relative": "twos", "port": "p"}, "cc 3 port p sets cfg_scale"),
    ],
)
def test_new_sources_are_told_apart_too(keys, name):
    assert control(**keys).id == name


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"cc": 3, "nrpn": 4}, "exactly one of"),
        ({"velocity": True, "release_velocity": True}, "exactly one of"),
        ({"nrpn": 20000}, "16383"),
        ({"cc": 3, "bits": 14, "relative": "twos"}, "relative is for a CC of 7 bits"),
        ({"pitch_bend": True, "relative": "twos"}, "relative is for a CC of 7 bits"),
        ({"cc": 3, "relative": "inc"}, "twos"),
        ({"cc": 3, "note": 36}, "note is for poly aftertouch and velocities"),
        ({"aftertouch": "channel", "note": 36}, "note is for poly aftertouch and velocities"),
        ({"aftertouch": "both"}, "channel"),
        ({"cc": 3, "sets": "gain", "scope": "pad"}, "gain is how the player mixes, and no pad's"),
        ({"cc": 3, "clicks": 0}, "greater than or equal to 1"),
    ],
)
def test_a_control_that_cannot_be_is_refused(keys, problem):
    with pytest.raises(ValueError, match=problem):
        control(**keys)


@pytest.mark.parametrize("source", [{"cc": 21}, {"nrpn": 300}])
@pytest.mark.parametrize("sets", ["steps", "cfg_scale", "seconds"])
def test_an_endless_encoder_turns_the_whole_way_of_its_parameter_where_none_is_named(source, sets):
    turned = Control.model_validate({**source, "sets": sets, "relative": "twos"})
    assert turned.range == TARGETS[sets].parameter.slider
    assert Control.model_validate({**source, "sets": sets, "relative": "twos", "range": [2, 5]}).range == (2, 5)
    with pytest.raises(ValidationError, match="range\n  Field required"):
        Control.model_validate({**source, "sets": sets})


def test_what_pads_go_by_between_two_prompts_is_a_control_each_once():
    lines = ["cc 25 to glass", None, "velocity to glass", "cc 25 to wood", "0.5 to wood", "cc 26 to wood"]
    controls = morph_controls(lines)
    assert [one.id for one in controls] == ["cc 25 sets morph cc 25", "cc 26 sets morph cc 26"]
    assert [one.value(0.5) for one in controls] == [0.5, 0.5]
    assert controls[0].value_name == morph_value(25) == "morph cc 25"
