"""What presses and lets go, and which actions a message is for."""

import pytest

from midifrag.config.actions import Action
from midifrag.intents import Hand, Press, Release
from midifrag.midi.hands import concerns, hand_of, release_of
from midifrag.midi.messages import ControlChange, NoteOff, NoteOn, ProgramChange
from midifrag.pad_key import PadKey

ON, OFF = NoteOn("pads", 2, 36, 100, 1.0), NoteOff("pads", 2, 36, 1.0)
CC, PROGRAM = ControlChange("pads", 2, 36, 100, 1.0), ProgramChange("pads", 2, 36, 1.0)


@pytest.mark.parametrize(("event", "kind"), [(ON, "note"), (OFF, "note"), (CC, "cc"), (PROGRAM, "program")])
def test_a_hand_is_a_port_a_number_and_a_channel(event, kind):
    assert hand_of(event) == Hand("pads", kind, 36, 2)


def test_a_press_is_let_go_by_what_pressed_it():
    press = Press(40, 1, "pads", 1.0, 1.0, by=hand_of(CC))
    release = release_of(press, 2.0, 0.25)
    assert release == Release(40, 1, "pads", 2.0, 0.25, hand_of(CC))


@pytest.mark.parametrize(("event", "key"), [(ON, "note"), (OFF, "note"), (CC, "cc"), (PROGRAM, "program")])
def test_an_action_is_for_its_source_on_its_port_and_channel(event, key):
    def meant(**keys):
        return concerns(Action.model_validate({"does": "panic", key: 36, **keys}), event, None)

    assert meant()
    assert meant(port="pads", channel=2)
    assert not meant(port="keys")
    assert not meant(channel=3)
    assert not concerns(Action.model_validate({"does": "panic", key: 37}), event, PadKey(36))
