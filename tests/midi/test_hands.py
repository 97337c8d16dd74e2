import pytest

from midifrag.intents import Hand, Press
from midifrag.midi.hands import hand_of, release_of
from midifrag.midi.messages import ControlChange, NoteOff, NoteOn, ProgramChange


@pytest.mark.parametrize(
    ("event", "hand"),
    [
        (NoteOn("p", 3, 36, 100, 0.0), Hand("p", "note", 36, 3)),
        (NoteOff("p", 3, 36, 0.0), Hand("p", "note", 36, 3)),
        (ControlChange("p", 2, 64, 127, 0.0), Hand("p", "cc", 64, 2)),
        (ProgramChange("p", 1, 9, 0.0), Hand("p", "program", 9, 1)),
    ],
)
def test_a_press_and_its_release_have_one_hand(event, hand):
    assert hand_of(event) == hand


@pytest.mark.parametrize("by", [None, Hand("pedal", "cc", 64, 1)])
def test_a_release_lets_go_what_was_pressed(by):
    press = Press(36, 2, "p", 0.5, 1.0, by=by)
    release = release_of(press, 2.0, 0.25)
    assert (release.hand, release.note, release.time, release.velocity) == (press.hand, 36, 2.0, 0.25)
    assert release_of(press, 2.0).velocity == 64 / 127
