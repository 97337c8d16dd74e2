import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.surface.values import VALUES, ValueLight, touched, value_messages


def sent(surface, source, position, **how):
    return [message.bytes() for message in value_messages(surface, ValueLight(source, position, **how))]


@pytest.mark.parametrize(
    ("source", "position", "how", "bytes_"),
    [
        (("cc", 21, 1), 0.5, {}, [[0xB0, 21, 64]]),
        (("cc", 21, 16), 1.0, {}, [[0xBF, 21, 127]]),
        (("cc", 21, 1), 1.0, {"fine": True}, [[0xB0, 21, 127], [0xB0, 53, 127]]),
        (("cc", 21, 1), 0.5, {"fine": True}, [[0xB0, 21, 64], [0xB0, 53, 0]]),
        (("bend", 0, 3), 1.0, {}, [[0xE2, 127, 127]]),
        (("bend", 0, 3), 0.0, {}, [[0xE2, 0, 0]]),
        (("nrpn", 300, 1), 1.0, {}, [[0xB0, 99, 2], [0xB0, 98, 44], [0xB0, 6, 127], [0xB0, 38, 127]]),
    ],
)
def test_a_value_goes_back_as_the_controls_own_message(source, position, how, bytes_):
    assert sent("echo", source, position, **how) == bytes_


def test_a_mackie_controls_rings_have_ccs_of_their_own():
    assert sent("mackie", ("cc", 16, 1), 0.0) == [[0xB0, 48, 0x21]]
    assert sent("mackie", ("cc", 23, 1), 1.0) == [[0xB0, 55, 0x2B]]
    # X-Touch Mini in MC mode.
    assert sent("xtouch_mini", ("cc", 23, 1), 1.0) == [[0xB0, 55, 0x2B]]
    assert sent("mackie", ("bend", 0, 8), 0.5) == [[0xE7, 0, 64]]
    assert sent("mackie", ("cc", 30, 1), 1.0) == [[0xB0, 30, 127]]


def test_a_surface_without_feedback_is_sent_nothing():
    assert sent("none", ("cc", 21, 1), 0.5) == []


def test_a_faders_touch_is_told_from_other_notes():
    assert touched("mackie", 104) == ("bend", 0, 1)
    assert touched("mackie", 111) == ("bend", 0, 8)
    assert touched("mackie", 112) is touched("mackie", 36) is touched("echo", 104) is None


@given(
    st.sampled_from([*VALUES, "echo"]),
    st.tuples(st.sampled_from(["cc", "bend", "nrpn"]), st.integers(0, 31), st.integers(1, 16)),
    st.floats(-2, 3),
    st.booleans(),
)
def test_any_value_is_messages_that_a_cable_carries(surface, source, position, fine):
    for message in value_messages(surface, ValueLight(source, position, fine)):
        assert mido.Message.from_bytes(message.bytes()) == message
