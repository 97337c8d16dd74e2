from midifrag.config.desk import Desk, plan_of
from midifrag.config.layout import Shown
from midifrag.config.settings import Settings
from midifrag.pad_key import PadKey
from midifrag.surface import grids_of
from tests.support.shows import bank

BANKS = [bank(slug, {note: {"prompt": "x"} for note in range(36, 52)}) for slug in ("one", "two")]
PORTS = {
    "pads": {"in": "x", "surface": "launchpad"},
    "old": {"in": "x", "surface": "apc40"},
    "keys": {"in": "x"},
    "raw": {"in": "x", "surface": "launchpad", "place": "notes"},
}


def desk(active=0, shown=None, **show):
    return Desk(Settings.model_validate({"ports": PORTS, **show}), [plan_of(one) for one in BANKS], active, shown)


def test_a_message_means_the_pad_that_lies_there_at_its_port():
    assert desk().pad("pads", "note", 11, 5) == ("one", PadKey(36))
    assert desk(1).pad("pads", "note", 11, 5) == ("two", PadKey(36))
    assert desk().pad("pads", "cc", 11, 5) is None
    assert [desk().pad(port, "note", 11, 1) for port in ("keys", "raw", "page")] == [None] * 3


def test_both_kinds_of_a_controller_that_is_told_apart_later_are_read():
    assert desk().pad("old", "note", 0, 1) == ("one", PadKey(36))
    assert desk().pad("old", "note", 57, 1) == ("one", PadKey(36))
    assert desk().pad("old", "note", 57, 2) == ("one", PadKey(37))


def test_what_is_shown_at_one_port_is_not_at_another():
    shown = desk(shown={"pads": Shown(side=4)})
    assert shown.pad("pads", "note", 15, 1) == ("two", PadKey(36))
    assert shown.pad("old", "note", 4, 1) is None
    assert desk(ports={"pads": {**PORTS["pads"], "banks": 2}}).pad("pads", "note", 15, 1) == ("two", PadKey(36))


def test_pages_and_room():
    assert (desk().pages("pads"), desk().room("pads"), desk().room("old")) == (1, 4, 2)


def test_ccs_are_those_of_buttons_that_do_something():
    (launchpad,) = grids_of("launchpad")
    ccs = {("pads", None, button.number) for button in launchpad.buttons if button.number not in (49, 39)}
    assert desk().ccs == ccs
    assert desk(actions=[{"cc": 19, "does": "tap"}]).ccs == ccs - {("pads", None, 19)}
    knobs = {"pads": {"in": "x", "surface": "midi_fighter_twister"}}
    assert desk(ports=knobs).ccs == {("pads", 2, number) for number in range(64)}
    assert desk(ports={"pads": {**PORTS["pads"], "buttons": False}}).ccs == set()
