"""What the breaker does with one port's feedback, step by step."""

from __future__ import annotations

import mido
import pytest

from midifrag.midi.breaker import (
    ANSWERS,
    IN_A_ROW,
    RARER,
    RETRY_AT_MOST,
    RETRY_SECONDS,
    SILENCE,
    TRUST_SECONDS,
    Actions,
    Answer,
    Breaker,
    Phase,
)
from midifrag.midi.echo import HORIZON

#: How long a loop of these tests takes, and how far its lights are apart.
DELAY, APART = 0.1, 0.2


def note(number=36, velocity=13):
    return mido.Message("note_on", note=number, velocity=velocity)


LIGHT, CHANGED = note(), note(velocity=14)


class Rig:
    """A breaker, what it does, and a time that goes on."""

    def __init__(self):
        self.done = []
        self.time = 0.0
        self.breaker = Breaker(
            Actions(
                hold=lambda: self.done.append("hold"),
                silence=lambda: self.done.append("silence"),
                release=lambda: self.done.append("release"),
                ask=lambda message: self.done.append(("ask", message)),
                exact=lambda delay: self.done.append(("exact", pytest.approx(delay))),
                tell=lambda text: self.done.append(("tell", text)),
            )
        )

    @property
    def phase(self):
        return self.breaker.phase

    def news(self):
        """What was done since the last call."""
        done, self.done = self.done, []
        return done

    def answered(self, count, message=CHANGED, delay=DELAY):
        """Lights go out, and after each a press comes in."""
        for _ in range(count):
            self.breaker.lit(LIGHT, self.time)
            assert self.breaker.pressed(message, self.time + delay) is False
            self.time += APART

    def suspect(self):
        """Go on until it is held to the test."""
        for _ in range(20):
            if self.phase is Phase.FLOWS:
                self.answered(1)
        assert self.phase is Phase.TESTED

    def pass_by(self, seconds):
        self.time += seconds
        self.breaker.tick(self.time)

    def asked(self, *messages, delay=DELAY):
        """The light that asks goes out, these come in, and the time for answers ends; which were surely its answer."""
        self.breaker.lit(LIGHT, self.time)
        found = [self.breaker.pressed(message, self.time + delay) for message in messages]
        self.pass_by(HORIZON + 0.01)
        return found

    def ask(self):
        self.suspect()
        self.pass_by(HORIZON + SILENCE + 5)
        assert self.phase is Phase.ASKED
        self.news()

    def stop(self):
        self.ask()
        for _ in range(ANSWERS):
            self.asked(CHANGED)
        assert self.phase is Phase.STOPPED
        self.news()


@pytest.fixture
def rig():
    return Rig()


@pytest.mark.parametrize(
    ("message", "delay", "same"),
    [
        (CHANGED, 0.129, True),
        (CHANGED, 0.131, False),
        (CHANGED, 0.069, False),
        (LIGHT, 0.1, False),
    ],
)
def test_answers_of_one_loop_are_the_same_message_after_the_same_time(message, delay, same):
    assert Answer(message, delay).is_like(Answer(CHANGED, 0.1)) is same


def test_slow_answers_may_be_a_tenth_apart():
    assert Answer(CHANGED, 0.89).is_like(Answer(CHANGED, 0.81))
    assert not Answer(CHANGED, 0.9).is_like(Answer(CHANGED, 0.81))


# --- what is held to the test ----------------------------------------------------------------------------------------


def test_lights_in_a_row_that_each_have_a_press_after_them_hold_the_feedback(rig):
    rig.answered(IN_A_ROW - 1)
    assert (rig.phase, rig.news()) == (Phase.FLOWS, [])
    rig.answered(1)
    assert (rig.phase, rig.news()) == (Phase.TESTED, ["hold"])


def test_presses_after_different_times_hold_nothing(rig):
    for number in range(20):
        rig.answered(1, delay=0.02 + 0.03 * (number * 7 % 6))
    assert (rig.phase, rig.news()) == (Phase.FLOWS, [])


def test_presses_without_lights_and_lights_without_presses_hold_nothing(rig):
    for number in range(20):
        assert rig.breaker.pressed(CHANGED, APART * number) is False
    for number in range(20):
        rig.breaker.lit(LIGHT, 10 + APART * number)
    assert (rig.phase, rig.news()) == (Phase.FLOWS, [])


def test_a_press_after_what_may_be_on_its_way_is_a_hand_s_and_the_test_gets_rarer(rig):
    rig.suspect()
    since = rig.time - APART + DELAY
    rig.news()
    assert rig.breaker.pressed(CHANGED, since + HORIZON - 0.01) is False
    assert rig.phase is Phase.TESTED
    assert rig.breaker.pressed(CHANGED, since + HORIZON + 0.01) is False
    assert (rig.phase, rig.news()) == (Phase.FLOWS, ["release"])
    rig.time = since + 10
    rig.answered(RARER * IN_A_ROW - 1)
    assert rig.phase is Phase.FLOWS
    rig.answered(IN_A_ROW)
    assert rig.phase is Phase.TESTED


def test_the_test_is_as_quick_as_before_when_all_was_well_for_a_while(rig):
    rig.suspect()
    since = rig.time - APART + DELAY
    rig.breaker.pressed(CHANGED, since + HORIZON + 0.01)
    rig.time = since + HORIZON
    rig.pass_by(TRUST_SECONDS + 1)
    rig.answered(IN_A_ROW)
    assert rig.phase is Phase.TESTED


def test_silence_makes_it_ask_with_the_last_light(rig):
    rig.suspect()
    rig.news()
    rig.pass_by(HORIZON)
    assert (rig.phase, rig.news()) == (Phase.TESTED, [])
    rig.pass_by(SILENCE + 5)
    assert (rig.phase, rig.news()) == (Phase.ASKED, [("ask", LIGHT)])


# --- what is asked ---------------------------------------------------------------------------------------------------


def test_no_answer_lets_the_lights_go_on_and_tells_nothing(rig):
    rig.ask()
    rig.pass_by(HORIZON - 0.1)
    assert rig.phase is Phase.ASKED
    assert rig.asked() == []
    assert (rig.phase, rig.news()) == (Phase.FLOWS, ["release"])


def test_the_same_changed_answer_each_time_stops_the_feedback_and_is_told_once(rig):
    rig.ask()
    for left in reversed(range(1, ANSWERS)):
        assert rig.asked(CHANGED) == [False]
        assert (rig.phase, rig.news()) == (Phase.ASKED, [("ask", LIGHT)]), left
    assert rig.asked(CHANGED) == [False]
    silenced, (what, text) = rig.news()
    assert (rig.phase, silenced, what) == (Phase.STOPPED, "silence", "tell")
    assert text.startswith("its own feedback comes back as presses, 100 ms later: its lights stay as they are")


def test_the_light_itself_is_an_answer_and_no_press_and_is_only_left_out_from_then_on(rig):
    rig.ask()
    assert [rig.asked(LIGHT) for _ in range(ANSWERS)] == [[True]] * ANSWERS
    assert rig.phase is Phase.FLOWS
    assert rig.news() == [("ask", LIGHT)] * (ANSWERS - 1) + [("exact", DELAY), "release"]


@pytest.mark.parametrize("other", [note(40, 100), None])
def test_a_hand_s_other_answer_is_no_loop_s(rig, other):
    rig.ask()
    rig.asked(CHANGED)
    rig.news()
    assert rig.asked(*filter(None, [other])) == [False] * (other is not None)
    assert (rig.phase, rig.news()) == (Phase.FLOWS, ["release"])


def test_the_same_press_after_another_time_is_no_loop_s(rig):
    rig.ask()
    rig.asked(CHANGED)
    rig.asked(CHANGED, delay=3 * DELAY)
    assert rig.phase is Phase.FLOWS


def test_a_loop_is_found_among_a_hand_s_presses(rig):
    rig.ask()
    for number in range(ANSWERS):
        assert rig.asked(note(50 + number, 90), CHANGED) == [False, False]
    assert rig.phase is Phase.STOPPED


def test_an_answer_counts_from_when_the_light_really_went_out(rig):
    rig.ask()
    rig.breaker.lit(LIGHT, rig.time + 0.5)
    assert rig.breaker.pressed(LIGHT, rig.time + 0.5 + HORIZON) is True
    assert rig.breaker.pressed(LIGHT, rig.time + 0.51 + HORIZON) is False


# --- what is stopped -------------------------------------------------------------------------------------------------


def test_while_stopped_presses_count(rig):
    rig.stop()
    assert rig.breaker.pressed(CHANGED, rig.time + 0.1) is False
    assert (rig.phase, rig.news()) == (Phase.STOPPED, [])


def test_a_loop_that_stays_is_asked_ever_more_seldom_and_told_no_more(rig):
    rig.stop()
    waits = []
    for _ in range(6):
        start = rig.time
        while rig.phase is Phase.STOPPED:
            rig.pass_by(0.5)
        waits.append(rig.time - start)
        assert rig.news() == [("ask", LIGHT)]
        # What is known as the loop's answer is no press.
        assert rig.asked(CHANGED, note(50, 90)) == [True, False]
        assert (rig.phase, rig.news()) == (Phase.STOPPED, [])
    assert waits == pytest.approx([RETRY_SECONDS * one for one in (1, 2, 4, 8, 8, 8)], abs=0.6)
    assert waits[-1] == pytest.approx(RETRY_AT_MOST, abs=0.6)


@pytest.mark.parametrize("heard", [[], [note(50, 90)]])
def test_a_loop_that_ended_gives_the_lights_back_and_is_told(rig, heard):
    rig.stop()
    rig.pass_by(RETRY_SECONDS + 0.1)
    rig.news()
    rig.asked(*heard)
    assert rig.phase is Phase.FLOWS
    assert rig.news() == [
        ("tell", "its feedback does not come back any more, and its lights are on again"),
        "release",
    ]
    # The next one is as new as the first.
    rig.answered(IN_A_ROW - 1)
    assert rig.phase is Phase.FLOWS
    rig.stop()
    rig.pass_by(RETRY_SECONDS + 0.1)
    assert rig.phase is Phase.ASKED


def test_a_loop_that_ended_is_not_told_as_ended_again(rig):
    rig.stop()
    rig.pass_by(RETRY_SECONDS + 0.1)
    rig.asked()
    rig.ask()
    rig.asked()
    assert (rig.phase, rig.news()) == (Phase.FLOWS, ["release"])
