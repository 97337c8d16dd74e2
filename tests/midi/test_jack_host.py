"""The process that speaks with JACK, seen from the show: where it ends, hangs or says nothing."""

from __future__ import annotations

import pytest

from midifrag.errors import MidiGoneError, NoMidiError
from midifrag.midi import jack_host
from midifrag.midi.jack import JackBackend
from tests.midi.jack_programs import READY, until, works
from tests.support import PATIENCE


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
    monkeypatch.setattr(jack_host, "FIRST_SECONDS", seconds)
    plays(program)
    with pytest.raises(NoMidiError, match=told):
        JackBackend("midifrag")


def test_one_that_the_server_does_not_let_in_at_the_start_is_tried_anew(plays, monkeypatch):
    stuck = "say(trying=True); time.sleep(600)"
    plays(stuck, stuck, READY + "serve()")
    monkeypatch.setattr(jack_host, "FIRST_SECONDS", 0.05)
    backend = JackBackend("midifrag")
    assert works(backend)
    backend.close()


def test_a_process_that_cannot_be_started_is_no_midi(monkeypatch):
    monkeypatch.setattr(jack_host, "command", lambda *_args: ("/nowhere/at/all",))
    with pytest.raises(NoMidiError, match="nowhere"):
        JackBackend("midifrag")


def test_one_that_served_and_is_over_before_anybody_looked_is_replaced(plays, monkeypatch):
    plays(READY + "say(mixed_up=True)", READY + "serve()")
    wait = jack_host.JackProcess.wait_until_ready

    def late(process):
        assert until(lambda: process.over)
        wait(process)

    monkeypatch.setattr(jack_host.JackProcess, "wait_until_ready", late)
    backend = JackBackend("midifrag")
    assert until(lambda: works(backend))
    backend.close()


def test_one_that_answers_no_more_is_replaced(plays, monkeypatch):
    plays(READY + "serve(once=True); time.sleep(600)", READY + "serve()")
    backend = JackBackend("midifrag")
    port = backend.open_output("Pads out", virtual=False, client="x")
    monkeypatch.setattr(jack_host, "ANSWER_SECONDS", 0.2)
    with pytest.raises(MidiGoneError, match="does not answer"):
        backend.names("in")
    assert not port.connected
    monkeypatch.setattr(jack_host, "ANSWER_SECONDS", PATIENCE)
    assert until(lambda: works(backend))
    backend.close()


def test_one_that_is_stuck_in_an_attempt_is_told_and_replaced(plays, monkeypatch):
    plays("time.sleep(600)", READY + "serve()")
    monkeypatch.setattr(jack_host, "CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(jack_host, "ATTEMPT_SECONDS", 0.2)
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
    monkeypatch.setattr(jack_host, "END_SECONDS", 0.1)
    plays(READY + "serve(once=True); time.sleep(600)")
    backend = JackBackend("midifrag")
    port = backend.open_output("Pads out", virtual=False, client="x")
    backend.close()
    assert not port.connected
