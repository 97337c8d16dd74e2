import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from midifrag.config.pads import Pad
from midifrag.config.press_keys import Hold, PadInput


def hold(**keys):
    return Hold.model_validate({"sets": "seconds", "range": [1, 8], **keys})


def test_a_second_held_is_a_second_of_length():
    assert [hold().held(seconds, 0.5, 2.0)[0] for seconds in (0.0, 0.5, 1.0, 3.0, 8.0, 99.0)] == [1, 1, 1, 3, 8, 8]
    assert hold().held(4.5, 0.5, 2.0)[1] == 0.5


def test_a_bar_held_is_a_bar_and_a_beat_a_beat():
    assert hold(sets="bars").held(6.1, 0.5, 2.0)[0] == 3
    assert hold(sets="beats").held(2.0, 0.5, 2.0)[0] == 4


def test_anything_else_grows_over_the_seconds_that_are_said():
    assert hold(sets="cfg_scale", range=[0, 10]).held(2.0, 0.5, 2.0) == (5, 0.5)
    assert hold(sets="cfg_scale", range=[0, 10], over=10).held(2.0, 0.5, 2.0) == (2, 0.2)
    assert hold(over=2).held(1.0, 0.5, 2.0)[0] == 4.5


@given(st.floats(0, 1e4), st.floats(0.1, 600), st.sampled_from(["linear", "exponential", "stepped"]))
def test_a_hold_stays_within_its_range_and_never_shrinks(seconds, over, curve):
    one = hold(sets="cfg_scale", range=[1, 9], over=over, curve=curve)
    value, way = one.held(seconds, 0.5, 2.0)
    assert 1 <= value <= 9
    assert 0 <= way <= 1
    assert one.held(seconds + 1, 0.5, 2.0)[0] >= value - 1e-9


def test_a_hold_sets_what_is_rendered():
    with pytest.raises(ValidationError, match="hold cannot set gain"):
        hold(sets="gain", range=[-6, 0])


def test_what_presses_a_pad_too_is_one_message():
    assert PadInput(note=48).is_meant("note", 48, 3, "p")
    assert not PadInput(note=48).is_meant("cc", 48, 3, "p")
    assert not PadInput(note=48, channel=2).is_meant("note", 48, 3, "p")
    assert not PadInput(note=48, port="q").is_meant("note", 48, 3, "p")
    for wrong in ({}, {"note": 1, "cc": 2}):
        with pytest.raises(ValidationError, match="exactly one of note, cc or program"):
            PadInput.model_validate(wrong)


def test_a_note_alone_is_an_input():
    pad = Pad.model_validate({"prompt": "rain", "also": [48, "C3", {"cc": 64, "port": "pedal"}]})
    assert pad.also == (PadInput(note=48), PadInput(note=60), PadInput(cc=64, port="pedal"))


@pytest.mark.parametrize("press", ["gate", "toggle"])
def test_what_renders_when_it_is_let_go_is_no_gate_and_no_toggle(press):
    with pytest.raises(ValidationError, match=f"stands beside press: {press}"):
        Pad.model_validate({"prompt": "rain", "press": press, "hold": {"sets": "seconds", "range": [1, 8]}})
