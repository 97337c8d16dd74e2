import pytest

from midifrag.config.morphing import Morph, as_morph, at, read_morph


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"to": "glass", "by": "velocity"}, "velocity to glass"),
        ({"to": " back to glass ", "by": "CC  25"}, "cc 25 to back to glass"),
        ({"to": "glass", "by": 0.25}, "0.25 to glass"),
        ({"to": "glass", "by": 1}, "1 to glass"),
        ("0.250 to glass", "0.25 to glass"),
        (None, None),
    ],
)
def test_keys_and_values_become_the_line_that_stays_as_it_is(said, line):
    assert as_morph(said) == line
    assert as_morph(line) == line


def test_a_line_says_who_says_how_much():
    assert read_morph("cc 25 to back to glass") == Morph("back to glass", "cc 25")
    assert read_morph("cc 25 to glass").cc == 25
    assert read_morph("velocity to glass").cc is None
    assert read_morph("0.25 to glass").amount == 0.25
    with pytest.raises(ValueError, match="velocity is a hand's, and there is none here"):
        _ = read_morph("velocity to glass").amount


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"to": "glass"}, "must be {to: a prompt"),
        ({"to": "glass", "by": "velocity", "from": "x"}, "must be {to: a prompt"),
        ({"to": " ", "by": "velocity"}, "is no prompt"),
        ({"to": 3, "by": "velocity"}, "is no prompt"),
        ({"to": "glass", "by": "cc 128"}, "by: 'cc 128' is none of velocity, cc 0 to cc 127"),
        ({"to": "glass", "by": 1.5}, "by: 1.5 is none of"),
        ({"to": "glass", "by": True}, "by: True is none of"),
        ({"to": "glass", "by": "nan"}, "by: 'nan' is none of"),
        ("glass", "names no other prompt"),
        ("0.5 to ", "names no other prompt"),
        (5, "must be {to: a prompt"),
    ],
)
def test_what_is_none_says_what_would_be_one(said, why):
    with pytest.raises(ValueError, match=why):
        as_morph(said)


def test_a_number_stands_in_a_hand_s_place_and_nothing_is_nothing():
    assert at("velocity to glass", 64 / 127) == "0.50394 to glass"
    assert at("0.25 to glass") == "0.25 to glass"
    assert at("0.25 to glass", 2.0) == "1 to glass"
    assert at("cc 25 to glass", 0.0) is None
    assert at("0 to glass") is None
    assert at(None, 0.5) is None
