"""The border to python-rtmidi and mido, with a system in memory in their place; real ports are tested in scenarios."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import mido
import pytest
import rtmidi

from midifrag.errors import MidiGoneError, NoMidiError, PortError
from midifrag.midi import backends, jack
from midifrag.midi.backends import MidoBackend, RtMidi, choose_backend
from tests.midi.rtmidi_double import System, Time

PRESS = mido.Message("note_on", note=36, velocity=100)


@pytest.fixture
def system(monkeypatch):
    made = System(rtmidi.API_LINUX_ALSA, rtmidi.API_UNIX_JACK)
    monkeypatch.setattr(backends, "rtmidi", made)
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


def test_where_there_is_none_all_that_is_missing_is_told(system):
    system.missing = set(system.apis)
    with pytest.raises(NoMidiError, match=r"ALSA has no sequencer here \(nobody there\)\. No JACK server is running"):
        choose_backend()
    system.apis = []
    with pytest.raises(NoMidiError, match=r"no backend compiled in\. .* midifrag demo"):
        choose_backend()


def test_what_native_libraries_say_of_it_is_kept_from_the_terminal(system, capfd):
    system.missing = set(system.apis)
    with pytest.raises(NoMidiError):
        choose_backend()
    os.write(2, b"our own\n")
    assert capfd.readouterr().err == "our own\n"


def test_ports_are_listed_without_connection_ends(alsa, system):
    system.ports += [
        "RtMidiIn Client:RtMidi input 130:0",
        "RtMidiOut Client:RtMidi Output 131:0",
        "midifrag:RtMidi input 128:0",
        "midifrag-01:alive",
        "midifrag:live 128:0",
    ]
    assert alsa.names("in") == ["Launchpad X:MIDI 24:0", "Keys 28:0", "midifrag:live 128:0"]
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
    port = alsa.open_input("Keys 28:0", virtual=False, receive=heard.append)
    client = last(system)
    client.callback(([0x90, 36, 100], 0.25), None)
    port.close()
    assert heard == [[0x90, 36, 100]]
    assert client.options == {
        "rtapi": rtmidi.API_LINUX_ALSA,
        "name": "midifrag",
        "queue_size_limit": jack.QUEUE,
    }
    assert client.done == [
        ("ignore_types", {"sysex": True, "timing": False, "active_sense": True}),
        "set_callback",
        ("open_port", 1),
        "cancel_callback",
        "close_port",
        "delete",
    ]


def test_an_output_sends_bytes(alsa, system):
    port = alsa.open_output("Launchpad X:MIDI 24:0", virtual=False)
    port.send(PRESS)
    port.close()
    assert last(system).done == [("open_port", 0), ("send", [0x90, 36, 100]), "close_port", "delete"]


@pytest.mark.parametrize("direction", ["in", "out"])
def test_virtual_ports_are_made(alsa, system, direction):
    opened = (
        alsa.open_input("live", virtual=True, receive=lambda _data: None)
        if direction == "in"
        else alsa.open_output("live", virtual=True)
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
        alsa.open_output(name, virtual=virtual)
    assert last(system).done[-1] == "delete"


def test_jack_is_polled_settles_and_is_asked_whether_it_lives(system):
    backend = RtMidi("UNIX_JACK")
    heard = []
    port = backend.open_input("live", virtual=True, receive=heard.append)
    assert isinstance(port, jack.PolledInput)
    assert "set_callback" not in last(system).done
    port.close()
    assert isinstance(backend.open_output("live", virtual=True), jack.WatchedOutput)
    assert (backend.settle_seconds, RtMidi("LINUX_ALSA").settle_seconds) == (backends.JACK_SETTLE_SECONDS, 0.0)
    assert backend.names("in") == ["midifrag:live", "midifrag:live"]


def test_a_dead_jack_server_is_told_and_nothing_more_is_made_of_it(system, monkeypatch):
    monkeypatch.setattr(jack, "time", Time())
    backend = RtMidi("UNIX_JACK")
    backend.open_output("live", virtual=True)
    system.alive = False
    made = len(system.clients)
    for asked in (
        lambda: backend.names("out"),
        lambda: backend.open_output("more", virtual=True),
        lambda: backend.open_input("more", virtual=True, receive=lambda _data: None),
    ):
        with pytest.raises(MidiGoneError, match="The JACK server died"):
            asked()
    assert len(system.clients) == made


class ForeignPort:
    def __init__(self, name, virtual=False, callback=None, **_mido_adds):
        if name == "Broken":
            raise ZeroDivisionError("broken driver")
        self.name, self.virtual, self.callback = name, virtual, callback


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
    port = backend.open_input("Keys", virtual=True, receive=heard.append)
    port.callback(PRESS)
    assert (heard, port.virtual) == ([[0x90, 36, 100]], True)
    assert backend.open_output("Synth", virtual=False).name == "Synth"
    backend.close()


def test_whatever_a_foreign_backend_raises_is_an_error_of_ours(foreign):
    backend = choose_backend("foreign_midi")
    with pytest.raises(PortError, match="'Broken' cannot be opened by foreign_midi: broken driver"):
        backend.open_output("Broken", virtual=False)
    with pytest.raises(PortError, match="'Broken' cannot be opened"):
        backend.open_input("Broken", virtual=False, receive=lambda _data: None)
    foreign.get_devices = lambda **_: 1 / 0
    with pytest.raises(PortError, match="foreign_midi lists no ports"):
        backend.names("in")


@pytest.mark.parametrize("name", ["no.such.module", "mido.backends.rtmidi/NO_SUCH"])
def test_unknown_backends_are_explained(name):
    with pytest.raises(PortError, match=r"NO_SUCH|no\.such"):
        choose_backend(name)
