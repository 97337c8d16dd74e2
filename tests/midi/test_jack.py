"""JACK by way of a process, with a small program in that process's place; a real server is in the scenarios."""

from __future__ import annotations

import sys
import threading

import mido
import pytest

from midifrag.errors import MidiGoneError, NoMidiError, PortError
from midifrag.midi import jack
from midifrag.midi.jack import JackBackend
from tests.support import PATIENCE

PRESS = mido.Message("note_on", note=36, velocity=100)

#: What each program begins with: it reads what it is asked, and answers.
PRELUDE = """
import json, sys, time
def say(**what):
    print(json.dumps(what), flush=True)
def asked():
    for line in sys.stdin:
        yield line if line.startswith("s ") else json.loads(line)
def serve(once=False):
    for one in asked():
        if isinstance(one, str):
            print("m 1 " + one.split()[2], flush=True)
        elif one["do"] == "names":
            say(id=one["id"], names=["Pads " + one["direction"]])
        elif one["do"] == "open" and one["name"] == "Held":
            say(id=one["id"], error="it is held")
        elif one["do"] == "open":
            say(id=one["id"], client=one["client"])
            if once:
                return
        elif one["do"] == "end":
            break
client, patience = sys.argv[1:]
say(trying=True)
"""
READY = "say(ready=True, realtime=True)\n"


@pytest.fixture
def plays(monkeypatch):
    """Makes the next processes run these programs in turn, the last one again and again."""

    def play(*programs):
        left = list(programs)

        def command(*_args):
            if len(left) == 1:
                # A healthy one's beginning may take as long as a busy machine needs.
                monkeypatch.setattr(jack, "ATTEMPT_SECONDS", PATIENCE)
            return (sys.executable, "-c", PRELUDE + (left.pop(0) if len(left) > 1 else left[0]))

        monkeypatch.setattr(jack, "command", command)

    return play


def until(condition):
    waited = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if condition():
            return True
        waited.wait(0.02)
    return False


def works(backend):
    try:
        return backend.names("in") == ["Pads in"]
    except MidiGoneError:
        return False


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


def test_a_server_without_real_time_scheduling_loses_messages(plays):
    plays("say(ready=True, realtime=False); serve()")
    backend = JackBackend("midifrag")
    assert backend.loses
    backend.close()


@pytest.mark.parametrize(
    ("program", "told", "seconds"),
    [
        ('say(none="no JACK server is running")', r"^No JACK server is running\.$", PATIENCE),
        ("raise SystemExit(1)", r"^MIDI's own process ended\.$", PATIENCE),
        ("time.sleep(600)", r"^The JACK server does not answer: it is stopped, or it hangs\.$", 0.05),
    ],
)
def test_where_there_is_no_server_or_one_that_hangs_it_is_told_in_time(plays, monkeypatch, program, told, seconds):
    monkeypatch.setattr(jack, "CONNECT_SECONDS", seconds)
    plays(program)
    with pytest.raises(NoMidiError, match=told):
        JackBackend("midifrag")


def test_a_process_that_cannot_be_started_is_no_midi(monkeypatch):
    monkeypatch.setattr(jack, "command", lambda *_args: ("/nowhere/at/all",))
    with pytest.raises(NoMidiError, match="nowhere"):
        JackBackend("midifrag")


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
    with pytest.raises(MidiGoneError, match="hears nothing of us"):
        backend.names("in")
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


def test_one_that_answers_no_more_is_replaced(plays, monkeypatch):
    plays(READY + "serve(once=True); time.sleep(600)", READY + "serve()")
    backend = JackBackend("midifrag")
    port = backend.open_output("Pads out", virtual=False, client="x")
    monkeypatch.setattr(jack, "ANSWER_SECONDS", 0.2)
    with pytest.raises(MidiGoneError, match="does not answer"):
        backend.names("in")
    assert not port.connected
    monkeypatch.setattr(jack, "ANSWER_SECONDS", PATIENCE)
    assert until(lambda: works(backend))
    backend.close()


def test_one_that_is_stuck_in_an_attempt_is_told_and_replaced(plays, monkeypatch):
    plays("time.sleep(600)", READY + "serve()")
    monkeypatch.setattr(jack, "CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(jack, "ATTEMPT_SECONDS", 0.2)
    backend = JackBackend("midifrag", wait=True)
    told = []

    def is_told():
        try:
            backend.names("in")
        except MidiGoneError as error:
            told.append(str(error))
            return False
        return True

    assert until(is_told)
    assert told[0] == "No JACK server answers. Start it: midifrag goes on with it by itself."
    assert any("End it and start it again" in text for text in told)
    backend.close()


def test_one_that_does_not_end_is_ended(plays, monkeypatch):
    monkeypatch.setattr(jack, "END_SECONDS", 0.1)
    plays(READY + "serve(once=True); time.sleep(600)")
    backend = JackBackend("midifrag")
    port = backend.open_output("Pads out", virtual=False, client="x")
    backend.close()
    assert not port.connected
