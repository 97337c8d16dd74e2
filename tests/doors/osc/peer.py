"""A program at the other end of OSC, over real UDP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket

from tests.support import PATIENCE


def free_port() -> int:
    """A UDP port of this machine that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def packet(path: str, *values: Any) -> bytes:
    """A message as python-osc itself writes it."""
    builder = OscMessageBuilder(path)
    for value in values:
        builder.add_arg(value)
    return builder.build().dgram


def send(port: int, data: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(data, ("127.0.0.1", port))


class Peer:
    """Receives messages at ``port``, as ``(path, value, …)``."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.received: list[tuple[Any, ...]] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait_for(self, condition: Callable[[list[tuple[Any, ...]]], Any]) -> Any:
        """What ``condition`` says of all that was received, once it says something."""
        with self._changed:
            found = self._changed.wait_for(lambda: condition(self.received), PATIENCE)
        assert found, f"did not come about; last: {self.received[-5:]}"
        return found

    def wait_for_message(self, path: str) -> tuple[Any, ...]:
        """The first message of an address."""
        found: tuple[Any, ...] = self.wait_for(lambda all_: next((one for one in all_ if one[0] == path), None))
        return found

    def close(self) -> None:
        # A socket whose buffer is full drops what comes, this too.
        while self._thread.is_alive():
            send(self.port, b"")
            self._thread.join(0.1)
        self._socket.close()

    def _run(self) -> None:
        while data := self._socket.recv(65535):
            with self._changed:
                self.received += [(one.message.address, *one.message) for one in OscPacket(data).messages]
                self._changed.notify_all()
