"""JACK by way of a process, with a small program in that process's place; a real server is in the scenarios."""

from __future__ import annotations

import threading

import pytest

from midifrag.errors import MidiGoneError, PortError
from midifrag.midi import jack as module
from midifrag.midi.jack import JackBackend
from midifrag.midi.jack_host import MIXED_UP
from tests.midi.jack_programs import PRESS, READY, until, works
from tests.support import PATIENCE


def test_ports_are_listed_opened_played_and_closed(plays):
    plays(READY + "serve()")
    backend = JackBackend("midifrag")
    assert (backend.names("in"), backend.names("out"), backend.loses) == (["Pads in"], ["Pads out"], False)
    heard, came = [], threading.Event()
    pads = backend.open_input(
        "Pads in", virtual=False, client="midifrag-pads-in", receive=lambda data: (heard.append(data), came.set())
    )
    lights = backend.open_output("Pads out", virtual=False, client="midifrag-pads-out")
    assert (pads.client, pads.connected, lights.client) == ("midifrag-pads-in", True, "midifrag-pads-out")
    lights.send(PRESS)
    assert came.wait(PATIENCE)
    assert heard == [bytes(PRESS.bytes())]

    pads.close()
    lights.send(PRESS)
    assert backend.names("in")
    assert len(heard) == 1
    backend.close()
    assert not lights.connected
    with pytest.raises(OSError, match="closed"):
        lights.send(PRESS)


def test_what_cannot_be_opened_is_explained(plays):
    plays(READY + "serve()")
    backend = JackBackend("midifrag")
    with pytest.raises(PortError, match="'Held' cannot be opened: it is held"):
        backend.open_input("Held", virtual=False, client="x", receive=lambda _data: None)
    backend.close()


def test_a_port_that_lost_its_device_knows_it(plays):
    plays(READY + "serve(once=True); say(broken=[1]); serve()")
    backend = JackBackend("midifrag")
    port = backend.open_output("Pads out", virtual=False, client="x")
    assert until(lambda: port.connected is False)
    assert backend.names("in")
    backend.close()


@pytest.mark.parametrize("end", ['say(gone="the JACK server ended")', "raise SystemExit(1)"])
def test_after_a_server_s_end_the_next_one_is_used(plays, end):
    plays(READY + f"serve(once=True); {end}", READY + "serve()")
    backend = JackBackend("midifrag")
    port = backend.open_output("Pads out", virtual=False, client="x")
    assert until(lambda: not port.connected)
    with pytest.raises(OSError, match="ended"):
        port.send(PRESS)
    assert until(lambda: works(backend))
    assert not port.connected
    assert backend.open_output("Pads out", virtual=False, client="x").connected
    backend.close()


def test_where_jack_mixed_up_its_programs_all_is_taken_anew(plays):
    plays(READY + "serve(once=True); say(mixed_up=True)", "time.sleep(600)")
    backend = JackBackend("midifrag")
    port = backend.open_output("Pads out", virtual=False, client="x")
    assert until(lambda: not port.connected)
    with pytest.raises(OSError, match="JACK mixed up its programs"):
        port.send(PRESS)
    with pytest.raises(MidiGoneError, match="one is never woken"):
        backend.names("in")
    backend.close()


def test_a_mix_up_that_no_new_process_mends_is_borne_ever_longer(plays, monkeypatch):
    plays(READY + "serve()")
    backend, now = JackBackend("midifrag"), [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    borne = []
    for _ in range(8):
        borne.append(backend._pause_after(MIXED_UP))
        now[0] += borne[-1] + 1.0
    assert borne == [0.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert backend._pause_after("the JACK server ended") == 60.0
    now[0] += 61.0
    assert backend._pause_after(MIXED_UP) == 0.0
    backend.close()


def test_the_next_process_is_told_how_long_it_bears_a_mix_up(plays):
    end = "say(mixed_up=True)"
    seen = READY + "say(broken=[int(float(bears))]); serve()"
    plays(READY + end, READY + end, seen)
    backend = JackBackend("midifrag")
    assert until(lambda: backend._process.broken == {2})
    backend.close()


def test_while_there_is_no_server_it_is_said_why_and_what_to_do(plays):
    plays(READY + 'serve(once=True); say(gone="the JACK server ended")', "time.sleep(600)")
    backend = JackBackend("midifrag")
    port = backend.open_output("Pads out", virtual=False, client="x")
    assert until(lambda: not port.connected)
    with pytest.raises(
        MidiGoneError, match=r"^The JACK server ended\. Start it: midifrag goes on with it by itself\.$"
    ):
        backend.names("in")
    backend.close()
