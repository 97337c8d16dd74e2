"""A pad between two prompts, as it is played: what hands say at the press, and what spares are for."""

from midifrag.events import ControlChanged
from midifrag.intents import SetParameter
from tests.support.bridges import Rig
from tests.support.shows import bank, loaded

PADS = {
    36: {"prompt": "rain", "morph": {"to": "glass", "by": "cc 25"}},
    37: {"prompt": "rain", "morph": {"to": "wood", "by": "velocity"}},
    38: {"prompt": "rain", "morph": {"to": "steel", "by": "cc 26"}},
}


def rig(spares=False):
    return Rig(loaded(bank(pads=PADS), engine={"spares": {"enabled": spares}}))


def test_a_press_goes_by_where_the_knob_stands_then():
    one = rig()
    one.press(36)
    one.turn(25, 127)
    one.press(36)
    one.turn(25, 32)
    one.press(36)
    one.press(38)
    assert [render.morph for render in one.engines.renders()] == [None, "1 to glass", "0.25197 to glass", None]
    assert one.told(ControlChanged)[0] == ControlChanged("morph cc 25", 1.0)


def test_a_page_or_another_program_sets_what_the_knob_does():
    one = rig()
    one.bridge.handle(SetParameter("morph cc 25", 0.4))
    one.press(36)
    one.bridge.handle(SetParameter("morph cc 25", None))
    one.press(36)
    assert [render.morph for render in one.engines.renders()] == ["0.4 to glass", None]


def test_a_press_goes_by_its_own_velocity():
    one = rig()
    for velocity in (1, 127):
        one.press(37, velocity=velocity)
    assert [render.morph for render in one.engines.renders()] == ["0.00787 to wood", "1 to wood"]


def test_a_spare_that_was_made_for_another_share_is_not_what_lands():
    one = rig(spares=True)
    one.turn(25, 127)
    one.ready()
    spare = next(render for render in one.engines.renders() if render.spare)
    assert spare.morph == "1 to glass"
    one.rendered(spare)
    one.turn(25, 64)
    one.press(36)
    last = [render for render in one.engines.renders() if not render.spare][-1]
    assert last.morph == "0.50394 to glass"
    assert one.lands() == []
