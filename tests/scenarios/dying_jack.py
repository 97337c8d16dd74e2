"""Ports while their JACK server is killed; in a process of its own, as libjack knows one server per process.

Prints what the performer is told, then ``survived``; whoever starts it sees to it that it ends.
"""

import os
import signal
import subprocess
import time

import mido

from midifrag.config.settings import Settings
from midifrag.midi.ports import Ports
from tests.jack import BACKEND, Peer, Server

PORTS = {"pads": {"in": "pads out", "out": "pads in"}, "live": {"out": {"virtual": "live"}}}
#: Input and output of the one, output of the other.
ENDS = 3


def main() -> None:
    server = Server()
    peer = Peer("pads")
    show = Settings.model_validate({"backend": BACKEND, "ports": PORTS})
    told: list[str] = []
    ports = Ports(show, lambda _event: None, lambda change: told.append(change.text))
    ports.open()
    jackd = subprocess.run(["pgrep", "-P", str(server.guard)], capture_output=True, text=True, check=True).stdout
    os.kill(int(jackd), signal.SIGKILL)
    while sum("died" in text for text in told) < ENDS:
        # Far more than RtMidi's buffers hold: without the heartbeat this never comes back.
        for port in PORTS:
            ports.send(port, [mido.Message("note_on", note=n % 128) for n in range(1000)], led=False)
        time.sleep(0.05)
        ports.poll()
    ports.close()
    peer.kill()
    server.stop()
    print(*told, "survived", sep="\n", flush=True)


if __name__ == "__main__":
    main()
