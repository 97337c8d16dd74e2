import pytest
from pydantic import ValidationError

from midifrag.config.actions import ACTIONS, Action
from midifrag.intents import Again, CancelPad, ClearQueue, LockSlot, Panic, RestoreSlot, SelectBank, SetLand, Tap
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
