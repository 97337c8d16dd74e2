import mido
import pytest

from midifrag.bridge.view import View
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    Notice,
    PadChanged,
    SlotsChanged,
    Sounding,
)
from midifrag.fragment.slot_state import SlotState
from midifrag.pad_key import PadKey
from midifrag.show.screens import EVERY, Screens
from midifrag.states import NoticeLevel, PadState
from midifrag.surface.screen import Screen
from tests.support.shows import bank, loaded
from tests.support.stage import Stage

LINES = {"rows": 4, "columns": 30, "line": "F0 01 {row} {text} F7"}
BANKS = [bank(slug, {36: {"prompt": "rain"}}) for slug in ("one", "two", "three")]


class Rig:
    def __init__(self, *banks, controls=(), **screen):
        self.view = View(loaded(*(banks or BANKS), controls=list(controls)))
        self.screens = Screens(self.view)
        self.now = 0.0
        self.handle(BankChanged("one", "One", 0, ()))
        self.screens.add("pads", Screen.model_validate(LINES | screen))

    def handle(self, *changes):
        for change in changes:
            self.view.apply(change)
            self.screens.handle(change)

    def look(self):
        """What the display's lines become now."""
        written = {}

        def send(port, messages):
            assert port == "pads"
            for message in messages:
                data = mido.Message.from_bytes(message.bytes()).data
                written[data[1]] = bytes(data[2:]).decode().rstrip()

        self.due = self.screens.write(self.now, send)
        self.now = self.now if self.due is None else max(self.now, self.due)
        return written


def pad(state, bank="one"):
    return PadChanged(bank, PadKey(36), "pads", 1, 36, state, None, 0.0)


def test_the_active_bank_and_its_neighbours_are_seen():
    rig = Rig()
    assert rig.look() == {0: "Three < One > Two", 1: "", 2: "", 3: ""}
    rig.handle(BankChanged("two", "Two", 1, ()))
    assert rig.look() == {0: "One < Two > Three"}


def test_a_small_display_says_which_of_how_many():
    assert Rig(columns=12).look()[0] == "1/3 One"
    assert Rig(BANKS[0]).look()[0] == "1/1 One"


def test_what_happened_last_what_is_under_way_and_the_slots():
    rig = Rig()
    rig.look()
    rig.handle(pad(PadState.RENDERING))
    assert rig.look() == {1: "rain: rendering", 2: "rain rendering"}
    rig.handle(pad(PadState.LANDED), SlotsChanged((SlotState(1, "a", "filled"), SlotState(2, "b", "locked"))))
    assert rig.look() == {1: "rain: landed", 2: "", 3: "1o2L"}
    rig.handle(pad(PadState.IDLE), Sounding(2, 1, True, 0.0), ControlChanged("steps", 20.0))
    assert rig.look() == {1: "steps 20", 3: "1o2*"}


def test_a_display_is_written_no_more_often_than_it_can_be_read():
    rig = Rig()
    rig.look()
    written = []
    for step in range(100):
        rig.handle(ControlChanged("steps", float(step)))
        rig.screens.write(rig.now + step * EVERY / 50, lambda _port, messages: written.extend(messages))
    assert 2 <= len(written) <= 4
    assert rig.look() in ({1: "steps 99"}, {})


def test_nothing_new_is_nothing_to_write():
    rig = Rig()
    rig.look()
    assert rig.look() == {}
    assert rig.due is None
    rig.handle(Notice(NoticeLevel.INFO, "x"), ConfigurationChanged(rig.view.configuration))
    assert rig.look() == {}


def test_a_display_of_controls_says_what_each_is_at():
    controls = [{"cc": 1, "sets": "steps", "range": [1, 9]}, {"cc": 2, "sets": "gain", "slot": 1}]
    rig = Rig(controls=controls, shows="controls", rows=36)
    assert next(iter(rig.look().values())) == "steps"
    rig.handle(ControlChanged("steps", 7.0))
    assert rig.look() == {0: "steps 7"}


def test_a_display_that_goes_is_given_back():
    rig = Rig()
    assert len(rig.screens.remove("pads")) == 4
    rig.handle(ControlChanged("steps", 7.0))
    assert rig.look() == {}
    assert rig.screens.remove("pads") == []


@pytest.mark.parametrize("surface", ["mackie", "push1", "ec4", "electra_one"])
def test_a_controller_s_display_is_written_when_it_comes(surface):
    controls = [{"cc": 1, "sets": "steps", "range": [1, 9]}]
    rig = Stage(*BANKS, ports={"pads": {"in": "x", "out": "x", "surface": surface}}, controls=controls)
    rig.bytes_to()
    rig.lights.beat(rig.clock.now())
    assert any(text.startswith("F0") for text in rig.bytes_to())
    rig.lights.close()
    assert any(text.startswith("F0") for text in rig.bytes_to())
