"""The border to python-rtmidi and mido, with a system in memory in their place; real ports are tested in scenarios."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import mido
import pytest
import rtmidi

from midifrag.errors import NoMidiError, PortError
from midifrag.midi import alsa as kernel
from midifrag.midi import backends, jack_client
from midifrag.midi.backends import MidoBackend, RtMidi, awaited_backend, choose_backend
from tests.midi.rtmidi_double import System

PRESS = mido.Message("note_on", note=36, velocity=100)


class Jack:
    """Stands in for JACK, which has tests of its own."""

    name = "mido.backends.rtmidi/UNIX_JACK"

    def __init__(self, client, *, wait=False):
        self.client, self.waits = client, wait


@pytest.fixture
def system(monkeypatch, tmp_path):
    made = System(rtmidi.API_LINUX_ALSA, rtmidi.API_UNIX_JACK)
    made.clients_file = tmp_path / "clients"
    monkeypatch.setattr(backends, "rtmidi", made)
    monkeypatch.setattr(backends, "JackBackend", Jack)
    monkeypatch.setattr(kernel, "CLIENTS", made.clients_file)
    return made


@pytest.fixture
def alsa(system):
    system.ports = ["Launchpad X:MIDI 24:0", "Keys 28:0"]
    return RtMidi("LINUX_ALSA")


def last(system):
    return system.clients[-1]


def test_the_first_system_that_works_is_taken(system):
    assert choose_backend().name == "mido.backends.rtmidi/LINUX_ALSA"
    system.missing = {rtmidi.API_LINUX_ALSA}
    assert choose_backend().name == "mido.backends.rtmidi/UNIX_JACK"
    assert choose_backend("mido.backends.rtmidi").name == "mido.backends.rtmidi/UNIX_JACK"


def test_a_system_can_be_named(system):
    assert choose_backend("mido.backends.rtmidi/UNIX_JACK").name == "mido.backends.rtmidi/UNIX_JACK"
    with pytest.raises(PortError, match=r"WINDOWS_MM is not in this python-rtmidi; it has LINUX_ALSA, UNIX_JACK"):
        choose_backend("mido.backends.rtmidi/WINDOWS_MM")


def test_where_there_is_none_all_that_is_missing_is_told(system, monkeypatch):
    def none(_client):
        raise NoMidiError("No JACK server is running.")

    system.missing = set(system.apis)
    monkeypatch.setattr(backends, "JackBackend", none)
    with pytest.raises(
        NoMidiError, match=r"ALSA has no sequencer here \(nobody there\)\. No JACK server is running\. On"
    ):
        choose_backend()
    system.apis = []
    with pytest.raises(NoMidiError, match=r"no backend compiled in\. .* midifrag demo"):
        choose_backend()


def test_what_may_come_later_is_waited_for_where_it_is_meant(system):
    waiting = awaited_backend(None, "lights")
    assert (waiting.client, waiting.waits) == ("lights", True)
    assert awaited_backend("mido.backends.rtmidi/UNIX_JACK").waits
    assert awaited_backend("mido.backends.rtmidi/LINUX_ALSA") is None
    system.apis = [rtmidi.API_LINUX_ALSA]
    assert awaited_backend() is None


def test_what_native_libraries_say_of_it_is_kept_from_the_terminal(system, capfd):
    system.missing = set(system.apis)
    with pytest.raises(NoMidiError):
        choose_backend("mido.backends.rtmidi/LINUX_ALSA")
    os.write(2, b"our own\n")
    assert capfd.readouterr().err == "our own\n"


def test_ports_are_listed_without_connection_ends(alsa, system):
    system.ports += [
        "RtMidiIn Client:RtMidi input 130:0",
        "RtMidiOut Client:RtMidi Output 131:0",
        "midifrag-pads-in:midifrag input 128:0",
        "lights-pads-out:midifrag output",
        "midifrag-live-out:live 128:0",
    ]
    assert alsa.names("in") == ["Launchpad X:MIDI 24:0", "Keys 28:0", "midifrag-live-out:live 128:0"]
    assert alsa.names("out") == alsa.names("in")


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("gone")])
def test_a_system_that_lists_nothing_is_an_error(alsa, system, error):
    system.ports = error
    with pytest.raises(PortError, match="LINUX_ALSA lists no ports: gone"):
        alsa.names("in")


def test_a_closed_system_lists_nothing(alsa, system):
    probes = list(system.clients)
    alsa.close()
    assert [client.done for client in probes] == [["delete"]] * 2
    with pytest.raises(PortError):
        alsa.names("in")


def test_an_input_hears_from_its_first_message_on(alsa, system):
    heard = []
    port = alsa.open_input("Keys 28:0", virtual=False, client="midifrag-keys-in", receive=heard.append)
    client = last(system)
    client.callback(([0x90, 36, 100], 0.25), None)
    port.close()
    assert heard == [[0x90, 36, 100]]
    assert client.options == {
        "rtapi": rtmidi.API_LINUX_ALSA,
        "name": "midifrag-keys-in",
        "queue_size_limit": jack_client.QUEUE,
    }
    assert (port.client, client.end) == ("midifrag-keys-in", "midifrag input")
    assert client.done == [
        ("ignore_types", {"sysex": False, "timing": False, "active_sense": True}),
        "set_callback",
        ("open_port", 1),
        "cancel_callback",
        "close_port",
        "delete",
    ]


def test_an_output_sends_bytes(alsa, system):
    port = alsa.open_output("Launchpad X:MIDI 24:0", virtual=False, client="midifrag-keys-out")
    port.send(PRESS)
    port.close()
    assert last(system).done == [("open_port", 0), ("send", [0x90, 36, 100]), "close_port", "delete"]


@pytest.mark.parametrize("direction", ["in", "out"])
def test_virtual_ports_are_made(alsa, system, direction):
    opened = (
        alsa.open_input("live", virtual=True, client="midifrag-live-in", receive=lambda _data: None)
        if direction == "in"
        else alsa.open_output("live", virtual=True, client="midifrag-live-out")
    )
    assert opened is not None
    assert ("open_virtual_port", "live") in last(system).done


@pytest.mark.parametrize(
    ("refusal", "name", "virtual", "told"),
    [
        (None, "Push", False, "'Push' went away while it was opened"),
        (OSError("busy"), "Keys 28:0", False, r"another program may hold it \(busy\)"),
        (RuntimeError("busy"), "Keys 28:0", False, r"another program may hold it \(busy\)"),
        (NotImplementedError(), "live", True, "loopMIDI and name it as in: live"),
    ],
)
def test_what_cannot_be_opened_is_explained_and_leaves_no_client(alsa, system, refusal, name, virtual, told):
    system.refuses = refusal
    with pytest.raises(PortError, match=told):
        alsa.open_output(name, virtual=virtual, client="x")
    assert last(system).done[-1] == "delete"


#: What the kernel tells once "Keys 28:0" is connected to an input of ours (129).
CONNECTED = """Client info
  cur  clients : 4

Client   0 : "System" [Kernel Legacy]
  Port   0 : "Timer" (Rwe-) [-?]
  Port   1 : "Announce" (R-e-) [Out]
    Connecting To: 15:0
Client  28 : "Keys" [Kernel Legacy]
  Port   0 : "Keys MIDI 1" (RWeX) [In/Out]
    Connecting To: 128:0[real:0], 129:0
Client 128 : "midifrag-keys-in" [User Legacy]
  Port   0 : "midifrag input" (-We-) [In]
    Connected From: 28:0[real:0]
Client 129 : "midifrag-keys-in" [User Legacy]
  Port   0 : "midifrag input" (-We-) [In]
    Connected From: 28:0
"""
OURS = CONNECTED[CONNECTED.index("Client 129") :]


@pytest.mark.parametrize(
    ("later", "connected"),
    [
        (CONNECTED, True),
        # Pulled and put back: the same name, and no connection.
        (CONNECTED.replace("Connected From: 28:0\n", "\n"), False),
        (CONNECTED.replace(OURS, ""), False),
        ("", None),
    ],
)
def test_on_alsa_a_port_knows_whether_its_connection_stands(system, later, connected):
    system.ports = ["Keys 28:0"]
    system.clients_file.write_text(CONNECTED.replace(OURS, ""))
    made = system.MidiIn

    def join(**options):
        system.clients_file.write_text(CONNECTED)
        return made(**options)

    backend = RtMidi("LINUX_ALSA")
    system.MidiIn = join
    port = backend.open_input("Keys 28:0", virtual=False, client="midifrag-keys-in", receive=lambda _data: None)
    system.clients_file.write_text(later)
    assert port.connected is connected


def test_where_the_system_does_not_tell_nobody_knows(alsa, system):
    assert alsa.open_output("Keys 28:0", virtual=False, client="x").connected is None
    assert alsa.open_output("live", virtual=True, client="x").connected is None


class ForeignPort:
    def __init__(self, name, virtual=False, callback=None, **_mido_adds):
        if name == "Broken":
            raise ZeroDivisionError("broken driver")
        self.name, self.virtual, self.callback = name, virtual, callback
        self.done = []

    def send(self, message):
        self.done.append(message)

    def close(self):
        self.done.append("closed")


@pytest.fixture
def foreign(monkeypatch):
    devices = [
        {"name": "Keys", "is_input": True, "is_output": False},
        {"name": "Synth", "is_input": False, "is_output": True},
    ]
    module = SimpleNamespace(Input=ForeignPort, Output=ForeignPort, get_devices=lambda **_: devices)
    monkeypatch.setitem(sys.modules, "foreign_midi", module)
    return module


def test_any_other_backend_of_midos_can_be_used(foreign):
    backend = choose_backend("foreign_midi")
    assert isinstance(backend, MidoBackend)
    assert (backend.name, backend.settle_seconds) == ("foreign_midi", 0.0)
    assert (backend.names("in"), backend.names("out")) == (["Keys"], ["Synth"])
    heard = []
    port = backend.open_input("Keys", virtual=True, client="midifrag-live-in", receive=heard.append)
    port.port.callback(PRESS)
    assert (heard, port.port.virtual, port.connected, port.client) == ([[0x90, 36, 100]], True, None, "")
    synth = backend.open_output("Synth", virtual=False, client="x")
    synth.send(PRESS)
    synth.close()
    assert synth.port.done == [PRESS, "closed"]
    backend.close()


def test_whatever_a_foreign_backend_raises_is_an_error_of_ours(foreign):
    backend = choose_backend("foreign_midi")
    with pytest.raises(PortError, match="'Broken' cannot be opened by foreign_midi: broken driver"):
        backend.open_output("Broken", virtual=False, client="midifrag-keys-out")
    with pytest.raises(PortError, match="'Broken' cannot be opened"):
        backend.open_input("Broken", virtual=False, client="midifrag-keys-in", receive=lambda _data: None)
    foreign.get_devices = lambda **_: 1 / 0
    with pytest.raises(PortError, match="foreign_midi lists no ports"):
        backend.names("in")


@pytest.mark.parametrize("name", ["no.such.module", "mido.backends.rtmidi/NO_SUCH"])
def test_unknown_backends_are_explained(name):
    with pytest.raises(PortError, match=r"NO_SUCH|no\.such"):
        choose_backend(name)
