"""Real ports: a private JACK server and an independent client in its own process."""

import subprocess
import sys

import mido
import pytest

from midifrag.bridge.inbox import Inbox
from midifrag.config.settings import Show
from midifrag.midi.messages import ControlChange, NoteOn, PortChanged
from midifrag.midi.port_names import list_ports
from midifrag.midi.ports import Ports
from tests.jack import PATIENCE

PRESS = mido.Message("note_on", note=36, velocity=100)
FEEDBACK = mido.Message("note_on", note=36, velocity=13)


class Desk:
    """Open ports; everything that happens lands in one inbox."""

    def __init__(self, backend, ports):
        self.inbox = Inbox()
        self.ports = Ports(Show.model_validate({"backend": backend, "ports": ports}), self.inbox.put, self.inbox.put)
        self.ports.open()

    def until(self, wanted):
        """All that happened up to the first thing that ``wanted`` accepts."""
        happened = []
        while not happened or not wanted(happened[-1]):
            happened.append(self.inbox.get(PATIENCE))
        return happened

    def until_state(self, direction, state):
        return self.until(
            lambda item: isinstance(item, PortChanged) and (item.direction, item.state) == (direction, state)
        )


@pytest.fixture
def desk(jack_server):
    desks = []

    def make(**ports):
        desks.append(Desk(jack_server, ports))
        return desks[-1]

    yield make
    for made in desks:
        made.ports.close()


PADS = {"in": "pads out", "out": "pads in"}


def is_press(item):
    return isinstance(item, NoteOn)


def test_ports_are_listed(jack_server, peer):
    peer("pads")
    for backend in (jack_server, None):
        listed = list_ports(backend)
        assert any("pads out" in name for name in listed.inputs)
        assert any("pads in" in name for name in listed.outputs)


def test_press_in_feedback_out_and_leds_off_at_the_end(desk, peer):
    pads = peer("pads")
    live = desk(pads=PADS)
    pads.send(PRESS)
    press = live.until(is_press)[-1]
    assert (press.port, press.channel, press.note, press.velocity) == ("pads", 1, 36, 100)
    live.ports.send("pads", [FEEDBACK])
    assert pads.wait_for(lambda received: FEEDBACK in received)
    off = [FEEDBACK.copy(note=note, velocity=0) for note in range(64)]
    live.ports.send("pads", off)
    live.ports.close()
    assert pads.wait_for(lambda received: received[-64:] == off)


def test_virtual_ports_can_be_found_and_played_by_others(jack_server, desk):
    live = desk(live={"in": {"virtual": "fragments"}, "out": {"virtual": "fragments"}})
    other = desk(daw={"in": "fragments", "out": "fragments"})
    assert other.ports.device("daw").endswith("fragments")
    other.ports.send("daw", [PRESS])
    assert live.until(is_press)[-1].port == "live"


def test_unplug_and_replug(desk, peer):
    pads = peer("pads")
    live = desk(pads=PADS)
    pads.kill()
    while ("out", "lost") not in [(item.direction, item.state) for item in _poll(live)]:
        live.ports._stop.wait(0.05)
    assert not live.ports.send("pads", [FEEDBACK])
    pads = peer("pads")
    live.ports.poll()
    live.until_state("out", "open")
    live.ports.send("pads", [FEEDBACK])
    assert pads.wait_for(lambda received: FEEDBACK in received)
    live.ports.poll()
    pads.send(PRESS)
    live.until(is_press)


def _poll(live):
    live.ports.poll()
    return [live.inbox.get(0) for _ in range(len(live.inbox))]


def test_malformed_bytes_and_sysex_do_not_disturb_presses(desk, peer):
    pads = peer("pads")
    live = desk(pads=PADS)
    pads.send([0xF0, *range(100), 0xF7], [0x90, 36], [36, 100], [0xFE], [0xF4], [0x90, 200, 200], PRESS)
    assert live.until(is_press)[-1].note == 36


def test_a_flood_loses_nothing_that_jack_delivers(desk, peer):
    pads = peer("pads")
    live = desk(pads=PADS)
    delivered = []
    receive = live.ports._receive
    live.ports._receive = lambda end, data: (delivered.append(tuple(data)), receive(end, data))
    flood = []
    for number in range(5000):
        flood.append(mido.Message("control_change", control=21, value=number % 128))
        flood.append(
            mido.Message("note_on", channel=number // 1270, note=number % 127, velocity=1 + number // 127 % 127)
        )
    # JACK itself leaves a cycle out when a client runs late; what it delivers must arrive here whole and in order.
    pads.send(*flood, *[PRESS.copy(channel=15)] * 20)
    got = [
        item
        for item in live.until(lambda item: is_press(item) and item.channel == 16)
        if not isinstance(item, PortChanged)
    ]
    presses = [(0x90 + item.channel - 1, item.note, item.velocity) for item in got if is_press(item)]
    notes = [data for data in delivered if data[0] & 0xF0 == 0x90]
    assert presses == notes[: len(presses)]
    assert len(presses) > 4000
    assert sum(isinstance(item, ControlChange) for item in got) <= len(presses)


def test_the_server_s_death_is_survived_and_said(jack_server):
    ended = subprocess.run(
        [sys.executable, "-m", "tests.midi.dying_jack"], capture_output=True, text=True, timeout=90, check=False
    )
    for port in ("pads: waiting for its input", "pads: waiting for its output", "live: waiting for its output"):
        assert f"{port}: The JACK server died; start it, then midifrag, again." in ended.stdout
    assert ended.stdout.endswith("survived\n")
