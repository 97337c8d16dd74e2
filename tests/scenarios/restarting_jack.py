"""Ports through the deaths of JACK servers and the lives of the next ones; in a process and with servers of its own.

Prints what the performer is told of each server's end, and ``played on`` once both directions work again. Its arguments
are the signals that end the servers.
"""

import os
import signal
import sys
import time
from collections.abc import Callable

import mido

from midifrag.config.settings import Settings
from midifrag.midi.messages import MidiEvent, NoteOn, PortChanged
from midifrag.midi.ports import Ports
from tests.jack import BACKEND, EACH, Peer, Server, again_and_again

PORTS = {"pads": {"in": "pads out", "out": "pads in"}, "live": {"out": {"virtual": "live"}}}
PRESS = mido.Message("note_on", note=36, velocity=100)
LIGHT = mido.Message("note_on", note=36, velocity=13)
#: Input and output of the one, output of the other.
ENDS = 3


def main() -> None:
    server = Server()
    peer = Peer("pads")
    show = Settings.model_validate({"backend": BACKEND, "ports": PORTS})
    told: list[PortChanged] = []
    heard: list[MidiEvent] = []
    ports = Ports(show, heard.append, told.append)
    ports.open()
    ports.watch()
    for name in sys.argv[1:]:
        told.clear()
        os.kill(server.pid, signal.Signals[name])
        if name == "SIGSTOP":
            # Far more than RtMidi's buffers hold: it would spin for ever.
            for port in PORTS:
                ports.send(port, [mido.Message("note_on", note=n % 128) for n in range(5000)], led=False)
        until(lambda: len({(change.port, change.direction) for change in told if change.state == "lost"}) == ENDS)
        print(name, *(change.text for change in told if change.state == "lost"), sep="\n", flush=True)
        peer.kill()
        server.kill()
        server = Server()
        peer = Peer("pads")
        until(lambda: sum(change.state == "open" for change in told) >= ENDS)
        heard.clear()
        assert both_ways_work(ports, peer, heard)
        print("played on", flush=True)
    ports.close()
    peer.kill()
    server.stop()


def both_ways_work(ports: Ports, peer: Peer, heard: list[MidiEvent]) -> bool:
    def comes_in() -> bool:
        peer.send(PRESS)
        return until(lambda: is_pressed(heard), EACH)

    def goes_out() -> bool:
        return ports.send("pads", [LIGHT]) and peer.wait_for(lambda got: LIGHT in got, EACH)

    return again_and_again(comes_in) and again_and_again(goes_out)


def is_pressed(heard: list[MidiEvent]) -> bool:
    return any(isinstance(event, NoteOn) for event in heard)


def until(condition: Callable[[], bool], seconds: float = 120.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


if __name__ == "__main__":
    main()
