from midifrag.config.settings import Settings
from midifrag.intents import Hand
from midifrag.midi.actions import Actions
from midifrag.midi.held import Down, Held
from midifrag.midi.messages import ControlChange, NoteOff, NoteOn, ProgramChange
from midifrag.pad_key import PadKey
from tests.support.shows import bank

ON = NoteOn("p", 1, 36, 100, 0.0)


def actions(*said):
    held = Held()
    return Actions(Settings.model_validate({"actions": list(said)}), held), held


def does(found):
    return [action.does for action in found]


def test_an_action_answers_to_what_it_names_alone():
    known, _ = actions(
        {"does": "panic", "note": 36},
        {"does": "tap", "cc": 36},
        {"does": "clear_queue", "program": 36},
        {"does": "next_bank", "note": 36, "channel": 2},
        {"does": "previous_bank", "note": 36, "port": "q"},
    )
    assert does(known.of(ON, None)) == ["panic"]
    assert does(known.of(NoteOff("p", 1, 36, 0.0), None)) == ["panic"]
    assert does(known.of(ControlChange("p", 1, 36, 1, 0.0), None)) == ["tap"]
    assert does(known.of(ProgramChange("p", 1, 36, 0.0), None)) == ["clear_queue"]
    assert does(known.of(NoteOn("q", 2, 36, 1, 0.0), None)) == ["panic", "next_bank", "previous_bank"]


def test_one_that_names_nothing_answers_to_any_pad():
    known, _ = actions({"does": "star", "press": "long"})
    assert does(known.of(ON, PadKey(36))) == ["star"]
    assert known.of(ON, None) == ()


def test_a_shift_that_is_held_comes_before_others():
    known, held = actions({"does": "tap", "note": 36}, {"does": "panic", "note": 36, "while_held": 98})
    assert does(known.of(ON, None)) == ["tap"]
    held.press(Hand("q", "note", 98, 1), Down("nothing", bank()))
    assert does(known.of(ON, None)) == ["tap"]
    held.press(Hand("p", "note", 98, 1), Down("nothing", bank()))
    assert does(known.of(ON, None)) == ["panic"]


def test_two_shifts_must_both_be_held():
    known, held = actions({"does": "panic", "note": 36, "while_held": 98, "while_held_cc": 89})
    held.press(Hand("p", "note", 98, 1), Down("nothing", bank()))
    assert known.of(ON, None) == ()
    held.shift(Hand("p", "cc", 89, 1), is_down=True)
    assert does(known.of(ON, None)) == ["panic"]


def test_a_shift_is_known_on_its_port():
    known, _ = actions({"does": "lock", "while_held": 98, "port": "p"})
    assert known.is_shift(NoteOn("p", 1, 98, 1, 0.0))
    assert not known.is_shift(NoteOn("q", 1, 98, 1, 0.0))
    assert not known.is_shift(ON)
