import pytest

from midifrag.midi.messages import ControlChange
from midifrag.show.learning_touches import MOST_EVENTS, Touches


@pytest.fixture
def touches():
    return Touches()


def turn(touches, *values, cc=74, coding="signed"):
    """What a knob is known to be that has been turned."""
    for value in values:
        touches.heard(ControlChange("keys", 1, cc, value, 0.0))
    return touches.over(lambda _port: coding)


def test_a_touch_is_over_once_and_the_next_is_another_one(touches):
    assert turn(touches, 3, 4, 5, 6).keys == {"cc": 74, "channel": 1}
    assert touches.over(lambda _port: "signed") is None
    assert turn(touches, 3, 4, 5, 6, cc=75).keys == {"cc": 75, "channel": 1}


def test_no_more_is_kept_of_a_touch_than_tells_what_it_is(touches):
    for number in range(MOST_EVENTS * 3):
        touches.heard(ControlChange("keys", 1, 74, number % 128, 0.0))
        assert touches.is_full is (number >= MOST_EVENTS - 1)
    assert len(touches._events) == MOST_EVENTS


def test_an_encoder_that_was_turned_one_way_is_known_by_the_other(touches):
    assert turn(touches, 1, 1, 1) == "unsure"
    assert (touches.is_turning, touches.has_begun) == (True, False)
    assert turn(touches, 1, 1) is None
    assert turn(touches, 127, 127).relative == "twos"
    assert not touches.is_turning


def test_old_clicks_are_no_part_of_another_knob(touches):
    turn(touches, 1, 1, 1)
    assert turn(touches, 3, 4, 5, 6, cc=75).relative is None
    assert not touches.is_turning


def test_what_is_given_up_is_asked_for_anew(touches):
    turn(touches, 1, 1, 1)
    assert (touches.give_up_turning(), touches.give_up_turning()) == (True, False)
    assert turn(touches, 127, 127, 127) == "unsure"


def test_what_was_heard_of_a_touch_that_is_none_is_forgotten(touches):
    touches.heard(ControlChange("keys", 1, 74, 3, 0.0))
    assert touches.has_begun
    touches.clear()
    assert not touches.has_begun


def test_of_two_codings_that_look_alike_it_is_that_of_the_controller(touches):
    assert turn(touches, 1, 1, 65, 65, coding="mackie").relative == "mackie"
    assert turn(touches, 1, 1, 65, 65).relative == "signed"
