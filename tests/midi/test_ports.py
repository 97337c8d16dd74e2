import mido
import pytest

from midifrag.config.settings import Show
from midifrag.errors import PortError
from midifrag.midi.backends import choose_backend
from midifrag.midi.memory import MemoryBackend, memory_ports
from midifrag.midi.messages import ControlChange, NoteOff, NoteOn
from midifrag.midi.port_names import find_port
from midifrag.midi.ports import Ports

PATIENCE = 20.0
PADS = {"pads": {"in": "Launchpad", "out": "Launchpad"}}
PRESS = mido.Message("note_on", note=36, velocity=100)


class Rig:
    """Ports over a memory system, what came in and what was told."""

    def __init__(self, *plugged, ports=PADS, clock=lambda: 5.0):
        self.events = []
        self.changes = []
        self.backend = MemoryBackend(plugged)
        show = Show.model_validate({"ports": ports})
        self.ports = Ports(show, self.events.append, self.changes.append, self.backend, clock)

    def states(self):
        found = [(change.direction, change.state) for change in self.changes]
        self.changes.clear()
        return found

    def wait_sent(self, count):
        assert self.backend.wait_for(lambda sent: len(sent) >= count, PATIENCE)
        return self.backend.sent


@pytest.fixture
def rig():
    rigs = []

    def make(*args, **kwargs):
        rigs.append(Rig(*args, **kwargs))
        return rigs[-1]

    yield make
    for made in rigs:
        made.ports.close()


NAMES = ["Launchpad X DAW", "Launchpad X MIDI", "Keys", "Keys 2"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("Launchpad.*MIDI", "Launchpad X MIDI"), ("Keys", "Keys"), ("Keys 2", "Keys 2"), ("Push", None)],
)
def test_patterns(pattern, found):
    assert find_port(pattern, NAMES) == found


def test_several_matches_list_the_candidates():
    with pytest.raises(PortError, match=r"'Launchpad X DAW', 'Launchpad X MIDI'"):
        find_port("Launchpad", NAMES)
    with pytest.raises(PortError, match="several"):
        Rig("Launchpad 1", "Launchpad 2").ports.open()


def test_a_press_comes_in_and_feedback_goes_out(rig):
    desk = rig("Launchpad 20:0")
    desk.ports.open()
    desk.backend.play("Launchpad 20:0", PRESS)
    assert desk.events == [NoteOn("pads", 1, 36, 100, 5.0)]
    assert desk.ports.send("pads", [PRESS])
    assert desk.wait_sent(1) == [("Launchpad 20:0", PRESS)]
    assert desk.states() == [("in", "open"), ("out", "open")]
    assert desk.ports.device("pads") == "Launchpad 20:0"


def test_a_missing_port_is_waited_for_and_said_once(rig):
    desk = rig("Keys")
    desk.ports.open()
    assert "'Keys'" in desk.changes[0].text
    assert desk.states() == [("in", "waiting"), ("out", "waiting")]
    desk.ports.poll()
    assert desk.states() == []
    assert not desk.ports.send("pads", [PRESS])
    desk.backend.plug("Launchpad")
    desk.ports.poll()
    assert desk.states() == [("in", "open"), ("out", "open")]


def test_unplug_and_replug_under_another_number(rig):
    desk = rig("Launchpad 20:0")
    desk.ports.open()
    desk.backend.unplug("Launchpad 20:0")
    desk.states()
    desk.ports.poll()
    assert desk.states() == [("in", "lost"), ("in", "waiting"), ("out", "lost"), ("out", "waiting")]
    desk.backend.plug("Launchpad 24:0")
    desk.ports.poll()
    desk.backend.play("Launchpad 24:0", PRESS)
    desk.ports.send("pads", [PRESS])
    assert len(desk.events) == 1
    assert desk.wait_sent(1) == [("Launchpad 24:0", PRESS)]


def test_a_replug_that_only_one_direction_noticed_renews_both(rig):
    desk = rig("Launchpad")
    desk.ports.open()
    desk.states()
    names, desk.backend.names = desk.backend.names, lambda direction: [] if direction == "out" else ["Launchpad"]
    desk.ports.poll()
    desk.backend.names = names
    desk.backend.unplug("Launchpad")
    desk.backend.plug("Launchpad")
    desk.ports.poll()
    assert desk.states() == [("out", "lost"), ("out", "waiting"), ("out", "open"), ("in", "open")]
    desk.backend.play("Launchpad", PRESS)
    assert len(desk.events) == 1


def test_a_second_device_does_not_disturb_the_open_one(rig):
    desk = rig("Launchpad 1")
    desk.ports.open()
    desk.states()
    desk.backend.plug("Launchpad 2")
    desk.ports.poll()
    assert desk.states() == []
    desk.backend.unplug("Launchpad 1")
    desk.backend.plug("Launchpad 3")
    desk.ports.poll()
    assert all("several" in change.text for change in desk.changes if change.state == "waiting")
    assert desk.states()[1] == ("in", "waiting")


def test_watching_finds_a_port_by_itself(rig):
    desk = rig()
    desk.ports.open()
    desk.ports.watch(0.001)
    desk.backend.plug("Launchpad")
    while ("out", "open") not in desk.states():
        desk.ports._stop.wait(0.001)


def test_an_echo_of_our_feedback_is_no_press(rig):
    desk = rig("Launchpad")
    desk.ports.open()
    desk.ports.send("pads", [PRESS])
    desk.wait_sent(1)
    desk.backend.play("Launchpad", PRESS)
    desk.backend.play("Launchpad", PRESS)
    assert len(desk.events) == 1
    assert desk.ports.counts["pads"]["echoes"] == 1


def test_echoes_count_where_told(rig):
    desk = rig("Launchpad", ports={"pads": {**PADS["pads"], "ignore_echo": False}})
    desk.ports.open()
    desk.ports.send("pads", [PRESS])
    desk.wait_sent(1)
    desk.backend.play("Launchpad", PRESS)
    assert len(desk.events) == 1


def test_malformed_bytes_and_sysex_are_counted(rig):
    desk = rig("Launchpad")
    desk.ports.open()
    for data in ([], [0x90, 36], [0xF0, 1, 2, 3, 0xF7], [0x90, 36, 999], [0x80, 36, 0]):
        desk.backend.play("Launchpad", data)
    assert desk.events == [NoteOff("pads", 1, 36, 5.0)]
    assert desk.ports.counts == {"pads": {"malformed": 3, "ignored": 1, "echoes": 0, "left_out": 0}}


def test_a_broken_listener_does_not_break_the_port(rig, caplog):
    desk = rig("Launchpad")
    desk.ports._on_event = lambda _event: 1 / 0
    desk.ports.open()
    desk.backend.play("Launchpad", PRESS)
    assert "ZeroDivisionError" in caplog.text


def test_pairs_and_channel_reach_the_decoder(rig):
    desk = rig("Launchpad", ports={"pads": {**PADS["pads"], "channel": 2}})
    desk.ports.pair([("pads", None, 21)])
    desk.ports.open()
    for channel in (0, 1):
        for control in (21, 53):
            desk.backend.play("Launchpad", mido.Message("control_change", channel=channel, control=control, value=3))
    assert desk.events == [ControlChange("pads", 2, 21, 3, 5.0), ControlChange("pads", 2, 21, 3, 5.0, fine=3)]


def test_our_own_virtual_ports_are_no_devices(rig):
    desk = rig("midifrag-01:live 129:0", ports={"live": {"in": {"virtual": "live"}}, "all": {"in": "."}})
    desk.ports.open()
    assert [(change.port, change.state) for change in desk.changes] == [("live", "open"), ("all", "waiting")]


def test_closing_sends_what_waits_and_closes_everything(rig):
    desk = rig("Launchpad")
    desk.ports.open()
    messages = [PRESS.copy(note=note) for note in range(100)]
    desk.ports.send("pads", messages)
    desk.ports.close()
    assert [message for _, message in desk.backend.sent] == messages
    desk.backend.play("Launchpad", PRESS)
    assert desk.events == []
    desk.ports.close()


def test_a_send_that_fails_loses_the_port_and_finds_it_again(rig):
    desk = rig("Launchpad")
    desk.ports.open()
    desk.states()
    record, desk.backend.record = desk.backend.record, lambda _name, _message: 1 / 0
    desk.ports.send("pads", [PRESS])
    while ("out", "lost") not in desk.states():
        desk.ports._stop.wait(0.001)
    desk.backend.record = record
    desk.ports.poll()
    assert desk.states() == [("out", "open")]


def test_a_show_can_be_played_without_devices():
    events = []
    show = Show.model_validate({"ports": {**PADS, "keys": {"in": "K"}}})
    ports, backend = memory_ports(show, events.append)
    ports.open()
    backend.play("keys", PRESS)
    ports.send("keys", [PRESS])
    ports.close()
    assert events[0].port == "keys"
    assert backend.sent == [("keys", PRESS)]


@pytest.mark.parametrize("name", ["no.such.module", "mido.backends.rtmidi/NO_SUCH"])
def test_unknown_backends_are_explained(name):
    with pytest.raises(PortError, match=r"NO_SUCH|no\.such"):
        choose_backend(name)
