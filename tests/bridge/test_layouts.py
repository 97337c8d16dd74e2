"""What ports show of the banks; `test_set_list.py` has it with the banks of a set."""

from midifrag.bridge.layouts import Layouts
from midifrag.config.desk import Desk, plan_of
from midifrag.config.layout import Shown
from midifrag.config.settings import Settings
from midifrag.events import LayoutChanged
from midifrag.intents import ShowBanks, TurnPage
from tests.support.shows import bank

PORTS = {
    "box": {"in": "x", "surface": "lpd8"},
    "pads": {"in": "y", "surface": "launchpad", "banks": 2},
    "keys": {"in": "z"},
}
SIXTEEN = bank(pads={note: {"prompt": "x"} for note in range(36, 52)})


def show(layouts, change):
    desk = Desk(Settings.model_validate({"ports": PORTS}), [plan_of(SIXTEEN)], 0, layouts.shown)
    return layouts.show(change, PORTS, lambda _port: desk)


def test_all_ports_that_can_are_turned_at_once():
    layouts = Layouts()
    assert show(layouts, TurnPage(None, 1)) == [LayoutChanged("box", 1, 1), LayoutChanged("pads", 0, 2)]
    assert layouts.shown == {"box": Shown(1, 1), "pads": Shown(0, 2)}
    assert layouts.told() == [LayoutChanged("box", 1, 1), LayoutChanged("pads", 0, 2)]


def test_what_the_port_says_is_where_it_begins():
    layouts = Layouts()
    assert show(layouts, ShowBanks("pads")) == [LayoutChanged("pads", 0, 1)]
    assert show(layouts, ShowBanks("pads")) == [LayoutChanged("pads", 0, 4)]
    assert show(layouts, ShowBanks("box", 4)) == [LayoutChanged("box", 0, 1)]


def test_another_bank_begins_at_its_first_page_on_the_ports_of_who_plays_it():
    layouts = Layouts()
    show(layouts, TurnPage(None, 1))
    layouts.turn_back(["pads", "keys"])
    assert layouts.shown["box"].page == 1
    layouts.turn_back(["box"])
    assert layouts.shown["box"].page == 0
