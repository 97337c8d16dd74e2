"""Ports opened on a JACK server that is stopped, which goes on while they wait, and is stopped again before they close.

In a process of its own, with a server of its own. Prints what opening said, and ``played on`` at the end.
"""

import os
import signal
import time

from midifrag.config.settings import Settings
from midifrag.errors import NoMidiError
from midifrag.midi.messages import PortChanged
from midifrag.midi.ports import Ports
from tests.jack import BACKEND, Server


def main() -> None:
    server = Server()
    show = Settings.model_validate({"backend": BACKEND, "ports": {"live": {"out": {"virtual": "live"}}}})
    told: list[PortChanged] = []
    os.kill(server.pid, signal.SIGSTOP)
    ports = Ports(show, print, told.append)
    try:
        ports.open()
    except NoMidiError as error:
        print(error)
    ports.watch()
    os.kill(server.pid, signal.SIGCONT)
    while not any(change.state == "open" for change in told):
        time.sleep(0.02)
    os.kill(server.pid, signal.SIGSTOP)
    ports.close()
    print("played on", flush=True)
    server.kill()


if __name__ == "__main__":
    main()
