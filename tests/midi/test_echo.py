"""One way from an output to an input: when what comes back is an echo, and how it is found out."""

from __future__ import annotations

import mido
import pytest

from midifrag.midi.echo import (
    AGAIN_SECONDS,
    ALIKE,
    FIRST_SECONDS,
    HORIZON,
    MISSED,
    NOTHING_SECONDS,
    REMEMBERED,
    Echoes,
    Route,
    Sent,
    Streak,
    alike,
    normal,
    tolerance,
)

#: Longer than any hand takes, so that nothing is an echo for being so soon.
LATE = 0.1


def on(note, velocity=13):
    return (0x90, note, velocity)


def comes_back(echoes, data, time, **options):
    return echoes.is_echo(data, time, **({"can_be_a_press": True} | options))


def loop(delay=LATE):
    """A way of which somebody has found out that it is a loop."""
    echoes = Echoes(same_port=True)
    echoes.learn(delay)
    return echoes


# --- what is compared ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (mido.Message("note_on", channel=2, note=36, velocity=7), (0x92, 36, 7)),
        (mido.Message("note_off", channel=2, note=36, velocity=7), (0x92, 36, 0)),
        (mido.Message("control_change", channel=1, control=20, value=3), (0xB1, 20, 3)),
        (mido.Message("program_change", channel=1, program=5), (0xC1, 5)),
        (mido.Message("clock"), None),
        (mido.Message("polytouch", note=36, value=3), None),
        (mido.Message("pitchwheel", pitch=3), None),
        (mido.Message("sysex", data=(1, 2)), None),
    ],
)
def test_what_presses_moves_or_selects_is_compared_by_its_bytes(message, data):
    assert normal(message) == data


@pytest.mark.parametrize(
    ("data", "is_quiet"), [(on(36, 0), True), (on(36, 1), False), ((0xB0, 20, 0), False), ((0x9F, 36, 0), True)]
)
def test_a_release_presses_nothing(data, is_quiet):
    assert Sent(0.0, data, True).is_quiet is is_quiet


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(0.01, 0.0149, True), (0.01, 0.0151, False), (0.1, 0.119, True), (0.1, 0.121, False), (0.1, 0.079, False)],
)
def test_delays_are_alike_within_five_milliseconds_or_a_fifth(one, other, same):
    assert alike(one, other) is same


def test_an_echo_may_be_late_by_ten_milliseconds_or_a_fifth():
    assert (tolerance(0.0), tolerance(0.01), tolerance(0.5)) == (0.01, 0.01, 0.1)


# --- a streak --------------------------------------------------------------------------------------------------------


def test_two_different_messages_that_nobody_asked_for_are_a_loop():
    streak = Streak()
    streak.add(Sent(0.0, on(36), spontaneous=True), 0.1)
    streak.add(Sent(1.0, on(36), spontaneous=True), 0.1)
    streak.add(Sent(2.0, on(37), spontaneous=False), 0.1)
    assert (streak.length, streak.is_a_loop) == (3, False)
    streak.add(Sent(3.0, on(38), spontaneous=True), 0.1)
    assert streak.is_a_loop


def test_another_delay_begins_a_streak_anew():
    streak = Streak()
    streak.add(Sent(0.0, on(36), spontaneous=True), 0.1)
    streak.add(Sent(1.0, on(37), spontaneous=True), 0.3)
    assert (streak.length, streak.delay, streak.is_a_loop) == (1, 0.3, False)


def test_a_streak_s_delay_is_the_mean_and_follows_the_last_ones():
    streak = Streak()
    for delay in (0.1, 0.102, 0.104):
        streak.add(Sent(0.0, on(36), spontaneous=True), delay)
    assert streak.delay == pytest.approx(0.102)
    for _ in range(40):
        streak.add(Sent(0.0, on(36), spontaneous=True), 0.106)
    assert streak.delay == pytest.approx(0.106, abs=0.0001)


def test_a_streak_that_is_cleared_is_forgotten():
    streak = Streak()
    for note in (36, 37):
        streak.add(Sent(0.0, on(note), spontaneous=True), 0.1)
    streak.clear()
    assert (streak.length, streak.delay, streak.is_a_loop) == (0, 0.0, False)


# --- how a loop is found out -----------------------------------------------------------------------------------------


def test_what_never_went_out_is_no_echo():
    echoes = Echoes(same_port=True)
    echoes.sent(on(36), 0.0, spontaneous=True)
    assert not comes_back(echoes, on(37), 0.005)
    assert not comes_back(echoes, on(36, 100), 0.005)
    assert echoes.route is Route.UNKNOWN


def test_the_second_spontaneous_light_that_comes_back_tells_and_is_left_out():
    echoes = Echoes(same_port=False)
    found = []
    for number in range(3):
        echoes.sent(on(36 + number), 1.0 * number, spontaneous=True)
        found.append(comes_back(echoes, on(36 + number), 1.0 * number + LATE))
    assert found == [False, True, True]
    assert echoes.is_a_loop
    assert echoes.delay == pytest.approx(LATE)


def test_lights_that_a_hand_asked_for_never_tell():
    echoes = Echoes(same_port=False)
    for number in range(10):
        echoes.sent(on(36 + number), 1.0 * number, spontaneous=False)
        assert not comes_back(echoes, on(36 + number), 1.0 * number + LATE)
    assert not echoes.is_a_loop


def test_a_release_helps_to_tell_and_is_no_echo():
    echoes = Echoes(same_port=False)
    for note in (36, 37):
        echoes.sent(on(note, 0), 0.0, spontaneous=True)
        assert not comes_back(echoes, on(note, 0), LATE, can_be_a_press=False)
    assert echoes.is_a_loop
    echoes.sent(on(38, 0), 0.2, spontaneous=True)
    assert not comes_back(echoes, on(38, 0), 0.2 + LATE, can_be_a_press=False)
    assert echoes.is_sure


def test_a_loop_is_sure_once_something_came_when_it_had_to():
    echoes = loop()
    assert (echoes.is_a_loop, echoes.is_sure) == (True, False)
    echoes.sent(on(36), 0.0, spontaneous=True)
    assert comes_back(echoes, on(36), LATE)
    assert echoes.is_sure
    echoes.learn(LATE)
    assert not echoes.is_sure


def test_a_light_between_that_did_not_come_back_ends_a_streak():
    echoes = Echoes(same_port=False)
    for number in range(4):
        echoes.sent(on(36 + number), number * 0.01, spontaneous=True)
    assert not comes_back(echoes, on(36), LATE)
    assert not comes_back(echoes, on(38), 0.02 + LATE)
    assert (echoes.route, echoes.streak.length) == (Route.OPEN, 1)


def test_a_release_between_that_did_not_come_back_ends_none():
    echoes = Echoes(same_port=False)
    for number, velocity in enumerate((13, 0, 13)):
        echoes.sent(on(36 + number, velocity), number * 0.01, spontaneous=True)
    assert not comes_back(echoes, on(36), LATE)
    assert comes_back(echoes, on(38), 0.02 + LATE)


# --- what comes back at once -----------------------------------------------------------------------------------------


def test_what_comes_back_at_once_on_its_own_port_is_an_echo_and_two_of_them_a_loop():
    echoes = Echoes(same_port=True)
    for note, is_loop in ((36, False), (37, True)):
        echoes.sent(on(note), 0.0, spontaneous=False)
        assert comes_back(echoes, on(note), 0.005)
        assert echoes.is_a_loop is is_loop
    assert echoes.delay == 0.005


def test_two_at_once_after_different_times_are_no_loop():
    echoes = Echoes(same_port=True)
    for note, delay in ((36, 0.001), (37, 0.011)):
        echoes.sent(on(note), 0.0, spontaneous=False)
        assert comes_back(echoes, on(note), delay)
    assert not echoes.is_a_loop


def test_one_that_went_out_excuses_one_that_comes_in():
    echoes = Echoes(same_port=True)
    echoes.sent(on(36), 0.0, spontaneous=False)
    assert comes_back(echoes, on(36), 0.005)
    assert not comes_back(echoes, on(36), 0.006)


@pytest.mark.parametrize(("same_port", "delay"), [(False, 0.005), (True, FIRST_SECONDS + 0.001)])
def test_on_another_port_or_later_it_may_be_a_press(same_port, delay):
    echoes = Echoes(same_port)
    echoes.sent(on(36), 0.0, spontaneous=False)
    assert not comes_back(echoes, on(36), delay)


def test_once_nothing_came_back_only_what_no_hand_presses_again_so_soon_is_an_echo():
    echoes = Echoes(same_port=True)
    echoes.sent(on(40), 0.0, spontaneous=True)
    echoes.sent(on(36), NOTHING_SECONDS + 0.01, spontaneous=False)
    assert echoes.route is Route.OPEN
    came = NOTHING_SECONDS + 0.015
    assert not comes_back(echoes, on(36), came, pressed=came - AGAIN_SECONDS - 0.001)
    echoes.sent(on(36), came, spontaneous=False)
    assert comes_back(echoes, on(36), came + 0.005, pressed=came + 0.005 - AGAIN_SECONDS + 0.001)


# --- in a loop -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("off", "is_due"), [(-0.021, False), (-0.019, True), (0.019, True), (0.021, False)])
def test_in_a_loop_an_echo_comes_around_its_delay(off, is_due):
    echoes = loop()
    echoes.sent(on(36), 0.0, spontaneous=False)
    assert comes_back(echoes, on(36), LATE + off) is is_due


def test_in_a_loop_each_echo_is_that_of_the_light_which_is_due():
    echoes = loop()
    for time in (0.0, 0.05):
        echoes.sent(on(36), time, spontaneous=False)
    assert comes_back(echoes, on(36), 0.05 + LATE)
    assert not comes_back(echoes, on(36), 0.06 + LATE)


def test_a_loop_s_delay_follows_what_is_near_and_is_not_led_away():
    echoes = loop()
    echoes.sent(on(36), 0.0, spontaneous=False)
    assert comes_back(echoes, on(36), LATE + 0.004)
    assert echoes.delay == pytest.approx(LATE + 0.0005)
    echoes.sent(on(36), 1.0, spontaneous=False)
    assert comes_back(echoes, on(36), 1.0 + LATE + 2 * ALIKE)
    assert echoes.delay == pytest.approx(LATE + 0.0005)


def test_a_loop_ends_with_lights_in_a_row_that_do_not_come_back():
    echoes = loop()
    for number in range(MISSED):
        assert echoes.is_a_loop
        echoes.sent(on(36), float(number), spontaneous=False)
    assert echoes.is_a_loop
    echoes.sent(on(36), float(MISSED), spontaneous=False)
    assert (echoes.route, echoes.delay) == (Route.OPEN, 0.0)


def test_a_loop_that_was_told_at_once_outlives_a_light_that_was_lost():
    echoes = Echoes(same_port=True)
    for note in (36, 37):
        echoes.sent(on(note), 0.0, spontaneous=True)
        assert comes_back(echoes, on(note), 0.005)
    echoes.sent(on(38), 1.0, spontaneous=True)
    echoes.sent(on(39), 2.0, spontaneous=True)
    assert comes_back(echoes, on(39), 2.005)


@pytest.mark.parametrize("velocity", [13, 0])
def test_a_loop_does_not_end_with_lights_missed_between_others_nor_with_releases(velocity):
    echoes = loop()
    for number in range(4 * MISSED):
        echoes.sent(on(36, velocity), float(number), spontaneous=False)
        if velocity and number % 2:
            assert comes_back(echoes, on(36), number + LATE)
    assert echoes.is_a_loop


# --- what is forgotten -----------------------------------------------------------------------------------------------


def test_what_went_out_too_long_ago_is_no_echo():
    echoes = Echoes(same_port=False)
    for note in (36, 37):
        echoes.sent(on(note), 0.0, spontaneous=True)
    assert not comes_back(echoes, on(36), HORIZON + 0.01)
    assert not comes_back(echoes, on(37), HORIZON + 0.01)
    assert (echoes.streak.length, echoes.route) == (0, Route.OPEN)


def test_no_more_than_the_newest_are_remembered():
    echoes = loop()
    for number in range(REMEMBERED + 1):
        echoes.sent((0xB0, number % 128, number // 128), 0.0, spontaneous=False)
    assert not comes_back(echoes, (0xB0, 0, 0), LATE)
    assert comes_back(echoes, (0xB0, 1, 0), LATE)
    assert comes_back(echoes, (0xB0, 0, REMEMBERED // 128), LATE)
