from __future__ import annotations

import pytest

from midifrag.errors import PortError
from midifrag.midi import port_names
from midifrag.midi.memory import MemoryBackend
from midifrag.midi.port_names import PortList, device_of, find_port, list_ports, listed

NAMES = ["Launchpad X DAW", "Launchpad X MIDI", "Keys", "Keys 2"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("Launchpad.*MIDI", "Launchpad X MIDI"), ("Keys", "Keys"), ("Keys 2", "Keys 2"), ("Push", None)],
)
def test_patterns(pattern, found):
    assert find_port(pattern, NAMES) == found


WINDOWS = ["LPMiniMK3 MIDI 0", "MIDIIN2 (LPMiniMK3 MIDI) 1", "C++ (fast) [x 2"]
ALSA = ["Launchpad X:Launchpad X LPX DAW In 24:0", "Launchpad X:Launchpad X LPX MIDI In 24:1"]


@pytest.mark.parametrize(
    ("pattern", "names", "found"),
    [
        # As pasted from `midifrag ports`: brackets and all.
        ("MIDIIN2 (LPMiniMK3 MIDI) 1", WINDOWS, "MIDIIN2 (LPMiniMK3 MIDI) 1"),
        ("MIDIIN2 (LPMiniMK3 MIDI)", WINDOWS, "MIDIIN2 (LPMiniMK3 MIDI) 1"),
        ("LPMiniMK3 MIDI", WINDOWS, "LPMiniMK3 MIDI 0"),
        ("(fast) [x", WINDOWS, "C++ (fast) [x 2"),
        # With the number of another plug.
        ("Launchpad X:Launchpad X LPX MIDI In 20:1", ALSA, "Launchpad X:Launchpad X LPX MIDI In 24:1"),
        ("LPX MIDI", ALSA, "Launchpad X:Launchpad X LPX MIDI In 24:1"),
        # A part before an expression, which still works.
        ("MIDI.IN", ["MIDI.IN", "MIDI-IN"], "MIDI.IN"),
        ("^LPMini", WINDOWS, "LPMiniMK3 MIDI 0"),
        ("LPX (MIDI|DIN) In", ALSA, "Launchpad X:Launchpad X LPX MIDI In 24:1"),
        # Neither a part nor an expression.
        ("[x [y", WINDOWS, None),
        ("Launchpad X MIDI 2", ["Launchpad X MIDI 1"], None),
    ],
)
def test_a_name_comes_before_a_part_and_a_part_before_an_expression(pattern, names, found):
    assert find_port(pattern, names) == found


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("LPMiniMK3 MIDI 0", "MIDIIN2 (LPMiniMK3 MIDI) 1", True),
        (*ALSA, True),
        ("Pad MIDI 1", "Pad MIDI 2", True),
        ("Keys", "Pad", False),
    ],
)
def test_ports_of_one_device_are_known_by_their_names(one, other, same):
    assert (device_of(one) == device_of(other)) is same


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
