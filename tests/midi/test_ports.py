import threading
from functools import partialmethod

import mido
import pytest

from midifrag.errors import MidiGoneError, NoMidiError, PortError
from midifrag.midi import ports as ports_module
from midifrag.midi.memory import MemoryBackend
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
    assert stage.events == [NoteOff("pads", 1, 36, 5.0, velocity=0)]
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


@pytest.mark.parametrize(
    "again", [lambda pads: (pads.unplug("Launchpad"), pads.plug("Launchpad")), lambda pads: pads.cut("Launchpad")]
)
def test_a_device_that_was_pulled_and_put_back_between_two_looks_or_cut_off_is_taken_anew(rig, again):
    stage = rig("Launchpad", tells=True)
    stage.ports.open()
    stage.states()
    again(stage.backend)
    stage.ports.poll()
    assert stage.states() == [("in", "lost"), ("in", "open"), ("out", "lost"), ("out", "open")]
    stage.backend.play("Launchpad", PRESS)
    assert len(stage.events) == 1
    stage.ports.send("pads", [PRESS])
    assert stage.wait_sent(1) == [("Launchpad", PRESS)]
    stage.ports.poll()
    assert stage.states() == []


def test_a_virtual_port_that_is_gone_is_made_again(rig):
    stage = rig(ports={"live": {"in": {"virtual": "live"}}}, tells=True)
    stage.ports.open()
    stage.backend.cut("live")
    stage.ports.poll()
    assert stage.states() == [("in", "open"), ("in", "lost"), ("in", "open")]
    stage.backend.play("live", PRESS)
    assert len(stage.events) == 1


def test_where_the_system_does_not_tell_another_port_of_the_device_does(rig):
    ports = {"pads": {"in": "Pad 1", "out": "Pad 1"}, "knobs": {"in": "Pad 2"}, "keys": {"in": "Keys"}}
    stage = rig("Pad 1", "Pad 2", "Keys", ports=ports)
    stage.ports.open()
    stage.changes.clear()
    names, stage.backend.names = stage.backend.names, lambda direction: [n for n in names(direction) if n != "Pad 2"]
    for name in ("Pad 1", "Pad 2"):
        stage.backend.unplug(name)
        stage.backend.plug(name)
    stage.ports.poll()
    stage.backend.names = names
    stage.ports.poll()
    assert [(change.port, change.direction) for change in stage.changes if change.state == "open"] == [
        ("pads", "in"),
        ("pads", "out"),
        ("knobs", "in"),
    ]
    stage.backend.play("Pad 1", PRESS)
    assert len(stage.events) == 1


def test_an_input_that_is_silent_while_another_of_its_device_is_heard_is_taken_anew(rig):
    now = [0.0]
    stage = rig("Pad 1", "Pad 2", ports={"pads": {"in": "Pad 1"}, "knobs": {"in": "Pad 2"}}, clock=lambda: now[0])
    stage.ports.open()
    dead = stage.ports._endpoints[0].open
    dead.alive = False
    for now[0] in (20.0, 40.0):
        stage.backend.play("Pad 2", PRESS)
        stage.ports.poll()
    stage.backend.play("Pad 1", PRESS)
    assert [event.port for event in stage.events] == ["knobs", "knobs", "pads"]
    # In vain, it is not tried again so soon.
    taken = stage.ports._endpoints[0].open
    for now[0] in (60.0, 80.0, 99.0):
        stage.backend.play("Pad 2", PRESS)
        stage.ports.poll()
    assert stage.ports._endpoints[0].open is taken


def test_a_system_that_loses_messages_is_told_once_and_lights_are_said_again(rig):
    stage = rig("Launchpad", loses=True)
    stage.ports.open()
    assert sum("real-time scheduling" in change.text for change in stage.changes) == 1
    stage.ports.poll()
    assert sum("real-time scheduling" in change.text for change in stage.changes) == 1
    note = PRESS.copy(velocity=45)
    stage.ports.send("pads", [PRESS], led=False)
    stage.ports.send("pads", [note])
    assert stage.wait_sent(3) == [("Launchpad", PRESS), ("Launchpad", note), ("Launchpad", note)]


LAUNCHPAD = {"pads": {"surface": "launchpad"}}
INQUIRY = mido.Message("sysex", data=(0x7E, 0x7F, 0x06, 0x01))


def reply(*identity):
    return [0xF0, 0x7E, 0x00, 0x06, 0x02, *identity, 0, 0, 0, 0, 0, 0, 0xF7]


X_REPLY = reply(0x00, 0x20, 0x29, 0x03, 0x01)


def test_a_controller_is_found_by_its_family_alone(rig):
    stage = rig("LPMiniMK3 MIDI 0", "MIDIIN2 (LPMiniMK3 MIDI) 1", ports=LAUNCHPAD)
    stage.ports.open()
    assert stage.states() == [("in", "open"), ("out", "open")]
    assert stage.ports.device("pads") == "MIDIIN2 (LPMiniMK3 MIDI) 1"


def test_two_of_a_family_are_told_apart_by_the_performer():
    with pytest.raises(
        PortError, match=r"finds several: 'Launchpad Mini MK3 MIDI 2', 'Launchpad X MIDI 2'.*in: and out:"
    ):
        PortsRig("Launchpad Mini MK3 MIDI 2", "Launchpad X MIDI 2", ports=LAUNCHPAD).ports.open()


def test_a_family_that_is_not_there_is_waited_for_by_its_models(rig):
    stage = rig("Keys", ports=LAUNCHPAD)
    stage.ports.open()
    assert "Launchpad Mini MK3 or Launchpad X or Launchpad Pro MK3 is not there" in stage.changes[0].text
    assert stage.ports.device("pads") == ""


def answering(stage, name, data):
    """The device called ``name`` answers the inquiry with ``data``."""
    record = stage.backend.record

    def answer(to, message):
        record(to, message)
        if to == name and message == INQUIRY:
            stage.backend.play(name, data)

    stage.backend.record = answer


def test_a_controller_under_any_other_name_is_found_by_what_it_answers_also_after_a_replug(rig):
    stage = rig("Keys", "USB MIDI", ports=LAUNCHPAD, tells=True)
    answering(stage, "USB MIDI", X_REPLY)
    stage.ports.open()
    assert stage.ports._endpoints[0].name == "USB MIDI"
    stage.backend.play("USB MIDI", PRESS)
    assert len(stage.events) == 1
    stage.backend.unplug("USB MIDI")
    stage.backend.plug("USB MIDI")
    stage.ports.poll()
    stage.backend.play("USB MIDI", PRESS)
    assert len(stage.events) == 2


def test_what_answers_nothing_is_asked_once(rig):
    stage = rig("Keys", "USB MIDI", ports=LAUNCHPAD)
    stage.ports.open()
    stage.ports.poll()
    assert sorted(stage.backend.sent) == [("Keys", INQUIRY), ("USB MIDI", INQUIRY)]


def test_a_device_whose_name_tells_no_model_is_what_it_says_it_is(rig):
    stage = rig("USB MIDI", ports={"pads": {"in": "USB", "out": "USB", "surface": "launchpad"}})
    stage.ports.open()
    assert stage.wait_sent(1) == [("USB MIDI", INQUIRY)]
    stage.changes.clear()
    for _ in range(2):
        stage.backend.play("USB MIDI", X_REPLY)
    assert [change.text for change in stage.changes] == ["pads: USB MIDI is a Launchpad X"]
    assert stage.states() == [("out", "open")]
    assert stage.ports.device("pads") == "Launchpad X"
    assert stage.ports.counts["pads"]["ignored"] == 0


def test_no_midi_at_the_start_may_be_some_later(monkeypatch):
    waiting = MemoryBackend()

    def none(*_args):
        raise NoMidiError("no MIDI")

    monkeypatch.setattr(ports_module, "choose_backend", none)
    monkeypatch.setattr(ports_module, "awaited_backend", lambda *_args: waiting)
    stage = PortsRig()
    stage.ports._backend = None
    with pytest.raises(NoMidiError):
        stage.ports.open()
    waiting.plug("Launchpad")
    stage.ports.poll()
    assert stage.states() == [("in", "open"), ("out", "open")]
    stage.ports.close()


def test_a_system_that_is_gone_at_the_first_look_is_waited_for(rig, monkeypatch):
    stage = rig("Launchpad")
    names = stage.backend.names

    def gone(_direction):
        raise MidiGoneError("JACK has mixed up its programs")

    monkeypatch.setattr(stage.backend, "names", gone)
    stage.ports.open()
    assert "JACK has mixed up" in stage.changes[0].text
    assert stage.states() == [("in", "waiting"), ("out", "waiting")]
    monkeypatch.setattr(stage.backend, "names", names)
    stage.ports.poll()
    assert stage.states() == [("in", "open"), ("out", "open")]


@pytest.mark.parametrize("stuck", ["input", "backend"])
def test_a_driver_that_hangs_does_not_keep_the_end_waiting(rig, monkeypatch, stuck):
    monkeypatch.setattr(ports_module, "CLOSE_SECONDS", 0.05)
    stage = rig("Launchpad")
    stage.ports.open()
    goes_on = threading.Event()
    if stuck == "input":
        stage.ports._endpoints[0].open.close = goes_on.wait
    else:
        stage.backend.close = goes_on.wait
    stage.ports.close()
    goes_on.set()


def test_a_loop_is_told_of_its_port_and_counted(rig):
    now = [0.0]
    stage = rig("Launchpad", clock=lambda: now[0])
    stage.ports.open()
    stage.changes.clear()
    for number in (36, 37, 38):
        stage.ports.send("pads", [PRESS.copy(note=number)])
    stage.wait_sent(3)
    now[0] = 0.08
    for number in (36, 37, 38):
        stage.backend.play("Launchpad", PRESS.copy(note=number))
    assert [event.note for event in stage.events] == [36]
    assert [(change.port, change.direction, change.state) for change in stage.changes] == [("pads", "in", "open")]
    assert "80 ms later" in stage.changes[0].text
    assert "ignore_echo: false" in stage.changes[0].text
    assert stage.ports.counts["pads"]["echoes"] == 2


THRU = {
    "keys": {"in": "Keys", "thru": "synth"},
    "synth": {"in": "Synth", "out": "Synth"},
}


def test_what_comes_in_goes_on_to_another_port_when_asked(rig):
    stage = rig("Keys", "Synth", ports=THRU)
    stage.ports.open()
    stage.backend.play("Keys", PRESS)
    stage.backend.play("Synth", mido.Message("note_on", note=40))
    assert stage.wait_sent(1) == [("Synth", PRESS)]
    # It plays here all the same.
    assert [event.port for event in stage.events] == ["keys", "synth"]


def test_a_port_that_goes_lets_go_what_it_holds_on_others(rig):
    stage = rig("Keys", "Synth", ports=THRU)
    stage.ports.open()
    stage.backend.play("Keys", PRESS)
    stage.wait_sent(1)
    stage.backend.unplug("Keys")
    stage.ports.poll()
    assert stage.wait_sent(2)[1] == ("Synth", mido.Message("note_off", note=36))


def test_what_goes_on_and_comes_back_presses_nothing_and_does_not_go_round(rig):
    now = [5.0]
    stage = rig("Keys", "Synth", ports=THRU, clock=lambda: now[0])
    stage.ports.open()
    stage.backend.play("Keys", PRESS)
    stage.wait_sent(1)
    # A synthesiser with thru of its own.
    stage.backend.play("Synth", PRESS)
    assert [event.port for event in stage.events] == ["keys"]
    assert len(stage.backend.sent) == 1


def test_a_controller_that_no_port_means_is_a_stranger_unless_the_set_has_its_own():
    virtual = {"daw": {"in": {"virtual": "midifrag"}}}
    rig = PortsRig("Launchpad", "Midi Through:Midi Through Port-0 14:0", ports=virtual)
    rig.ports.open()
    assert rig.ports.strangers() == ["Launchpad"]
    rig.ports.close()
    rig = PortsRig("Launchpad", "Other")
    rig.ports.open()
    assert rig.ports.strangers() == []
    rig.ports.close()
    waiting = PortsRig("Other")
    waiting.ports.open()
    assert waiting.ports.strangers() == ["Other"]
    waiting.ports.close()


def test_a_port_of_our_own_is_no_stranger(rig):
    # JACK and ALSA show to a program what it made itself.
    daw = {"daw": {"in": {"virtual": "midifrag"}, "out": {"virtual": "midifrag"}}}
    stage = rig("midifrag-daw-out:midifrag", "midifrag-daw-out:midifrag 128:0", "other:midifrag", ports=daw)
    stage.ports.open()
    assert stage.ports.strangers() == ["other:midifrag"]


def test_a_system_that_is_gone_has_no_strangers(monkeypatch):
    rig = PortsRig("Other")
    rig.ports.open()

    def gone(_direction):
        raise PortError("gone")

    monkeypatch.setattr(rig.backend, "names", gone)
    assert rig.ports.strangers() == []
    rig.ports.close()
