import pytest

from midifrag.config.buttons import ButtonUse, uses_of
from midifrag.intents import LockSlot, Panic, SelectBank, ShowBanks, TurnPage
from midifrag.surface.grid import Button, Grid

SIDE = tuple(Button("note", number) for number in range(8))
FOOT = tuple(Button("cc", number) for number in range(8))
BANKS = [f"bank {number}" for number in range(6)]


def uses(side=8, foot=8, active=0, slots=8, *, has_room=True):
    found = uses_of(Grid(8, 8, {}, SIDE[:side], FOOT[:foot]), BANKS, active, slots, has_room=has_room)
    return [use.words for button, use in found.items() if button.kind == "note"], [
        use.slot for button, use in found.items() if button.kind == "cc"
    ]


@pytest.mark.parametrize(
    ("side", "words"),
    [
        (0, []),
        (1, ["panic: cancels everything"]),
        (2, ["previous bank", "next bank"]),
        (3, ["previous bank", "next bank", "panic: cancels everything"]),
        (
            5,
            [
                "previous bank",
                "next bank",
                "selects bank bank 0",
                "shows one bank, or several side by side",
                "panic: cancels everything",
            ],
        ),
        (
            8,
            [
                "previous bank",
                "next bank",
                *(f"selects bank bank {number}" for number in range(4)),
                "shows one bank, or several side by side",
                "panic: cancels everything",
            ],
        ),
    ],
)
def test_the_edge_has_as_much_as_there_is_room_for(side, words):
    assert uses(side)[0] == words


def test_the_banks_are_those_around_the_active_one():
    assert uses(active=5)[0][2:5] == [
        "selects bank bank 4",
        "selects bank bank 5",
        "shows one bank, or several side by side",
    ]


def test_a_small_grid_turns_its_page():
    assert uses(has_room=False)[0][-2] == "turns the page"


def test_the_row_has_the_slots_that_there_are():
    assert uses(slots=3)[1] == [1, 2, 3]
    assert uses(slots=99)[1] == list(range(1, 9))


@pytest.mark.parametrize(
    ("use", "intent"),
    [
        (ButtonUse("previous"), SelectBank(offset=-1)),
        (ButtonUse("next"), SelectBank(offset=1)),
        (ButtonUse("bank", bank="x"), SelectBank(slug="x")),
        (ButtonUse("side"), ShowBanks("pads")),
        (ButtonUse("page"), TurnPage("pads", 1)),
        (ButtonUse("panic"), Panic()),
        (ButtonUse("slot", slot=3), LockSlot(3, None)),
    ],
)
def test_what_a_button_asks_for(use, intent):
    assert use.intents("pads") == (intent,)
    assert use.words
