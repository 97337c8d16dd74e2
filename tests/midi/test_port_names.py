from __future__ import annotations

import pytest

from midifrag.errors import PortError
from midifrag.midi import port_names
from midifrag.midi.memory import MemoryBackend
from midifrag.midi.port_names import PortList, find_port, list_ports, listed

NAMES = ["Launchpad X DAW", "Launchpad X MIDI", "Keys", "Keys 2"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("Launchpad.*MIDI", "Launchpad X MIDI"), ("Keys", "Keys"), ("Keys 2", "Keys 2"), ("Push", None)],
)
def test_patterns(pattern, found):
    assert find_port(pattern, NAMES) == found


def test_a_name_listed_twice_is_one():
    assert find_port("Push", ["Push 2", "Push 2"]) == "Push 2"


def test_several_matches_list_the_candidates():
    with pytest.raises(PortError, match=r"'Launchpad' matches several ports: 'Launchpad X DAW', 'Launchpad X MIDI'\."):
        find_port("Launchpad", NAMES)


def test_names_in_a_message():
    assert (listed(["Keys", "Pads"]), listed([])) == ("'Keys', 'Pads'", "none")


@pytest.mark.parametrize("fails", [False, True])
def test_listing_leaves_no_system_open(monkeypatch, fails):
    asked = []

    class Listed(MemoryBackend):
        def names(self, direction):
            if fails:
                raise PortError("lists no ports")
            return [f"{direction} port"]

        def close(self):
            asked.append("closed")

    monkeypatch.setattr(port_names, "choose_backend", lambda name: asked.append(name) or Listed())
    if fails:
        with pytest.raises(PortError):
            list_ports("some")
    else:
        assert list_ports("some") == PortList("memory", ["in port"], ["out port"])
    assert asked == ["some", "closed"]
