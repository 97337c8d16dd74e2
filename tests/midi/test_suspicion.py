"""Ports that look open and may be dead."""

from __future__ import annotations

import pytest

from midifrag.midi.suspicion import SILENT_SECONDS
from tests.midi.plug_rig import Rig

KNOBS = {"pads": {"in": "Pad 1"}, "knobs": {"in": "Pad 2"}, "keys": {"in": "Keys"}}


def test_an_input_that_is_silent_while_its_device_is_heard_is_taken_anew_and_then_more_patiently():
    rig = Rig("Pad 1", "Pad 2", "Keys", ports=KNOBS)
    rig.look()
    renewed = []
    for _ in range(12):
        rig.now += SILENT_SECONDS / 2
        rig.system.play("Pad 2", [0x90, 36, 100])
        renewed.append(rig.look())
    assert [number for number, told in enumerate(renewed) if told] == [1, 5]
    assert renewed[1] == renewed[5] == [("pads", "in", "open")]


@pytest.mark.parametrize(("tells", "renewed"), [(False, [("pads", "in", "open")]), (True, [])])
def test_when_one_port_of_a_device_goes_its_others_are_taken_anew_where_the_system_does_not_tell(tells, renewed):
    rig = Rig("Pad 1", "Pad 2", "Keys", ports=KNOBS, tells=tells)
    rig.look()
    rig.system.unplug("Pad 2")
    assert rig.look() == [("knobs", "in", "lost"), ("knobs", "in", "waiting"), *renewed]
    assert rig.look() == []


def test_silence_of_a_whole_device_is_no_sign():
    rig = Rig("Pad 1", "Pad 2", "Keys", ports=KNOBS)
    rig.look()
    for _ in range(6):
        rig.now += SILENT_SECONDS / 2
        rig.system.play("Keys", [0x90, 36, 100])
        assert rig.look() == []


def test_where_the_system_tells_silence_is_no_sign():
    rig = Rig("Pad 1", "Pad 2", "Keys", ports=KNOBS, tells=True)
    rig.look()
    for _ in range(6):
        rig.now += SILENT_SECONDS / 2
        rig.system.play("Pad 2", [0x90, 36, 100])
        assert rig.look() == []


def test_an_input_that_is_taken_anew_is_heard_once_and_the_old_one_closed():
    rig = Rig("Pads")
    rig.look()
    old = rig.ends[0].open
    rig.plugs.send_failed("pads", OSError("pulled"))
    rig.look()
    assert rig.ends[0].open is not old
    assert old._closed
    old.receive([0x90, 36, 1])
    rig.system.play("Pads", [0x90, 36, 2])
    assert rig.heard == [("pads", [0x90, 36, 2])]


def test_an_input_that_cannot_be_taken_anew_stays_as_it_is():
    rig = Rig("Pads")
    rig.look()
    old = rig.ends[0].open
    rig.plugs.send_failed("pads", OSError("pulled"))
    rig.system.refuses.add("in")
    rig.now = 7.0
    assert rig.look() == [("pads", "out", "open")]
    assert (rig.ends[0].open, rig.ends[0].heard, rig.ends[0].suspect) == (old, 7.0, False)
    rig.system.play("Pads", [0x90, 36, 100])
    assert len(rig.heard) == 1
