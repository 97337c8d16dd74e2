"""What is said to Hydrogen over OSC, by the manual of Hydrogen 1.2.

There are no answers. Whether anybody listens is known only on one machine, which refuses what nobody takes.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

from pythonosc.osc_message_builder import BuildError, OscMessageBuilder

from midifrag.legible import legible

#: Seconds that a refusal of this machine needs at most.
REFUSAL = 0.05
#: The most that Hydrogen has said since, in messages, that is thrown away before anything is sent.
_MOST = 10_000


class HydrogenLine:
    """One line to the Hydrogen at an address: it sends what it shows to all that ever spoke to it, so there is one."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._socket: socket.socket | None = None

    def knock(self) -> None:
        """Find out whether anybody listens, by a message that means nothing. Raises OSError where that is refused."""
        self._send(OscMessageBuilder("/midifrag/knock"))

    def load(self, folder: Path) -> None:
        """Have the kit in ``folder`` read; instruments that have notes are kept, should it have fewer.

        Raises OSError where it is refused, and ValueError for a folder whose name cannot be told.
        """
        message = OscMessageBuilder("/Hydrogen/LOAD_DRUMKIT")
        message.add_arg(str(folder), "s")
        message.add_arg(1.0, "f")
        try:
            self._send(message)
        except BuildError as error:
            told = legible(str(folder))
            raise ValueError(f"the folder {told} has no name that it can be told: choose another folder") from error

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: OscMessageBuilder) -> None:
        written = message.build().dgram
        try:
            line = self._open()
            line.send(written)
            line.settimeout(REFUSAL)
            with suppress(TimeoutError):
                line.recv(65536)
        except OSError:
            self.close()
            raise

    def _open(self) -> socket.socket:
        """The line, with nothing left on it of what was said or refused before."""
        if self._socket is None:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
            # Hydrogen listens on the older kind of addresses only, and a name such as localhost may mean both.
            family, kind, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
            self._socket = socket.socket(family, kind)
            self._socket.connect(address)
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            for _ in range(_MOST):
                with suppress(ConnectionError):
                    self._socket.recv(65536)
        return self._socket
