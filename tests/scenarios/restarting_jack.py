"""Ports through the death of their JACK server and the life of the next one; in a process and with servers of its own.

Prints what the performer is told, then ``played on`` once both directions work again; whoever starts it sees to it that
it ends. Its argument is the signal that ends the first server.
"""

import os
import signal
import sys
import time

import mido

from midifrag.config.settings import Settings
from midifrag.midi.messages import MidiEvent, NoteOn
from midifrag.midi.ports import Ports
from tests.jack import BACKEND, EACH, Peer, Server, again_and_again

PORTS = {"pads": {"in": "pads out", "out": "pads in"}, "live": {"out": {"virtual": "live"}}}
PRESS = mido.Message("note_on", note=36, velocity=100)
LIGHT = mido.Message("note_on", note=36, velocity=13)


def main() -> None:
    server = Server()
    peer = Peer("pads")
    show = Settings.model_validate({"backend": BACKEND, "ports": PORTS})
    told: list[str] = []
    heard: list[MidiEvent] = []
    ports = Ports(show, heard.append, lambda change: told.append(change.text))
    ports.open()
    ports.watch()
    os.kill(server.pid, signal.Signals[sys.argv[1]])
    if sys.argv[1] == "SIGSTOP":
        # Far more than RtMidi's buffers hold: it would spin for ever.
        for port in PORTS:
            ports.send(port, [mido.Message("note_on", note=n % 128) for n in range(5000)], led=False)
    until(lambda: sum("is gone: The JACK server" in text for text in told) == 3)
    peer.kill()
    server.kill()
    server = Server()
    peer = Peer("pads")
    until(lambda: sum("is open" in text for text in told) == 6)
    assert again_and_again(
        lambda: peer.send(PRESS) is None and waited(lambda: any(isinstance(e, NoteOn) for e in heard))
    )
    assert again_and_again(lambda: ports.send("pads", [LIGHT]) and peer.wait_for(lambda got: LIGHT in got, EACH))
    ports.close()
    peer.kill()
    print(*told, "played on", sep="\n", flush=True)
    server.stop()


def until(condition) -> None:
    while not condition():
        time.sleep(0.02)


def waited(condition) -> bool:
    deadline = time.monotonic() + EACH
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


if __name__ == "__main__":
    main()
