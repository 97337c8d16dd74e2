import pytest

from midifrag.config.buttons import ButtonUse
from midifrag.config.layout import Shown
from midifrag.fragment.slot_state import SlotState
from midifrag.pad_key import PadKey
from midifrag.show.button_looks import Surroundings
from midifrag.surface.driver import Look

SLOTS = {
    1: SlotState(1, "a"),
    2: SlotState(2, "b", "filled"),
    3: SlotState(3, "c", "locked"),
    4: SlotState(4, "d", "locked", sounds=True),
}


@pytest.mark.parametrize(
    ("use", "look"),
    [
        (ButtonUse("previous"), Look("white")),
        (ButtonUse("bank", bank="one"), Look("green")),
        (ButtonUse("bank", bank="two"), Look("blue", "pulse")),
        (ButtonUse("bank", bank="three"), Look("white")),
        (ButtonUse("side"), Look("white")),
        (ButtonUse("page"), Look("cyan")),
        (ButtonUse("panic"), Look("red")),
        *(
            (ButtonUse("slot", slot=number), look)
            for number, look in enumerate(
                (Look("off"), Look("green", "pulse"), Look("orange"), Look("orange", "pulse"), Look("off")), 1
            )
        ),
    ],
)
def test_how_a_button_looks(use, look):
    around = Surroundings(("one", "two", "three"), "one", {"two": {PadKey(36)}, "three": set()}, SLOTS, {2})
    assert around.look(use, Shown(page=1)) == look


@pytest.mark.parametrize(
    ("use", "states"),
    [
        (ButtonUse("previous"), ()),
        (ButtonUse("panic"), ()),
        (ButtonUse("bank", bank="one"), ("active",)),
        (ButtonUse("bank", bank="two"), ("busy",)),
        (ButtonUse("bank", bank="three"), ()),
        (ButtonUse("side"), ()),
        (ButtonUse("page"), ("more",)),
        *(
            (ButtonUse("slot", slot=number), states)
            for number, states in enumerate(
                ((), ("filled", "sounds"), ("filled", "locked"), ("filled", "locked", "sounds"), ()), 1
            )
        ),
    ],
)
def test_what_a_button_tells_by_its_colour_is_told_in_words_too(use, states):
    around = Surroundings(("one", "two", "three"), "one", {"two": {PadKey(36)}, "three": set()}, SLOTS, {2})
    assert around.states(use, Shown(page=1)) == states
    assert Surroundings().states(ButtonUse("side"), Shown(side=2)) == ("more",)


def test_a_slot_that_only_lies_there_and_a_single_bank():
    around = Surroundings(("one",), "one", slots=SLOTS)
    assert around.look(ButtonUse("slot", slot=2), Shown()) == Look("blue")
    assert around.look(ButtonUse("next"), Shown()) == Look("off")
    assert around.look(ButtonUse("side"), Shown(side=4)) == Look("cyan")
