"""What is held down and let go where banks lie by place; `test_mapping.py` has what is pressed."""

from midifrag.config.banks import Bank
from midifrag.config.desk import Desk, plan_of
from midifrag.config.settings import Settings
from midifrag.intents import Press, Release, SelectBank
from midifrag.midi.messages import Aftertouch, ControlChange, NoteOff, NoteOn
from midifrag.midi.placing import Placing

PORTS = {
    "pads": {"in": "x", "surface": "launchpad"},
    "knobs": {"in": "y", "surface": "midi_fighter_twister"},
    "keys": {},
}


def placing(held=None, **show):
    pads = {note: {"prompt": "x"} for note in range(36, 52)}
    bank = Bank.model_validate({"name": "A", "slug": "a", "pads": pads})
    desk = Desk(Settings.model_validate({"ports": PORTS, **show}), [plan_of(bank)], 0)
    return Placing(desk, bank, {"a": bank}, {} if held is None else held)


def test_it_rules_where_a_controller_has_a_grid():
    assert [placing().rules(port) for port in ("pads", "knobs", "keys", "page")] == [True, True, False, False]


def test_a_pad_is_held_until_it_is_let_go():
    held = {}
    rule = placing(held)
    down, up = NoteOn("pads", 1, 11, 127, 1.0), NoteOff("pads", 1, 11, 2.0)
    assert rule.let_go(up) == ()
    rule.hold(down, rule.pressed(down))
    released = rule.let_go(up)
    assert released == (Release(36, 1, "pads", 2.0),)
    rule.hold(up, released)
    assert (held, rule.let_go(up)) == ({}, ())


def test_a_switch_of_a_cc_is_pressed_as_hard_as_its_value_says():
    rule = placing()
    # The lower left knob, pushed.
    assert rule.pressed(ControlChange("knobs", 2, 12, 127, 1.0)) == (Press(36, 2, "knobs", 1.0, 1.0),)
    assert rule.pressed(ControlChange("knobs", 1, 12, 127, 1.0)) == ()


def test_what_means_nothing_holds_nothing():
    held = {}
    rule = placing(held)
    rule.hold(Aftertouch("pads", 1, 5, 1.0), ())
    rule.hold(NoteOn("keys", 1, 36, 5, 1.0), (Press(36, 1, "keys", 1.0, 1.0),))
    rule.hold(NoteOn("pads", 1, 11, 5, 1.0), (SelectBank(slug="a"),))
    assert held == {}
