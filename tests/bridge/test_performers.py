"""Several performers on one bridge: each has an active bank, and nothing of one is the other's."""

import pytest

from midifrag.events import BankChanged, ControlChanged, PadChanged
from midifrag.intents import SelectBank
from midifrag.midi.messages import ControlChange, NoteOff, NoteOn, PortChanged, ProgramChange
from midifrag.pad_key import PadKey
from midifrag.playback.messages import Sounding
from midifrag.states import PadState
from tests.support.bridges import Rig
from tests.support.shows import bank, loaded

PORTS = {"a": {"in": "a", "performer": "left"}, "b": {"in": "b", "performer": "right"}}
KNOB = {"cc": 21, "sets": "cfg_scale", "range": [0, 10]}


class Two(Rig):
    def __init__(self, pad=None, **show):
        two = bank("two", {36: {"prompt": "wind", **(pad or {})}}, program=5, controls=[{**KNOB, "cc": 22}])
        super().__init__(loaded(bank("one", {36: {"prompt": "rain"}}, program=1), two, ports=PORTS, **show))

    def on(self, port, note=36):
        self.press(note, port=port)

    def off(self, port, note=36):
        self.bridge.handle(NoteOff(port, 1, note, self.clock.now()))

    def select(self, port, program):
        self.bridge.handle(ProgramChange(port, 1, program, self.clock.now()))

    @property
    def prompts(self):
        return [render.prompt for render in self.engines.renders()]


def test_a_program_change_selects_the_bank_of_who_sent_it():
    rig = Two()
    rig.select("b", 5)
    rig.on("a")
    rig.on("b")
    assert rig.prompts == ["rain", "wind"]
    (told,) = rig.told(BankChanged)
    assert (told.slug, told.performer) == ("two", "right")
    # The page is the main performer's.
    assert rig.bridge.bank.slug == "one"
    assert rig.bridge.view.bank.slug == "one"
    assert [rig.bridge.view.bank_on(port).slug for port in ("a", "b", "page")] == ["one", "two", "one"]
    rig.bridge.handle(SelectBank(slug="two"))
    assert rig.told(BankChanged)[-1].performer == ""
    assert rig.bridge.view.bank.slug == "two"


def test_slots_are_shared_or_split():
    rig = Two(performers={"right": {"slots": [7, 8]}})
    rig.on("a")
    rig.on("b")
    for render in rig.engines.renders():
        rig.rendered(render)
    assert [land.arrival.among for land in rig.lands()] == [(1, 2, 3, 4, 5, 6), (7, 8)]


def test_a_hold_that_is_let_go_is_of_who_held_it():
    rig = Two({"hold": {"sets": "seconds", "range": [1, 8]}}, performers={"right": {"slots": [7, 8]}})
    rig.select("b", 5)
    rig.on("b")
    rig.clock.time += 2.0
    rig.bridge.handle(PortChanged("b", "in", "lost", "gone"))
    rig.rendered(rig.engines.renders()[0])
    assert rig.lands()[0].arrival.among == (7, 8)


@pytest.mark.parametrize("performer", ["a", "b"])
def test_a_value_of_everybodys_is_told_to_all_and_one_of_a_bank_to_its_own(performer):
    rig = Two(controls=[KNOB])
    rig.bridge.handle(ControlChange(performer, 1, 21, 127, 0.0))
    assert rig.bridge.view.controls["cfg_scale"].value == 10
    rig.on("a")
    rig.on("b")
    assert [render.cfg_scale for render in rig.engines.renders()] == [10, 10]


def test_a_value_of_another_performers_bank_is_none_of_the_pages():
    rig = Two()
    rig.select("b", 5)
    rig.bridge.handle(ControlChange("b", 1, 22, 127, 0.0))
    (told,) = [one for one in rig.told(ControlChanged) if one.value is not None]
    assert told.performer == "right"
    assert rig.bridge.view.controls == {}
    rig.on("a")
    rig.on("b")
    assert [render.cfg_scale for render in rig.engines.renders()] == [None, 10]


def test_a_long_press_is_of_who_holds():
    rig = Two(actions=[{"does": "next_bank", "press": "long", "note": 40}])
    rig.on("b", 40)
    rig.clock.time += 1.0
    rig.bridge.elapse()
    assert [mapper.bank.slug for mapper in rig.bridge.mappers] == ["one", "two"]


def test_pads_of_all_active_banks_come_to_rest():
    rig = Two()
    rig.select("b", 5)
    rig.on("b")
    rig.finish(rig.engines.renders()[0])
    rig.bridge.handle(Sounding(1, 1, True, rig.clock.now(), 9.0))
    rig.clock.time += 5.0
    rig.bridge.housekeeping()
    shown = [one.state for one in rig.told(PadChanged) if one.bank == "two"]
    assert shown[-1] is PadState.SOUNDING


def test_what_each_hears_is_decoded_for_them_alone():
    wide = {"cc": 1, "bits": 14, "sets": "steps", "range": [1, 9]}
    nrpn = {"nrpn": 300, "sets": "steps", "range": [1, 9]}
    one, two = bank("one", controls=[wide]), bank("two", program=5, controls=[nrpn])
    rig = Rig(loaded(one, two, ports=PORTS))
    rig.bridge.handle(ProgramChange("b", 1, 5, 0.0))
    assert rig.bridge.heard_together() == ({("a", None, 1)}, {("b", None, 300)})
    alone = Rig(loaded(one, two))
    assert alone.bridge.heard_together() == ({(None, None, 1)}, frozenset())


def test_values_that_a_port_shows_are_those_of_who_plays_it():
    rig = Two()
    rig.select("b", 5)
    rig.bridge.handle(ControlChange("b", 1, 22, 127, 0.0))
    assert list(rig.bridge.standing("a")) == []
    assert [position for _, position in rig.bridge.standing("b")] == [1.0]


def test_one_hands_release_is_not_the_others():
    rig = Two({"press": "gate"})
    rig.select("a", 5)
    rig.select("b", 5)
    rig.on("a")
    rig.on("b")
    first, second = rig.engines.renders()
    rig.off("b")
    assert rig.engines.cancels() == [second.job]
    assert first.job not in rig.engines.cancels()
    assert PadKey(36) in rig.bridge.bank.pads
    rig.bridge.handle(NoteOn("a", 1, 36, 1, 0.0))
    assert first.job in rig.engines.cancels()


@pytest.mark.parametrize("is_held", [True, False])
def test_a_knob_sets_the_pad_in_the_hand_that_turns_it(is_held):
    pads = {36: {"prompt": "rain"}, 37: {"prompt": "wind"}}
    knob = {**KNOB, "scope": "pad"}
    rig = Rig(loaded(bank("one", pads), ports=PORTS, controls=[knob]))
    rig.press(36, port="a")
    rig.press(37, port="b")
    for port, note in (("a", 36), ("b", 37)) if not is_held else ():
        rig.bridge.handle(NoteOff(port, 1, note, rig.clock.now()))
    rig.bridge.handle(ControlChange("a", 1, 21, 127, rig.clock.now()))
    assert [(one.pad, one.value) for one in rig.told(ControlChanged)] == [(PadKey(36), 10)]


def test_a_pedal_that_was_down_when_its_plug_was_pulled_acts_when_it_is_back():
    rig = Two(actions=[{"cc": 64, "does": "next_bank"}])
    for value in (80, 127):
        rig.bridge.handle(ControlChange("a", 1, 64, value, rig.clock.now()))
    assert rig.bridge.bank.slug == "two"
    rig.bridge.handle(PortChanged("a", "in", "lost", ""))
    rig.bridge.handle(PortChanged("a", "in", "open", ""))
    rig.bridge.handle(ControlChange("a", 1, 64, 110, rig.clock.now()))
    assert rig.bridge.bank.slug == "one"
