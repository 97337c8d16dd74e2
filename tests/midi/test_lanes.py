"""What one port's messages wait in: which goes first, which is left out, which is said again."""

import mido
import pytest

from midifrag.midi.lanes import NOTIFICATION_LIMIT, PRESSURE, Lane, led_key


def note(number, velocity=64, channel=0):
    return mido.Message("note_on", note=number, velocity=velocity, channel=channel)


@pytest.fixture
def lane():
    return Lane(None, 0.0, None)


def taken(lane, now=1.0):
    found = []
    while lane.waits:
        found.append(lane.take(now))
    return found


def test_what_insists_goes_first_then_what_came_first_and_lights_that_were_thinned_out_last(lane):
    for number in range(PRESSURE):
        lane.put(note(number % 128), led=False)
    assert [lane.put(note(7, velocity), led=True) for velocity in (1, 2, 3)] == [0, 1, 1]
    lane.insistent.append(note(9, 9))
    found = taken(lane)
    assert (found[0], found[-1], len(found)) == (note(9, 9), note(7, 3), PRESSURE + 2)


def test_of_too_many_notes_the_oldest_is_left_out_and_counted(lane):
    left_out = [lane.put(note(number % 128, 1 + number // 128), led=False) for number in range(NOTIFICATION_LIMIT + 2)]
    assert left_out == [0] * NOTIFICATION_LIMIT + [1, 1]
    assert taken(lane)[0] == note(2, 1)


def test_what_is_held_waits_for_nothing_and_silenced_takes_no_notes(lane):
    lane.held = True
    lane.put(note(1), led=True)
    lane.put(note(1), led=False)
    assert (lane.waits, lane.is_out, lane.due) == (False, True, None)
    lane.silenced = True
    assert lane.put(note(2), led=False) == 1
    assert lane.put(mido.Message("sysex", data=(1, 2, 3, 4)), led=False) == 0
    lane.held = False
    assert [message.type for message in taken(lane)] == ["note_on", "sysex", "note_on"]


def test_what_a_light_was_told_is_said_once_more_and_no_note_is():
    lane = Lane(None, 5.0, 0.5)
    lane.put(note(1), led=True)
    lane.put(note(2), led=False)
    assert lane.due == 5.0
    assert taken(lane, now=6.0) == [note(1), note(2)]
    assert lane.due == 6.5
    assert lane.take(6.5) == note(1)
    assert lane.due is None


def test_lights_that_wait_or_are_being_sent_hold_up_no_note(lane):
    lane.put(note(1), led=True)
    assert lane.is_out
    lane.put(note(2), led=False)
    assert not lane.is_out
    taken(lane)
    assert not lane.is_out
    lane.sending = None
    assert lane.is_out


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (note(1, 5), note(1, 0), True),
        (note(1), mido.Message("note_off", note=1), True),
        (note(1), note(2), False),
        (note(1), note(1, channel=1), False),
        (mido.Message("control_change", control=1), note(1), False),
        (mido.Message("sysex", data=(22, 4, 1, 2, 3)), mido.Message("sysex", data=(22, 4, 9, 9, 9)), True),
        (mido.Message("sysex", data=(22, 4, 1, 2, 3)), mido.Message("sysex", data=(22, 5, 1, 2, 3)), False),
    ],
)
def test_led_identity(one, other, same):
    assert (led_key(one) == led_key(other)) is same
