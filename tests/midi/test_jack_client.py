"""Our clients on one JACK server, with libraries in memory; a real server is in the scenarios."""

from __future__ import annotations

import os
import threading
from collections import deque
from types import SimpleNamespace

import pytest

from midifrag.midi import jack_client, jack_waking
from midifrag.midi.jack_client import JackSide, NoServerError, load_jack
from tests.midi.jack_memory import maps
from tests.midi.rtmidi_double import Time


class Server:
    """A graph of ports that both libraries see. Stands in for the modules ``rtmidi`` and ``jack``."""

    API_UNIX_JACK = 3

    class JackError(Exception):
        pass

    def __init__(self):
        self.ports = {"pads:out": "out", "pads:in": "in", "other:midifrag input": "in"}
        self.connections = set()
        self.frames, self.cycles = 0, True
        self.lives = True
        self.made = []
        server = self

        class Midi:
            def __init__(self, rtapi, name, queue_size_limit=0):
                assert (rtapi, queue_size_limit) in ((3, 0), (3, jack_client.QUEUE))
                self.name, self.port, self.waiting, self.sent = name, None, deque(), []
                server.made.append(self)

            def get_ports(self):
                return [name for name, kind in server.ports.items() if kind == self.takes]

            def open_port(self, index, end):
                other = self.get_ports()[index]
                self.open_virtual_port(end)
                server.connections.add((self.port, other))

            def open_virtual_port(self, end):
                if end == "refused":
                    raise RuntimeError("refused")
                self.port = f"{self.name}:{end}"
                server.ports[self.port] = self.gives

            def ignore_types(self, **kinds):
                self.kinds = kinds

            def send_message(self, data):
                self.sent.append(data)

            def get_message(self):
                return self.waiting.popleft() if self.waiting else None

            def close_port(self):
                server.ports.pop(self.port, None)

            def delete(self):
                server.made.remove(self)

        self.MidiIn = type("MidiIn", (Midi,), {"takes": "out", "gives": "in"})
        self.MidiOut = type("MidiOut", (Midi,), {"takes": "in", "gives": "out"})

    def Client(self, _name, no_start_server):  # noqa: N802 - its name in JACK-Client
        assert no_start_server
        if not self.lives:
            raise self.JackError("no server")
        return self

    realtime = True
    blocksize = 128

    @property
    def last_frame_time(self):
        self.frames += self.blocksize if self.cycles else 0
        return self.frames

    def set_shutdown_callback(self, callback):
        self.shut_down = callback

    def get_ports(self, is_midi, is_output=False, is_input=False):
        assert is_midi
        wanted = {"out"} if is_output else {"in"} if is_input else {"in", "out"}
        return [SimpleNamespace(name=name) for name, kind in self.ports.items() if kind in wanted]

    def get_port_by_name(self, name):
        if name not in self.ports:
            raise self.JackError(name)
        return name

    def get_all_connections(self, own):
        return [SimpleNamespace(name=other) for mine, other in self.connections if mine == own]


@pytest.fixture
def server(monkeypatch):
    made = Server()
    monkeypatch.setattr(jack_client, "rtmidi", made)
    monkeypatch.setattr(jack_client, "time", Time())
    monkeypatch.setattr(jack_client, "monotonic", lambda: jack_client.time.monotonic())
    return made


@pytest.fixture
def side(server):
    return JackSide(server, "midifrag")


def test_without_a_server_there_is_no_side(server):
    server.lives = False
    with pytest.raises(NoServerError, match="no server"):
        JackSide(server, "midifrag")


def test_ports_are_those_of_others_without_ends_of_connections(side):
    assert (side.names("in"), side.names("out")) == (["pads:out"], ["pads:in"])
    assert side.realtime


def test_a_port_stands_as_long_as_it_is_connected_to_its_device(side, server):
    assert side.open(1, "in", "pads:out", virtual=False, client="midifrag-pads-in") == "midifrag-pads-in"
    side.open(2, "out", "pads:in", virtual=False, client="midifrag-pads-out")
    side.open(3, "out", "live", virtual=True, client="midifrag-live-out")
    assert server.made[0].kinds == {"sysex": False, "timing": False, "active_sense": True}
    assert side.broken() == []
    server.connections.remove(("midifrag-pads-in:midifrag input", "pads:out"))
    assert side.broken() == [1]
    server.connections.add(("midifrag-pads-in:midifrag input", "pads:out"))
    del server.ports["midifrag-live-out:live"]
    assert side.broken() == [3]


def test_a_name_that_is_on_its_way_out_is_waited_for_and_one_that_stays_is_told(side, server, monkeypatch):
    server.ports["midifrag-pads-in:midifrag input"] = "in"
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        jack_client.time.now += seconds

    monkeypatch.setattr(jack_client.time, "sleep", sleep)
    made = server.MidiIn.__init__

    def taken(self, rtapi, name, queue_size_limit=0):
        made(self, rtapi, f"{name}-01", queue_size_limit)

    monkeypatch.setattr(server.MidiIn, "__init__", taken)
    assert side.open(1, "in", "pads:out", virtual=False, client="midifrag-pads-in") == "midifrag-pads-in-01"
    assert sum(waited) == pytest.approx(jack_client.NAME_SECONDS, abs=0.05)


@pytest.mark.parametrize(
    ("name", "virtual", "told"), [("gone:out", False, "'gone:out' went away"), ("refused", True, "refused")]
)
def test_what_cannot_be_opened_leaves_no_client(side, server, name, virtual, told):
    with pytest.raises((OSError, RuntimeError), match=told):
        side.open(1, "in", name, virtual=virtual, client="x")
    assert server.made == []


def test_what_is_sent_goes_out_until_the_port_is_closed(side, server):
    side.open(1, "out", "live", virtual=True, client="x")
    (client,) = server.made
    side.send(1, b"\x90\x24\x64")
    side.send(7, b"\x90\x24\x64")
    side.close(1)
    side.close(1)
    side.send(1, b"\x90\x24\x65")
    assert client.sent == [b"\x90\x24\x64"]
    assert "x:live" not in server.ports


def test_a_client_stays_and_gets_the_next_port_of_its_name(side, server):
    side.open(1, "out", "pads:in", virtual=False, client="midifrag-pads-out")
    side.open(2, "in", "pads:out", virtual=False, client="midifrag-pads-in")
    sink, source = server.made
    side.close(1)
    side.close(2)
    side.open(3, "in", "pads:out", virtual=False, client="midifrag-pads-in")
    side.open(4, "out", "pads:in", virtual=False, client="midifrag-pads-out")
    assert server.made == [sink, source]
    side.send(4, b"\x90\x24\x64")
    assert sink.sent == [b"\x90\x24\x64"]


def test_more_than_a_buffer_holds_waits_for_the_server(side, server):
    side.open(1, "out", "live", virtual=True, client="x")
    message = bytes(1000)
    for _ in range(8):
        side.send(1, message)
    before = server.frames
    side.send(1, message)
    assert server.frames - before >= 2 * server.blocksize

    server.cycles = False
    server.shut_down("ended")
    for _ in range(20):
        side.send(1, message)
    assert len(server.made[0].sent) == 29


def test_a_server_without_cycles_stalls(side, server):
    assert not side.stalled()
    server.cycles = False
    jack_client.time.now += jack_client.STALL_SECONDS / 2
    assert not side.stalled()
    jack_client.time.now += jack_client.STALL_SECONDS
    assert side.stalled()
    server.cycles = True
    assert not side.stalled()


def test_what_comes_in_is_passed_on_in_order_with_its_port(side, server, monkeypatch):
    side.open(1, "in", "live", virtual=True, client="x")
    side.open(2, "in", "more", virtual=True, client="y")
    server.made[0].waiting.extend(([0x90, note, 100], 0.0) for note in range(jack_client.IN_A_ROW + 10))
    server.made[1].waiting.append(([0xF8], 0.0))
    heard, done = [], threading.Event()

    class EndError(Exception):
        pass

    def sleep(_seconds):
        done.set()
        raise EndError

    monkeypatch.setattr(jack_client.time, "sleep", sleep)
    with pytest.raises(EndError):
        side.receive(lambda number, data: heard.append((number, data)))
    assert [data for number, data in heard if number == 1] == [[0x90, n, 100] for n in range(jack_client.IN_A_ROW + 10)]
    assert [data for number, data in heard if number == 2] == [[0xF8]]


def test_where_nothing_has_come_for_a_while_it_is_looked_less_often(side, server, monkeypatch):
    side.open(1, "in", "live", virtual=True, client="x")
    pauses = []

    class EndError(Exception):
        pass

    def sleep(seconds):
        pauses.append(seconds)
        jack_client.time.now += jack_client.IDLE_AFTER_SECONDS / 2
        if len(pauses) == 4:
            server.made[0].waiting.append(([0xF8], 0.0))
        if len(pauses) == 5:
            raise EndError

    monkeypatch.setattr(jack_client.time, "sleep", sleep)
    with pytest.raises(EndError):
        side.receive(lambda _number, _data: None)
    often, seldom = jack_client.POLL_SECONDS, jack_client.IDLE_POLL_SECONDS
    assert pauses == [often, often, seldom, seldom, often]
    assert often < seldom


@pytest.mark.parametrize("ours", ["/ours/libjack-5.so.0", None])
def test_the_library_is_the_one_that_is_there_already(monkeypatch, tmp_path, ours):
    memory = tmp_path / "maps"
    library = f"7f02-7f03 r-xp 0 0:0 2   {ours}\n" if ours else ""
    memory.write_text(f"7f00-7f01 r-xp 0 0:0 1 /lib/libc.so.6\n{library}")
    monkeypatch.setattr(jack_waking, "Path", lambda _path: memory)
    monkeypatch.setattr(jack_client.ctypes.util, "find_library", lambda name: f"the system's {name}")
    found = []

    def import_jack(name, *_):
        found.append((name, jack_client.ctypes.util.find_library("jack"), jack_client.ctypes.util.find_library("c")))
        return "jack itself"

    monkeypatch.setattr(jack_client.importlib, "import_module", import_jack)
    assert load_jack() == "jack itself"
    assert found == [("jack", ours or "the system's jack", "the system's c")]
    assert jack_client.ctypes.util.find_library("jack") == "the system's jack"


@pytest.mark.skipif(os.name != "posix", reason="JACK's semaphores are files of POSIX systems")
@pytest.mark.parametrize("taken", [False, True])
def test_what_a_killed_server_left_of_our_client_is_removed_unless_it_is_somebody_s(
    side, server, monkeypatch, tmp_path, taken
):
    monkeypatch.setattr(jack_client, "SHARED", tmp_path)
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "stage")
    left = tmp_path / f"jack_sem.{os.getuid()}_stage_midifrag-live-out"
    left.touch()
    (tmp_path / "other").touch()
    if taken:
        server.ports["midifrag-live-out:more"] = "out"
    side.open(1, "out", "live", virtual=True, client="midifrag-live-out")
    assert (left.exists(), (tmp_path / "other").exists()) == (taken, True)


@pytest.fixture
def memory(monkeypatch):
    """What lies in this process's memory, ``maps``, and in that of whoever plays to us, ``theirs``."""
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "stage")
    lying = SimpleNamespace(maps="", theirs="", looked=0)

    def look(process="self"):
        lying.looked += process == 7
        return lying.maps if process == "self" else lying.theirs

    monkeypatch.setattr(jack_client, "memory_maps", look)
    monkeypatch.setattr(jack_client, "owners", lambda client: [7] if client in ("pads", "a: pads") else [])
    return lying


LOOKS = jack_client.DEAF_LOOKS
OURS = ("midifrag-pads-in", "midifrag-pads-out")


@pytest.mark.parametrize("gone", ["pads", *OURS])
def test_a_client_that_is_never_woken_is_noticed_after_a_moment(server, side, memory, gone):
    """One that hears an output of ours, or one of ours, in either direction."""
    side.open(1, "out", "pads:in", virtual=False, client="midifrag-pads-out")
    side.open(2, "in", "pads:out", virtual=False, client="midifrag-pads-in")
    there = ("pads", *OURS)
    memory.maps = maps("lsp (deleted)", *(name for name in there if name != gone))
    assert [side.is_mixed_up() for _ in range(LOOKS)] == [False] * (LOOKS - 1) + [True]
    memory.maps = maps(*there)
    assert not side.is_mixed_up()
    memory.maps = ""
    assert not any(side.is_mixed_up() for _ in range(2 * LOOKS))


def test_an_input_s_device_need_not_be_woken_by_us(server, side, memory):
    side.open(2, "in", "pads:out", virtual=False, client="midifrag-pads-in")
    memory.maps = maps("midifrag-pads-in")
    assert not any(side.is_mixed_up() for _ in range(2 * LOOKS))


def test_an_input_that_its_device_cannot_wake_is_noticed_after_a_moment(server, side, memory):
    side.open(2, "in", "pads:out", virtual=False, client="midifrag-pads-in")
    memory.maps, memory.theirs = maps("midifrag-pads-in"), maps("pads", "lsp (deleted)")
    assert [side.is_mixed_up() for _ in range(LOOKS)] == [False] * (LOOKS - 1) + [True]


def test_a_device_is_looked_at_until_it_is_seen_to_know_us_and_again_once_it_comes_anew(server, side, memory):
    side.open(2, "in", "pads:out", virtual=False, client="midifrag-pads-in")
    memory.maps, memory.theirs = maps("midifrag-pads-in"), maps("pads")
    assert not any(side.is_mixed_up() for _ in range(LOOKS - 1))
    memory.theirs = maps("pads", "midifrag-pads-in")
    assert not any(side.is_mixed_up() for _ in range(2 * LOOKS))
    assert memory.looked == LOOKS
    server.connections.clear()
    assert not side.is_mixed_up()
    server.connections.add(("midifrag-pads-in:midifrag input", "pads:out"))
    memory.theirs = maps("pads")
    assert [side.is_mixed_up() for _ in range(LOOKS)] == [False] * (LOOKS - 1) + [True]


@pytest.mark.parametrize("before", [maps("pads", "midifrag-pads-in"), ""])
def test_what_a_device_knew_of_us_may_be_lost_later(server, side, memory, before):
    side.open(2, "in", "pads:out", virtual=False, client="midifrag-pads-in")
    memory.maps, memory.theirs = maps("midifrag-pads-in"), before
    assert not side.is_mixed_up()
    memory.theirs = maps("pads")
    assert not any(side.is_mixed_up() for _ in range(2 * LOOKS))
    jack_client.time.now += 2 * jack_client.LOOK_AGAIN_SECONDS
    assert [side.is_mixed_up() for _ in range(LOOKS)] == [False] * (LOOKS - 1) + [True]


@pytest.mark.parametrize("theirs", ["", maps(), maps("pads", server="rehearsal")])
def test_who_may_not_be_looked_at_or_is_on_another_server_is_taken_to_know_us(server, side, memory, theirs):
    side.open(2, "in", "pads:out", virtual=False, client="midifrag-pads-in")
    memory.maps, memory.theirs = maps("midifrag-pads-in"), theirs
    assert not any(side.is_mixed_up() for _ in range(2 * LOOKS))


@pytest.mark.parametrize("ports", [("a: pads:in", "a: pads:out"), ("a: pads:in: 1", "a: pads:out: 1")])
def test_colons_in_the_names_of_a_device_and_its_ports_are_no_mix_up(server, side, memory, ports):
    server.ports |= dict(zip(ports, ("in", "out"), strict=True))
    assert side.open(1, "out", ports[0], virtual=False, client="midi: frag-out") == "midi: frag-out"
    side.open(2, "in", ports[1], virtual=False, client="midi: frag-in")
    ours = ("midi: frag-out", "midi: frag-in")
    memory.maps = memory.theirs = maps("a: pads", *ours)
    assert not any(side.is_mixed_up() for _ in range(2 * LOOKS))
    memory.maps = maps(*ours)
    assert [side.is_mixed_up() for _ in range(LOOKS)] == [False] * (LOOKS - 1) + [True]
    memory.maps, memory.theirs = maps("a: pads", *ours), maps("a: pads")
    server.connections.clear()
    assert not side.is_mixed_up()
    server.connections |= {("midi: frag-out:midifrag output", ports[0]), ("midi: frag-in:midifrag input", ports[1])}
    assert [side.is_mixed_up() for _ in range(LOOKS)] == [False] * (LOOKS - 1) + [True]


def test_an_output_whose_port_is_gone_wakes_nobody(server, side, memory):
    side.open(1, "out", "pads:in", virtual=False, client="midifrag-pads-out")
    memory.maps = maps("midifrag-pads-out")
    server.ports.clear()
    assert not any(side.is_mixed_up() for _ in range(2 * LOOKS))
