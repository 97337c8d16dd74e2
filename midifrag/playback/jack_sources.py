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

    def registered(name: str, is_there: bool) -> None:
        if name == program and not is_there:
            gone.set()

    with contextlib.ExitStack() as until_then:
        # Whatever is missing: no libjack, no server, no room for another client, or a server that ends just now.
        with contextlib.suppress(Exception):
            import jack

            looks = jack.Client(client, no_start_server=True)
            until_then.callback(looks.close)
            looks.set_client_registration_callback(registered)
            looks.activate()
        yield gone
