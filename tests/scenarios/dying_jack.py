"""Ports while their JACK server is killed; in a process of its own, as libjack knows one server per process.

Prints what the performer is told, then ``survived``.
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


def main() -> None:
    server = Server()
    peer = Peer("pads")
    show = Settings.model_validate({"backend": BACKEND, "ports": PORTS})
    ports = Ports(show, lambda _event: None, lambda change: print(change.text, flush=True))
    ports.open()
    time.sleep(0.3)
    jackd = subprocess.run(["pgrep", "-P", str(server._guard.pid)], capture_output=True, text=True, check=True).stdout
    os.kill(int(jackd), signal.SIGKILL)
    # Far more than RtMidi's buffers hold: without the heartbeat this never comes back.
    for _ in range(5):
        for port in PORTS:
            ports.send(port, [mido.Message("note_on", note=n % 128) for n in range(1000)], led=False)
        time.sleep(0.05)
    ports.poll()
    ports.poll()
    ports.close()
    peer.kill()
    server.stop()
    print("survived", flush=True)


if __name__ == "__main__":
    main()
