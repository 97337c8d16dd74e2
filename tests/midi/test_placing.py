"""What is pressed where banks lie by place; `test_mapping.py` has what comes of it."""

from midifrag.config.banks import Bank
from midifrag.config.desk import Desk, plan_of
from midifrag.config.settings import Settings
from midifrag.intents import Hand, Press, SelectBank
from midifrag.midi.messages import Aftertouch, ControlChange, NoteOff, NoteOn
from midifrag.midi.placing import Placing
from midifrag.pad_key import PadKey

PORTS = {
    "pads": {"in": "x", "surface": "launchpad"},
    "knobs": {"in": "y", "surface": "midi_fighter_twister"},
    "keys": {},
}
PADS = {note: {"prompt": "x"} for note in range(36, 52)}
BANK, OTHER = (Bank.model_validate({"name": slug, "slug": slug, "pads": PADS}) for slug in "ab")


def placing():
    desk = Desk(Settings.model_validate({"ports": PORTS}), [plan_of(BANK)], 0)
    return Placing(desk, {"a": BANK})


def test_it_rules_where_a_controller_has_a_grid():
    assert [placing().rules(port) for port in ("pads", "knobs", "keys", "page")] == [True, True, False, False]


def test_a_press_is_of_the_pad_that_lies_there_and_of_another_bank_selects_that():
    placed = placing().pressed(NoteOn("pads", 1, 11, 127, 1.0))
    press = Press(36, 1, "pads", 1.0, 1.0, by=Hand("pads", "note", 11, 1))
    assert (placed.key, placed.press) == (PadKey(36), press)
    assert placed.intents(BANK) == (press,)
    assert placed.intents(OTHER) == (SelectBank(slug="a"), press)
    assert placing().pressed(NoteOn("pads", 1, 51, 127, 1.0)) is None


def test_a_switch_of_a_cc_is_pressed_as_hard_as_its_value_says():
    # The lower left knob, pushed; turned, it is no pad.
    pushed, turned = (ControlChange("knobs", channel, 12, 127, 1.0) for channel in (2, 1))
    assert placing().pressed(pushed).press.hand == Hand("knobs", "cc", 12, 2)
    assert placing().pressed(pushed).press.velocity == 1.0
    assert placing().pressed(turned) is None
    assert (placing().is_switch(pushed), placing().is_switch(turned)) == (True, False)


def test_what_lies_where_a_release_or_a_touch_comes_from():
    assert placing().at(NoteOff("pads", 1, 12, 1.0)) == (BANK, PadKey(37))
    assert placing().at(Aftertouch("pads", 1, 5, 1.0, note=12)) == (BANK, PadKey(37))
    assert placing().at(Aftertouch("pads", 1, 5, 1.0)) is None


def test_buttons_are_those_beside_a_grid():
    assert placing().button(ControlChange("pads", 1, 19, 127, 1.0)).use == "panic"
    assert placing().button(NoteOn("pads", 1, 19, 127, 1.0)) is None
    assert placing().button(ControlChange("keys", 1, 19, 127, 1.0)) is None
    assert placing().is_switch(ControlChange("pads", 1, 19, 127, 1.0))
