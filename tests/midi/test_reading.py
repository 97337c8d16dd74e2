from midifrag.config.actions import Action
from midifrag.intents import MoveControl, Panic, Press, TurnControl
from midifrag.midi.messages import ControlChange, NoteOn
from midifrag.midi.reading import Reading, presses
from midifrag.pad_key import PadKey
from tests.support.shows import bank

BANK = bank()
ON = NoteOn("p", 1, 36, 100, 0.0)
CC = ControlChange("p", 1, 21, 5, 0.0)
PRESS = Press(36, 1, "p", 0.5, 0.0)
PANIC = Action(does="panic", note=36)
STAR = Action(does="star", press="long")


def test_clicks_and_gestures_are_acts_and_where_a_knob_stands_is_a_position():
    assert Reading(CC, BANK, played=(MoveControl("knob", 0.5),)).bearing == "position"
    assert Reading(CC, BANK, played=(TurnControl("knob", 1),)).bearing == "act"
    assert Reading(ON, BANK, played=(MoveControl("velocity", 0.5), PRESS)).bearing == "act"
    assert Reading(ON, BANK, long=(STAR,)).bearing == "act"
    assert Reading(CC, BANK).bearing == "nothing"
    assert Reading(CC, BANK, (PANIC,), acts=False).bearing == "nothing"
    assert Reading(CC, BANK, (PANIC,), acts=False, goes_off=True).bearing == "act"


def test_a_reading_says_what_each_kind_of_press_does():
    said = Reading(ON, BANK, double=(PANIC,), long=(STAR,), pressed=PadKey(36), played=(PRESS,)).explain()
    assert said.endswith(
        "→ presses pad 36 “rain”; double press: panic: cancels everything; long press: stars what the pad landed last"
    )


def test_what_an_event_does_by_itself_is_said_where_nothing_else_is():
    assert Reading(CC, BANK, by_itself="a shift").explain().endswith("→ a shift")
    assert Reading(CC, BANK, played=(Panic(),), by_itself="panic").explain().endswith("→ panic")
    assert Reading(CC, BANK).explain().endswith("→ nothing mapped in bank Opening")


def test_only_a_press_presses():
    assert presses(Reading(ON, BANK, played=(PRESS,)))
    assert not presses(Reading(CC, BANK, played=(MoveControl("knob", 0.5),)))
