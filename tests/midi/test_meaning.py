import pytest

from midifrag import intents
from midifrag.config.settings import Settings
from midifrag.midi.held import Held
from midifrag.midi.meaning import Meaning
from midifrag.midi.messages import ControlChange, NoteOff, NoteOn, ProgramChange
from tests.support.shows import bank


def meaning(held=None, **show):
    settings = Settings.model_validate({"ports": {"pads": {"in": "x"}}, **show})
    return Meaning(settings, bank("one", {36: {"prompt": "rain"}}), held=held)


def test_parameters_that_encoders_send_are_known():
    knob = {"sets": "steps", "range": [1, 50]}
    meant = meaning(controls=[{"nrpn": 300, "relative": "twos", **knob}, {"nrpn": 301, **knob}])
    assert meant.encoders == {300}


@pytest.mark.parametrize(
    ("event", "played"),
    [
        (NoteOn("pads", 1, 36, 127, 1.0), (intents.Press(36, 1, "pads", 1.0, 1.0),)),
        (NoteOff("pads", 1, 36, 1.0), (intents.Release(36, 1, "pads", 1.0),)),
        (ProgramChange("pads", 1, 5, 1.0), (intents.SelectBank(program=5),)),
        (ControlChange("pads", 1, 21, 127, 1.0), (intents.MoveControl("cc 21 sets steps", 1.0),)),
        (NoteOn("pads", 1, 37, 127, 1.0), ()),
    ],
)
def test_reading_says_what_a_message_means_and_takes_nothing_in(event, played):
    held = Held()
    meant = meaning(held, controls=[{"cc": 21, "sets": "steps", "range": [1, 50]}])
    assert meant.read(event).played == played
    assert meant.read(event) == meant.read(event)
    assert not held.presses("pads", None)
