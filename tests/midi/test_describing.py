import pytest

from midifrag.intents import MoveControl, Press, Release, SelectBank
from midifrag.midi.describing import describe_event, describe_intent
from midifrag.midi.messages import (
    Aftertouch,
    ControlChange,
    NoteOff,
    NoteOn,
    Nrpn,
    PitchBend,
    ProgramChange,
    Tick,
    TransportChange,
)
from tests.support.shows import bank


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (NoteOn("pads", 5, 36, 127, 0.0), "pads: note 36 (C1) velocity 127, channel 5"),
        (NoteOff("pads", 5, 37, 0.0), "pads: release 37 (C#1), channel 5"),
        (ControlChange("pads", 1, 21, 64, 0.0), "pads: cc 21 = 64, channel 1"),
        (ControlChange("pads", 1, 21, 64, 0.0, 3), "pads: cc 21 = 64 fine 3, channel 1"),
        (NoteOff("pads", 5, 37, 0.0, 9), "pads: release 37 (C#1) velocity 9, channel 5"),
        (Nrpn("pads", 1, 300, 64, 0.0), "pads: nrpn 300 = 64, channel 1"),
        (Nrpn("pads", 1, 300, 64, 0.0, 3), "pads: nrpn 300 = 64 fine 3, channel 1"),
        (Nrpn("pads", 1, 300, None, 0.0, step=1), "pads: nrpn 300 up, channel 1"),
        (Nrpn("pads", 1, 300, 5, 0.0, 6, -1), "pads: nrpn 300 down = 5 fine 6, channel 1"),
        (PitchBend("pads", 1, 100, 0.0), "pads: pitch bend +100, channel 1"),
        (PitchBend("pads", 1, -100, 0.0), "pads: pitch bend -100, channel 1"),
        (Aftertouch("pads", 1, 9, 0.0), "pads: aftertouch 9, channel 1"),
        (Aftertouch("pads", 1, 9, 0.0, 36), "pads: aftertouch 9 on note 36, channel 1"),
        (ProgramChange("pads", 1, 2, 0.0), "pads: program 2, channel 1"),
        (ProgramChange("pads", 1, 2, 0.0, 3), "pads: program 2 bank 3, channel 1"),
        (TransportChange("daw", "start", 0.0), "daw: start"),
        (TransportChange("daw", "position", 0.0, 32), "daw: position 32 sixteenths"),
        (Tick("daw", 0.0), "daw: clock tick"),
    ],
)
def test_events_are_told_in_a_performers_words(event, said):
    assert describe_event(event) == said


@pytest.mark.parametrize(
    ("intent", "said"),
    [
        (Press(36, 1, "pads", 0.5, 0.0), "presses pad 36 “rain on tin”"),
        (Release(40, 10, "pads", 0.0), "releases pad 40/10 “Kick”"),
        (Press(40, 1, "pads", 0.5, 0.0), "presses no pad"),
        (Release(99, 1, "pads", 0.0), "releases no pad"),
        (Press(38, 1, "keys", 0.5, 0.0), "presses pad 38 “bow”"),
        (Press(38, 1, "pads", 0.5, 0.0), "presses no pad"),
        (MoveControl("cc 21 sets steps", 0.254), "cc 21 sets steps, at 25%"),
        (SelectBank(program=2), "selects the bank with program 2"),
    ],
)
def test_what_events_mean_is_told_in_a_performers_words(intent, said):
    pads = {
        36: {"prompt": "rain on tin"},
        "40/10": {"prompt": "short kick", "name": "Kick"},
        38: {"prompt": "bow", "port": "keys"},
    }
    assert describe_intent(intent, bank(pads=pads)) == said
