"""Ports and clocks, over ports in memory."""

from __future__ import annotations

from midifrag.commands.soundcheck import listening
from midifrag.midi.memory import MemoryBackend
from tests.support.shows import loaded


class Session:
    def __init__(self, peers):
        self.peers = peers

    def micros(self):
        return 0

    def look(self, _micros, _quantum):
        return 120.0, 0.0, self.peers

    def close(self):
        pass


def test_a_port_that_is_there_opens_and_one_that_is_not_is_a_fault():
    show = loaded(ports={"pads": {"in": "Pads", "out": "Elsewhere"}})
    found = list(listening.ports(show, MemoryBackend(["Pads"])))
    assert [kind for kind, _ in found] == ["ok", "fault"]
    assert "'Elsewhere' is not plugged in" in found[1][1]


def clock(source, peers=None, backend=None):
    def open_link(_bpm):
        if peers is None:
            raise ImportError
        return Session(peers)

    show = loaded(time={"source": source}, ports={"daw": {"in": "DAW"}})
    (told,) = listening.clock_source(show, backend or MemoryBackend(["DAW"]), 0.0, open_link)
    return told


def test_which_clock_is_heard():
    assert clock("link", 2) == ("ok", "Ableton Link, with 2 others")
    assert clock("link", 0)[0] == "note"
    assert "not installed" in clock("link")[1]
    assert clock("midi:daw")[1].startswith("no MIDI clock ticks on daw")
    assert clock("auto", 0)[1].startswith("no other is heard")
    assert clock("internal")[0] == "ok"


def test_a_midi_clock_that_ticks_is_named():
    class Ticking(MemoryBackend):
        def open_input(self, name, *, virtual, receive, client=""):
            port = super().open_input(name, virtual=virtual, receive=receive, client=client)
            receive([0xF8])
            return port

    assert clock("midi", backend=Ticking(["DAW"])) == ("ok", "MIDI clock ticks on daw")
