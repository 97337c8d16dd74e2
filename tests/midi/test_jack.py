"""What JACK needs, with clients in memory; a real server is in the scenarios."""

from __future__ import annotations

import threading

import mido
import pytest

from midifrag.midi import jack
from midifrag.midi.jack import Heartbeat, PolledInput, WatchedOutput
from tests.midi.rtmidi_double import System, Time

PRESS = mido.Message("note_on", note=36, velocity=100)


@pytest.fixture
def clock(monkeypatch):
    made = Time()
    monkeypatch.setattr(jack, "time", made)
    return made


@pytest.fixture
def system():
    made = System(3)
    made.ports = ["other:alive", "system:midi"]
    return made


def heartbeat(system):
    return Heartbeat(system.MidiOut(rtapi=3, name="midifrag"), system.MidiIn(rtapi=3, name="midifrag"))


def test_a_polled_input_passes_on_all_messages_in_order_until_it_is_closed(system):
    client = system.MidiIn(rtapi=3, name="midifrag")
    client.waiting.extend(([0x90, note, 100], 0.0) for note in range(50))
    heard, all_heard = [], threading.Event()

    def receive(data):
        heard.append(data)
        if data[1] == 49:
            all_heard.set()

    port = PolledInput(client, receive)
    assert all_heard.wait(60)
    port.close()
    client.waiting.append(([0x90, 99, 100], 0.0))

    assert heard == [[0x90, note, 100] for note in range(50)]
    assert client.done == ["close_port", "delete"]
    assert not port._thread.is_alive()


def test_a_heartbeat_goes_to_its_own_port_and_no_other_of_that_name(system, clock):
    beat = heartbeat(system)
    sink, source = system.clients

    assert source.done == [("ignore_types", {"timing": False}), ("open_virtual_port", "alive")]
    assert sink.done == [("open_port", 2)]
    assert beat.beat()
    assert sink.done[-1] == ("send", [0xF8])
    assert clock.now == 100.0


def test_a_late_server_is_waited_for(system, clock):
    beat = heartbeat(system)
    system.alive = False
    source = system.clients[1]
    sleep = clock.sleep

    def sleep_until_it_answers(seconds):
        sleep(seconds)
        if clock.now > 101.0:
            source.waiting.append(([0xF8], 0.0))

    clock.sleep = sleep_until_it_answers

    assert beat.beat()
    sent = system.clients[0].done.count(("send", [0xF8]))
    assert sent == pytest.approx(1.0 / jack.BEAT_AGAIN_SECONDS, abs=1.5)


def test_a_dead_server_is_dead_for_ever(system, clock):
    beat = heartbeat(system)
    system.alive = False

    assert not beat.beat()
    assert clock.now - 100.0 == pytest.approx(jack.BEAT_SECONDS, abs=2 * jack.BEAT_AGAIN_SECONDS)

    system.alive = True
    before = clock.now
    assert not beat.beat()
    assert (beat.alive, clock.now) == (False, before)


def test_an_output_asks_now_and_then_whether_the_server_lives(system, clock):
    beat = heartbeat(system)
    client = system.MidiOut(rtapi=3, name="midifrag")
    output = WatchedOutput(client, beat)
    sink = system.clients[0]

    for _ in range(jack.BEAT_EVERY):
        output.send(PRESS)
    assert ("send", [0xF8]) not in sink.done
    for _ in range(jack.BEAT_EVERY):
        output.send(PRESS)
    assert sink.done.count(("send", [0xF8])) == 1
    output.send(PRESS)
    assert sink.done.count(("send", [0xF8])) == 2
    output.close()

    assert client.done == [("send", PRESS.bytes())] * (2 * jack.BEAT_EVERY + 1) + ["close_port", "delete"]


def test_an_output_sends_nothing_to_a_dead_server(system, clock):
    beat = heartbeat(system)
    client = system.MidiOut(rtapi=3, name="midifrag")
    output = WatchedOutput(client, beat)
    for _ in range(jack.BEAT_EVERY):
        output.send(PRESS)
    system.alive = False

    with pytest.raises(OSError, match="the JACK server died"):
        output.send(PRESS)
    with pytest.raises(OSError, match="the JACK server died"):
        WatchedOutput(client, beat).send(PRESS)
    assert client.done.count(("send", PRESS.bytes())) == jack.BEAT_EVERY
