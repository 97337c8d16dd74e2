"""Real ports: a private JACK server and an independent client in its own process.

What has to arrive is sent until it does; that nothing is lost on our own side of the driver is looked at there.
"""

import subprocess
import sys
from contextlib import suppress

import mido
import pytest

from midifrag.bridge.inbox import Inbox
from midifrag.config.settings import Settings
from midifrag.midi.jack import JackPort
from midifrag.midi.jack_host import MIXED_UP
from midifrag.midi.messages import NoteOn, PortChanged
from midifrag.midi.port_names import list_ports
from midifrag.midi.ports import Ports
from tests.jack import EACH, again_and_again
from tests.support import PATIENCE

PRESS = mido.Message("note_on", note=36, velocity=100)
FEEDBACK = mido.Message("note_on", note=36, velocity=13)


class Opened:
    """Open ports; everything that happens lands in one inbox."""

    def __init__(self, backend, ports):
        self.inbox = Inbox()
        self.ports = Ports(
            Settings.model_validate({"backend": backend, "ports": ports}), self.inbox.put, self.inbox.put
        )
        self.ports.open()

    def until(self, wanted, timeout=PATIENCE):
        """All that happened up to the first thing that ``wanted`` accepts."""
        happened = []
        while not happened or not wanted(happened[-1]):
            happened.append(self.inbox.get(timeout))
        return happened

    def until_state(self, direction, state):
        return self.until(
            lambda item: isinstance(item, PortChanged) and (item.direction, item.state) == (direction, state)
        )

    def hears(self, send, wanted):
        """The first thing that ``wanted`` accepts; ``send`` is called until it comes."""
        heard = []

        def attempt():
            # As a show's watch does: where MIDI's process was replaced meanwhile, ports are opened anew.
            self.ports.poll()
            send()
            with suppress(TimeoutError):
                heard.append(self.until(wanted, EACH)[-1])
            return bool(heard)

        assert again_and_again(attempt)
        return heard[0]

    def poll(self):
        self.ports.poll()
        return [self.inbox.get(0) for _ in range(len(self.inbox))]


@pytest.fixture
def opened(jack_server):
    made = []

    def make(**ports):
        made.append(Opened(jack_server, ports))
        return made[-1]

    yield make
    for one in made:
        one.ports.close()


PADS = {"in": "pads out", "out": "pads in"}


def is_press(item):
    return isinstance(item, NoteOn)


def arrives(send, peer, condition):
    """Whether ``condition`` comes true for what ``peer`` received, ``send`` being called until it does."""
    return again_and_again(lambda: send() is not False and peer.wait_for(condition, EACH))


def test_ports_are_listed(jack_server, peer):
    peer("pads")
    for backend in (jack_server, None):
        listed = list_ports(backend)
        assert any("pads out" in name for name in listed.inputs)
        assert any("pads in" in name for name in listed.outputs)


def test_press_in_feedback_out(opened, peer):
    pads = peer("pads")
    live = opened(pads=PADS)
    press = live.hears(lambda: pads.send(PRESS), is_press)
    assert (press.port, press.channel, press.note, press.velocity) == ("pads", 1, 36, 100)
    assert arrives(lambda: live.ports.send("pads", [FEEDBACK]), pads, lambda received: FEEDBACK in received)


def test_leds_go_off_at_the_end(opened, peer, monkeypatch):
    pads = peer("pads")
    off = [FEEDBACK.copy(note=note, velocity=0) for note in range(64)]
    given, send = [], JackPort.send
    monkeypatch.setattr(JackPort, "send", lambda self, message: given.append(message) or send(self, message))

    def close_after_leds_off():
        live = opened(pads=PADS)
        assert live.ports.send("pads", off)
        live.ports.close()
        assert given[-64:] == off

    assert arrives(close_after_leds_off, pads, lambda received: received[-64:] == off)


def test_virtual_ports_can_be_found_and_played_by_others(jack_server, opened):
    live = opened(live={"in": {"virtual": "fragments"}, "out": {"virtual": "fragments"}})
    other = opened(daw={"in": "fragments", "out": "fragments"})
    assert other.ports.device("daw").endswith("fragments")
    assert live.hears(lambda: other.ports.send("daw", [PRESS]), is_press).port == "live"


def test_unplug_and_replug(opened, peer):
    pads = peer("pads")
    live = opened(pads=PADS)
    pads.kill()
    while ("out", "lost") not in [(item.direction, item.state) for item in live.poll()]:
        live.ports._stop.wait(0.05)
    assert not live.ports.send("pads", [FEEDBACK])
    pads = peer("pads")
    live.ports.poll()
    live.until_state("out", "open")
    assert arrives(lambda: live.ports.send("pads", [FEEDBACK]), pads, lambda received: FEEDBACK in received)
    live.ports.poll()
    live.hears(lambda: pads.send(PRESS), is_press)


def both_ways_work(live, pads):
    live.hears(lambda: pads.send(PRESS), is_press)
    return arrives(lambda: live.ports.send("pads", [FEEDBACK]), pads, lambda received: FEEDBACK in received)


def test_a_replug_between_two_looks_is_noticed_in_both_directions(opened, peer):
    pads = peer("pads")
    live = opened(pads=PADS)
    for _ in range(3):
        pads.kill()
        pads = peer("pads")
        until_broken(live)
        live.ports.poll()
        assert both_ways_work(live, pads)


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_connection_that_another_program_cuts_is_made_again(opened, peer, direction):
    pads = peer("pads")
    live = opened(pads=PADS)
    (ours,) = [name for name in jack_ports() if name.startswith(f"midifrag-pads-{direction}:")]
    (theirs,) = connected_to(ours)
    subprocess.run(["jack_disconnect", *((theirs, ours) if direction == "in" else (ours, theirs))], check=True)
    until_broken(live)
    live.poll()
    assert connected_to(ours) == [theirs]
    assert both_ways_work(live, pads)


def until_broken(live):
    """Wait until the ports know that they lost their device, as a later look finds them."""
    ends = [endpoint.open for endpoint in live.ports._endpoints]
    while all(end.connected for end in ends):
        live.ports._stop.wait(0.02)
    # The other direction may be told a moment later.
    live.ports._stop.wait(0.5)


def jack_ports(*options):
    return subprocess.run(["jack_lsp", *options], capture_output=True, text=True, check=True).stdout.splitlines()


def connected_to(port):
    lines = jack_ports("-c")
    after = lines[lines.index(port) + 1 :]
    return [line.strip() for line in after[: next((n for n, line in enumerate(after) if line[0] != " "), len(after))]]


def test_clients_are_called_the_same_however_many_run_and_have_no_other_ports(jack_server, peer):
    peer("pads")
    ports = {"pads": PADS, "live": {"in": {"virtual": "fragments"}, "out": {"virtual": "fragments"}}}
    expected = ["pads-in:midifrag input", "pads-out:midifrag output", "live-in:fragments", "live-out:fragments"]
    for clients in (("midifrag", "lights"), ("lights", "midifrag")):
        running = [
            Ports(Settings.model_validate({"backend": jack_server, "ports": ports, "client": client}), print)
            for client in clients
        ]
        for one in running:
            one.open()
        found = [name for name in jack_ports() if name.startswith(clients)]
        assert sorted(found) == sorted(f"{client}-{name}" for client in clients for name in expected)
        for one in running:
            one.close()


def test_a_name_that_another_program_has_is_told(jack_server):
    ports = {"live": {"in": {"virtual": "fragments"}}}
    told = []
    running = [
        Ports(Settings.model_validate({"backend": jack_server, "ports": ports}), print, told.append) for _ in range(2)
    ]
    for one in running:
        one.open()
    texts = [change.text for change in told if "fragments is open" in change.text]
    assert texts[0] == "live: input fragments is open"
    assert "as midifrag-live-in-01: another program has the name midifrag-live-in" in texts[1]
    assert "`client:` in presets.yaml" in texts[1]
    for one in running:
        one.close()


def test_malformed_bytes_and_sysex_do_not_disturb_presses(opened, peer):
    pads = peer("pads")
    live = opened(pads=PADS)
    noise = [[0xF0, *range(100), 0xF7], [0x90, 36], [36, 100], [0xFE], [0xF4], [0x90, 200, 200]]
    assert live.hears(lambda: pads.send(*noise, PRESS), is_press).note == 36


def test_a_flood_loses_nothing_that_jack_delivers(opened, peer):
    pads = peer("pads")
    live = opened(pads=PADS)
    delivered = []
    receive = live.ports._plugs._receive
    live.ports._plugs._receive = lambda endpoint, data: (delivered.append(tuple(data)), receive(endpoint, data))
    flood = []
    for number in range(5000):
        flood.append(mido.Message("control_change", control=21, value=number % 128))
        flood.append(
            mido.Message("note_on", channel=number // 1270, note=number % 127, velocity=1 + number // 127 % 127)
        )
    pads.send(*flood)
    heard = []
    last = PRESS.copy(channel=15)

    def is_last(item):
        heard.append(item)
        return is_press(item) and item.channel == 16

    live.hears(lambda: pads.send(last), is_last)
    presses = [(0x90 + item.channel - 1, item.note, item.velocity) for item in heard if is_press(item)]
    notes = [data for data in delivered if data[0] & 0xF0 == 0x90]
    assert presses == notes[: notes.index(tuple(last.bytes())) + 1]


def test_servers_that_end_or_hang_are_told_and_the_next_ones_are_played_on(jack_server):
    played = subprocess.run(
        [sys.executable, "-m", "tests.scenarios.restarting_jack", "SIGTERM", "SIGSTOP", "SIGKILL"],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    lives = played.stdout.split("played on\n")
    assert [life.partition("\n")[0] for life in lives] == ["SIGTERM", "SIGSTOP", "SIGKILL", ""], (
        played.stdout + played.stderr
    )
    reasons = []
    for life, what in zip(lives, ("ended", "does not answer", "ended"), strict=False):
        told = life.splitlines()[1:]
        assert [line.partition(":")[0] for line in told] == ["pads", "pads", "live"]
        # JACK may have mixed up its programs just before: that is told, and mended, in place of it.
        reasons += [one for one in (f"JACK server {what}", MIXED_UP) if all(one in line for line in told)]
    assert len(reasons) == 3, played.stdout
    assert set(reasons) != {MIXED_UP}


@pytest.mark.thorough
def test_a_stopped_server_keeps_nobody_waiting_and_is_played_on_when_it_goes_on(jack_server):
    played = subprocess.run(
        [sys.executable, "-m", "tests.scenarios.stopped_jack"],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert played.stdout.splitlines() == [
        "The JACK server does not answer: it is stopped, or it hangs.",
        "played on",
    ], played.stdout + played.stderr
