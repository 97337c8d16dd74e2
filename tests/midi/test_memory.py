from __future__ import annotations

import mido
import pytest

from midifrag.config.settings import Settings
from midifrag.errors import PortError
from midifrag.midi.memory import MemoryBackend, memory_ports
from midifrag.midi.messages import NoteOn

PRESS = mido.Message("note_on", note=36, velocity=100)


def test_devices_come_and_go_in_both_directions():
    backend = MemoryBackend(["Keys"])
    backend.plug("Pads")
    assert (backend.names("in"), backend.names("out")) == (["Keys", "Pads"], ["Keys", "Pads"])
    backend.unplug("Keys")
    assert (backend.names("in"), backend.names("out")) == (["Pads"], ["Pads"])


def test_what_is_played_reaches_every_open_input_of_that_name():
    backend = MemoryBackend(["Keys", "Pads"])
    heard = {name: [] for name in ("one", "two", "pads")}
    one = backend.open_input("Keys", virtual=False, receive=heard["one"].append)
    backend.open_input("Keys", virtual=False, receive=heard["two"].append)
    backend.open_input("Pads", virtual=False, receive=heard["pads"].append)

    backend.play("Keys", PRESS)
    one.close()
    one.close()
    backend.play("Keys", [0xF8])
    backend.play("nobody", PRESS)

    assert heard == {"one": [[0x90, 36, 100]], "two": [[0x90, 36, 100], [0xF8]], "pads": []}


def test_what_is_sent_is_taken_down_in_order_until_the_port_is_closed():
    backend = MemoryBackend(["Pads"])
    pads = backend.open_output("Pads", virtual=False)
    live = backend.open_output("live", virtual=True)
    pads.send(PRESS)
    live.send(PRESS.copy(note=1))
    live.close()

    with pytest.raises(OSError, match="live is closed"):
        live.send(PRESS)
    assert backend.sent == [("Pads", PRESS), ("live", PRESS.copy(note=1))]
    assert backend.wait_for(lambda sent: len(sent) == 2, 0.0)
    assert not backend.wait_for(lambda sent: len(sent) == 3, 0.0)


def test_an_unplugged_device_hears_and_says_nothing_until_it_is_back():
    backend = MemoryBackend(["Pads"])
    heard = []
    backend.open_input("Pads", virtual=False, receive=heard.append)
    output = backend.open_output("Pads", virtual=False)
    backend.unplug("Pads")
    backend.play("Pads", PRESS)
    output.send(PRESS)
    assert (heard, backend.sent) == ([], [])

    backend.plug("Pads")
    backend.open_input("Pads", virtual=False, receive=heard.append)
    backend.play("Pads", PRESS)
    backend.open_output("Pads", virtual=False).send(PRESS)
    assert (len(heard), len(backend.sent)) == (1, 1)


def test_what_is_not_there_cannot_be_opened_unless_it_is_made():
    backend = MemoryBackend()
    with pytest.raises(PortError, match="'Pads' went away"):
        backend.open_input("Pads", virtual=False, receive=lambda _data: None)
    with pytest.raises(PortError, match="'Pads' went away"):
        backend.open_output("Pads", virtual=False)
    assert backend.open_output("Pads", virtual=True)
    assert (backend.name, backend.settle_seconds, backend.names("out")) == ("memory", 0.0, [])
    backend.close()


def test_a_show_can_be_played_without_devices():
    events, changes = [], []
    ports = {"pads": {"in": "Launchpad", "channel": 2}, "keys": {"in": "K"}}
    show = Settings.model_validate({"ports": ports})
    made, backend = memory_ports(show, events.append, changes.append, clock=lambda: 7.0)
    made.open()
    backend.play("keys", PRESS)
    backend.play("pads", PRESS)
    backend.play("pads", PRESS.copy(channel=1))
    made.send("keys", [PRESS])
    made.close()

    assert events == [NoteOn("keys", 1, 36, 100, 7.0), NoteOn("pads", 2, 36, 100, 7.0)]
    assert backend.sent == [("keys", PRESS)]
    assert [(change.port, change.direction, change.state) for change in changes] == [
        ("pads", "in", "open"),
        ("pads", "out", "open"),
        ("keys", "in", "open"),
        ("keys", "out", "open"),
    ]
