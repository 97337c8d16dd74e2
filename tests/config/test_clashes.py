import pytest

from midifrag.config.clashes import clashes
from tests.support.shows import bank, loaded

CFG = {"sets": "cfg_scale", "range": [0, 10]}
STEPS = {"sets": "steps", "range": [1, 9]}


def told(show):
    return list(clashes(show))


def test_a_set_without_clashes_has_none():
    pads = {36: {"prompt": "rain", "also": [48, {"cc": 64}, {"program": 9}]}, 37: {"prompt": "x", "press": "gate"}}
    controls = [{**CFG, "cc": 21, "relative": "twos"}, {**STEPS, "nrpn": 300}, {**STEPS, "cc": 22}]
    actions = [{"does": "lock", "while_held": 98}, {"does": "star", "press": "long", "note": 36}]
    assert told(loaded(bank(pads=pads), controls=controls, actions=actions)) == []


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ({}, {"relative": "twos"}, True),
        ({"relative": "mackie"}, {"relative": "twos"}, True),
        ({"relative": "twos"}, {"relative": "twos"}, False),
        ({"channel": 1}, {"relative": "twos", "channel": 2}, False),
        ({"channel": 1}, {"relative": "twos"}, True),
        ({"bits": 14}, {}, True),
    ],
)
def test_two_readings_of_one_cc_are_told(one, other, clash):
    lines = told(loaded(controls=[{**CFG, "cc": 21, **one}, {**STEPS, "cc": 21, **other}]))
    assert bool(lines) is clash
    assert all("cc 21" in line for line in lines)


def test_a_banks_reading_against_the_sets_is_told():
    own = bank(controls=[{**STEPS, "cc": 21, "relative": "offset"}])
    (line,) = told(loaded(own, controls=[{**CFG, "cc": 21}]))
    assert line == (
        "presets/opening.yaml: cc 21 sets steps: cc 21 is an encoder (offset) here and where a knob stands in "
        "cc 21 sets cfg_scale (presets.yaml); a knob is one of the two"
    )


@pytest.mark.parametrize("number", [98, 99, 6, 38, 96, 97])
def test_a_cc_that_a_parameter_swallows_is_told(number):
    (line,) = told(loaded(controls=[{**CFG, "nrpn": 300}, {**STEPS, "cc": number}]))
    assert f"cc {number}, which sets steps" in line
    (line,) = told(loaded(controls=[{**CFG, "nrpn": 300}], actions=[{"does": "panic", "cc": number}]))
    assert f"cc {number}, which does panic" in line
    apart = [{**CFG, "nrpn": 300, "channel": 1}, {**STEPS, "cc": number, "channel": 2}]
    assert told(loaded(controls=apart)) == []
    own = bank(controls=[{**CFG, "nrpn": 300}])
    assert len(told(loaded(own, controls=[{**STEPS, "cc": number}]))) == 1


def test_pads_that_a_shift_silences_and_presses_that_never_come_are_told():
    actions = [{"does": "lock", "while_held": 36}, {"does": "star", "press": "long", "note": 37}]
    pads = {36: {"prompt": "rain"}, 37: {"prompt": "x", "press": "gate"}}
    shift, never = told(loaded(bank(pads=pads), actions=actions))
    assert shift == "presets/opening.yaml: pads.36: its note is the shift of lock (actions of presets.yaml)"
    assert never.startswith("presets/opening.yaml: pads.37: how long it is held has a meaning of its own, so star")


def test_a_pad_that_lies_where_a_shift_is_is_told_and_not_one_whose_note_means_nothing_there():
    actions = [{"does": "lock", "while_held": 11}]
    pads = {11: {"prompt": "rain"}, 12: {"prompt": "snow"}}
    block = bank(pads={36: {"prompt": "rain"}, 37: {"prompt": "snow"}})
    ports = {"pads": {"surface": "launchpad"}}
    (line,) = told(loaded(block, actions=actions, ports=ports))
    assert line == "presets/opening.yaml: pads.36: on pads it lies on the shift of lock (actions of presets.yaml)"
    assert told(loaded(block, actions=[{"does": "lock", "while_held": 36}], ports=ports)) == []
    (line,) = told(loaded(bank(pads=pads), actions=actions, ports={"pads": {"in": "MPD"}}))
    assert line.startswith("presets/opening.yaml: pads.11: its note is the shift of lock")
    both = {**ports, "keys": {"in": "Keys"}}
    lines = told(loaded(block, actions=[{"does": "lock", "while_held": 36, "port": "keys"}], ports=both))
    assert lines == []
    moved = told(loaded(block, actions=actions, ports={"pads": {"surface": "launchpad", "place": [5, 5]}}))
    assert moved == []


@pytest.mark.parametrize(
    ("also", "more", "said"),
    [
        (37, {}, "note 37 is pad 37's own"),
        (48, {"actions": [{"does": "panic", "note": 48}]}, "does panic instead"),
        ({"cc": 21}, {"controls": [{**CFG, "cc": 21}]}, "cc 21 sets cfg_scale instead"),
        ({"program": 1}, {}, "selects no bank any more"),
        ({"cc": 32}, {}, "cc 32 is bank select as well"),
    ],
)
def test_what_presses_a_pad_too_and_is_something_elses_is_told(also, more, said):
    pads = {36: {"prompt": "rain", "also": [also]}, 37: {"prompt": "x"}}
    (line,) = told(loaded(bank(pads=pads, program=1), **more))
    assert line.startswith("presets/opening.yaml: pads.36.also: ")
    assert said in line
