from functools import partialmethod

import mido
import pytest

from midifrag.errors import PortError
from midifrag.midi.messages import ControlChange, NoteOff, NoteOn
from midifrag.midi.output import OutputThread
from tests.support import PATIENCE
from tests.support.ports import PADS, PortsRig

PRESS = mido.Message("note_on", note=36, velocity=100)


@pytest.fixture
def rig():
    rigs = []

    def make(*args, **kwargs):
        rigs.append(PortsRig(*args, **kwargs))
        return rigs[-1]

    yield make
    for made in rigs:
        made.ports.close()


def test_several_devices_that_match_are_an_error_at_the_start():
    with pytest.raises(PortError, match=r"ports\.pads\.in: .*several"):
        PortsRig("Launchpad 1", "Launchpad 2").ports.open()


def test_a_press_comes_in_and_feedback_goes_out(rig):
    stage = rig("Launchpad 20:0")
    stage.ports.open()
    stage.backend.play("Launchpad 20:0", PRESS)
    assert stage.events == [NoteOn("pads", 1, 36, 100, 5.0)]
    assert stage.ports.send("pads", [PRESS])
    assert stage.wait_sent(1) == [("Launchpad 20:0", PRESS)]
    assert stage.changes[-1].text == "pads: output Launchpad 20:0 is open"
    assert stage.ports.device("pads") == "Launchpad 20:0"
    assert stage.states() == [("in", "open"), ("out", "open")]


def test_a_missing_port_is_waited_for_and_said_once(rig):
    stage = rig("Keys")
    stage.ports.open()
    assert "'Keys'" in stage.changes[0].text
    assert stage.states() == [("in", "waiting"), ("out", "waiting")]
    assert (stage.ports.device("pads"), stage.ports.device("nobody")) == ("Launchpad", "")
    stage.ports.poll()
    assert stage.states() == []
    assert not stage.ports.send("pads", [PRESS])
    stage.backend.plug("Launchpad")
    stage.ports.poll()
    assert stage.states() == [("in", "open"), ("out", "open")]


def test_unplug_and_replug_under_another_number(rig):
    stage = rig("Launchpad 20:0")
    stage.ports.open()
    stage.backend.unplug("Launchpad 20:0")
    stage.states()
    stage.ports.poll()
    assert stage.states() == [("in", "lost"), ("in", "waiting"), ("out", "lost"), ("out", "waiting")]
    stage.backend.plug("Launchpad 24:0")
    stage.ports.poll()
    stage.backend.play("Launchpad 24:0", PRESS)
    stage.ports.send("pads", [PRESS])
    assert len(stage.events) == 1
    assert stage.wait_sent(1) == [("Launchpad 24:0", PRESS)]


def test_a_replug_that_only_one_direction_noticed_renews_both(rig):
    stage = rig("Launchpad")
    stage.ports.open()
    stage.states()
    names, stage.backend.names = stage.backend.names, lambda direction: [] if direction == "out" else ["Launchpad"]
    stage.ports.poll()
    stage.backend.names = names
    stage.backend.unplug("Launchpad")
    stage.backend.plug("Launchpad")
    stage.ports.poll()
    assert stage.states() == [("out", "lost"), ("out", "waiting"), ("out", "open"), ("in", "open")]
    stage.backend.play("Launchpad", PRESS)
    assert len(stage.events) == 1


def test_a_second_device_does_not_disturb_the_open_one(rig):
    stage = rig("Launchpad 1")
    stage.ports.open()
    stage.states()
    stage.backend.plug("Launchpad 2")
    stage.ports.poll()
    assert stage.states() == []
    stage.backend.unplug("Launchpad 1")
    stage.backend.plug("Launchpad 3")
    stage.ports.poll()
    assert all("several" in change.text for change in stage.changes if change.state == "waiting")
    assert stage.states()[1] == ("in", "waiting")


def test_watching_finds_a_port_by_itself(rig):
    stage = rig()
    stage.ports.open()
    stage.ports.watch(0.001)
    stage.backend.plug("Launchpad")
    while ("out", "open") not in stage.states():
        stage.ports._stop.wait(0.001)


def test_an_echo_of_our_feedback_is_no_press(rig):
    stage = rig("Launchpad")
    stage.ports.open()
    stage.ports.send("pads", [PRESS])
    stage.wait_sent(1)
    stage.backend.play("Launchpad", PRESS)
    stage.backend.play("Launchpad", PRESS)
    assert len(stage.events) == 1
    assert stage.ports.counts["pads"]["echoes"] == 1


def test_echoes_count_where_told(rig):
    stage = rig("Launchpad", ports={"pads": {**PADS["pads"], "ignore_echo": False}})
    stage.ports.open()
    stage.ports.send("pads", [PRESS])
    stage.wait_sent(1)
    stage.backend.play("Launchpad", PRESS)
    assert len(stage.events) == 1


def test_malformed_bytes_and_sysex_are_counted(rig):
    stage = rig("Launchpad")
    stage.ports.open()
    for data in ([], [0x90, 36], [0xF0, 1, 2, 3, 0xF7], [0x90, 36, 999], [0x80, 36, 0]):
        stage.backend.play("Launchpad", data)
    assert stage.events == [NoteOff("pads", 1, 36, 5.0)]
    assert stage.ports.counts == {"pads": {"malformed": 3, "ignored": 1, "echoes": 0, "left_out": 0}}


def test_a_broken_listener_does_not_break_the_port(rig, caplog):
    stage = rig("Launchpad")
    stage.ports._on_event = lambda _event: 1 / 0
    stage.ports.open()
    stage.backend.play("Launchpad", PRESS)
    assert "ZeroDivisionError" in caplog.text


def test_pairs_and_channel_reach_the_decoder(rig):
    stage = rig("Launchpad", ports={"pads": {**PADS["pads"], "channel": 2}})
    stage.ports.pair([("pads", None, 21)])
    stage.ports.open()
    for channel in (0, 1):
        for control in (21, 53):
            stage.backend.play("Launchpad", mido.Message("control_change", channel=channel, control=control, value=3))
    assert stage.events == [ControlChange("pads", 2, 21, 3, 5.0), ControlChange("pads", 2, 21, 3, 5.0, fine=3)]


def test_our_own_virtual_ports_are_no_devices(rig):
    stage = rig("midifrag-01:live 129:0", ports={"live": {"in": {"virtual": "live"}}, "all": {"in": "."}})
    stage.ports.open()
    assert [(change.port, change.state) for change in stage.changes] == [("live", "open"), ("all", "waiting")]


def test_closing_sends_what_waits_and_closes_everything(rig, monkeypatch):
    monkeypatch.setattr(OutputThread, "close", partialmethod(OutputThread.close, PATIENCE))
    stage = rig("Launchpad")
    stage.ports.open()
    messages = [PRESS.copy(note=note) for note in range(100)]
    stage.ports.send("pads", messages)
    stage.ports.close()
    assert [message for _, message in stage.backend.sent] == messages
    stage.backend.play("Launchpad", PRESS)
    assert stage.events == []
    stage.ports.close()


def test_a_send_that_fails_loses_the_port_and_finds_it_again(rig):
    stage = rig("Launchpad")
    stage.ports.open()
    stage.states()
    record, stage.backend.record = stage.backend.record, lambda _name, _message: 1 / 0
    stage.ports.send("pads", [PRESS])
    while ("out", "lost") not in stage.states():
        stage.ports._stop.wait(0.001)
    stage.backend.record = record
    stage.ports.poll()
    assert stage.states() == [("out", "open"), ("in", "open")]
