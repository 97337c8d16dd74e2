"""Whether a program that is heard over JACK has left.

PortAudio connects to one once, and gives silence when it is gone, also when it is back.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def leaving(program: str, client: str) -> Iterator[threading.Event]:
    """An event that is set when the JACK client ``program`` leaves; never, where that cannot be known.

    ``client`` is what the one that finds out is called.
    """
    gone = threading.Event()
    try:
        import jack

        looks = jack.Client(client, no_start_server=True)
    except Exception:  # whatever is missing: no libjack, no server, no room for another client
        yield gone
        return

    def registered(name: str, is_there: bool) -> None:
        if name == program and not is_there:
            gone.set()

    looks.set_client_registration_callback(registered)
    looks.activate()
    try:
        yield gone
    finally:
        looks.close()
