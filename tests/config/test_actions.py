import pytest
from pydantic import ValidationError

from midifrag.config.actions import ACTIONS, Action
from midifrag.intents import (
    Again,
    CancelPad,
    ClearQueue,
    DoWithPad,
    LockSlot,
    Panic,
    ResetValues,
    RestoreSlot,
    SelectBank,
    SetLand,
    StopSlot,
    Tap,
)
from midifrag.pad_key import PadKey
from tests.support.shows import bank

ARGUMENTS = {"slot": 3, "pad": 36, "bank": "drift", "to": "bar"}


def action(name, **keys):
    return Action.model_validate({"does": name, "cc": 1, **keys})


@pytest.mark.parametrize(
    ("keys", "intents", "words"),
    [
        ({"does": "panic"}, [Panic()], "panic: cancels everything"),
        ({"does": "clear_queue"}, [ClearQueue()], "clears the queue"),
        ({"does": "cancel_pad", "pad": "C1"}, [CancelPad(PadKey(36)), CancelPad(PadKey(36, 10))], "cancels pad 36"),
        ({"does": "next_bank"}, [SelectBank(offset=1)], "next bank"),
        ({"does": "previous_bank"}, [SelectBank(offset=-1)], "previous bank"),
        ({"does": "bank", "bank": 3}, [SelectBank(program=3)], "selects bank 3"),
        ({"does": "bank", "bank": "drift"}, [SelectBank(slug="drift")], "selects bank drift"),
        ({"does": "lock", "slot": 2}, [LockSlot(2, True)], "locks slot 2"),
        ({"does": "unlock", "slot": 2}, [LockSlot(2, False)], "unlocks slot 2"),
        ({"does": "toggle_lock", "slot": 2}, [LockSlot(2, None)], "locks or unlocks slot 2"),
        ({"does": "tap"}, [Tap()], "taps the tempo of midifrag's own clock"),
        ({"does": "restore", "slot": 2}, [RestoreSlot(2)], "puts the previous fragment back in slot 2"),
        (
            {"does": "repeat", "pad": 37},
            [Again(PadKey(37), "repeat")],
            "lands again what pad 37 landed last",
        ),
        (
            {"does": "same_seed", "pad": 37},
            [Again(PadKey(37), "same_seed")],
            "plays pad 37 with the seed of its last take",
        ),
        ({"does": "variation", "pad": 37}, [Again(PadKey(37), "variation")], "plays pad 37 with a new seed"),
        ({"does": "land", "to": "2 bars"}, [SetLand("2 bars")], "fragments land: 2 bars"),
        ({"does": "land", "to": "now"}, [SetLand("now")], "fragments land: now"),
        ({"does": "land", "to": "presets"}, [SetLand(None)], "fragments land: presets"),
    ],
)
def test_what_each_action_asks_for_and_is_called(keys, intents, words):
    one = Action.model_validate({"cc": 1, **keys})
    played = bank(pads={36: {"prompt": "rain"}, "36/10": {"prompt": "bow"}, 37: {"prompt": "kick"}})
    assert list(one.intents(played)) == intents
    assert one.words == words


def test_an_action_about_a_pad_that_the_bank_lacks_asks_for_nothing():
    assert list(action("cancel_pad", pad=50).intents(bank())) == []


@pytest.mark.parametrize("name", [name for name, kind in ACTIONS.items() if kind.needs])
def test_what_an_action_needs_is_said(name):
    needed = ACTIONS[name].needs
    with pytest.raises(ValidationError, match=f"{name} needs {needed}"):
        action(name)
    assert action(name, **{needed: ARGUMENTS[needed]}).does == name


def test_fragments_land_on_boundaries_that_there_are():
    with pytest.raises(ValidationError, match="'now', 'beat', 'bar', '2 bars', '4 bars' or 'presets'"):
        action("land", to="3 bars")


def test_an_unknown_action_is_told_with_the_nearest():
    with pytest.raises(ValidationError, match="did you mean panic"):
        action("pannic")


@pytest.mark.parametrize(
    "sources", [{}, {"note": 1, "cc": 2}, {"cc": 1, "program": 2}, {"note": 1, "cc": 2, "program": 3}]
)
def test_an_action_has_one_source(sources):
    with pytest.raises(ValidationError, match="exactly one of note, cc or program"):
        Action.model_validate({"does": "panic", **sources})


# --- what a pad does when it is pressed otherwise --------------------------------------------------------------------

PRESSED = PadKey(36)


@pytest.mark.parametrize(
    ("keys", "intents", "words"),
    [
        ({"does": "lock", "while_held": 98}, [DoWithPad(PRESSED, "lock")], "locks the slot that the pad filled last"),
        ({"does": "restore", "press": "long"}, [DoWithPad(PRESSED, "restore")], "puts the previous fragment back in"),
        (
            {"does": "toggle_mute", "press": "double"},
            [DoWithPad(PRESSED, "toggle_mute")],
            "mutes the slot that the pad",
        ),
        ({"does": "star", "while_held_cc": 89}, [DoWithPad(PRESSED, "star")], "stars what the pad landed last"),
        ({"does": "variation", "press": "double"}, [Again(PRESSED, "variation")], "plays the pad with a new seed"),
        ({"does": "cancel_pad", "press": "double", "note": 36}, [CancelPad(PRESSED)], "cancels the pad"),
        ({"does": "lock", "note": 60, "pad": 37}, [DoWithPad(PadKey(37), "lock")], "locks the slot that pad 37 filled"),
        ({"does": "stop", "while_held": 98, "slot": 3}, [StopSlot(3)], "stops slot 3"),
        ({"does": "star", "cc": 3, "pad": 37}, [DoWithPad(PadKey(37), "star")], "stars what pad 37 landed last"),
        ({"does": "reset", "cc": 3}, [ResetValues()], "gives everything back to the presets"),
        ({"does": "reset", "cc": 3, "sets": "steps"}, [ResetValues("steps")], "gives steps back to the presets"),
        (
            {"does": "reset", "cc": 3, "sets": "gain", "slot": 2},
            [ResetValues("gain 2")],
            "gives gain 2 back to the presets",
        ),
    ],
)
def test_an_action_may_be_about_the_pad_that_is_pressed(keys, intents, words):
    made = Action.model_validate(keys)
    assert list(made.intents(bank(), PRESSED)) == intents
    assert made.words.startswith(words)


def test_without_a_pressed_pad_there_is_nothing_to_do():
    assert list(Action.model_validate({"does": "lock", "while_held": 98}).intents(bank())) == []


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"does": "lock", "note": 60}, "lock needs slot"),
        ({"does": "star", "note": 60}, "star needs pad"),
        ({"does": "star"}, "exactly one of note, cc or program"),
        ({"does": "star", "press": "long", "cc": 3}, "press: long is for a note"),
        ({"does": "lock", "note": 60, "slot": 3, "pad": 36}, "about a slot or a pad, and not about both"),
        ({"does": "star", "while_held": 98, "program": 3}, "star needs pad"),
        ({"does": "panic", "press": "triple"}, "double"),
        ({"does": "reset", "cc": 3, "sets": "loudness"}, "loudness"),
    ],
)
def test_an_action_that_says_too_little_or_too_much_is_refused(keys, problem):
    with pytest.raises(ValidationError, match=problem):
        Action.model_validate(keys)
