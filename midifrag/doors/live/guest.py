"""One connection at the door into Live: what came in as lines, and what is to go out. Nothing here waits."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from midifrag.doors.live.wire import LONGEST_LINE, OddLineError

#: The most bytes that wait for one who does not read.
MOST_WAITING = 4 * 1024 * 1024


@dataclass(eq=False)
class Guest:
    """Who is connected ``since`` a moment and was ``heard`` last at another (monotonic seconds).

    A ``stranger`` has not said who they are. ``waiting`` is what is to be sent; one who ``leaves`` goes after that.
    """

    socket: socket.socket
    since: float
    role: Literal["stranger", "script", "command"] = "stranger"
    heard: float = 0.0
    waiting: bytearray = field(default_factory=bytearray)
    leaves: bool = False
    _received: bytearray = field(default_factory=bytearray)

    def read(self, now: float) -> bool:
        """Take in what has come; False where they are gone."""
        try:
            data = self.socket.recv(LONGEST_LINE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._received += data
        self.heard = now
        return bool(data)

    def lines(self) -> Iterator[bytes]:
        """The lines that have come. Raises `OddLineError` for one that is too long."""
        while (end := self._received.find(b"\n")) >= 0:
            if end >= LONGEST_LINE:
                raise OddLineError("a line that is too long")
            line = bytes(self._received[:end])
            del self._received[: end + 1]
            yield line
        if len(self._received) >= LONGEST_LINE:
            raise OddLineError("a line without an end")

    def write(self) -> bool:
        """Send what waits, as far as that can be done now; False where they are gone, or have what they came for."""
        try:
            while self.waiting:
                del self.waiting[: self.socket.send(self.waiting)]
        except BlockingIOError:
            return len(self.waiting) <= MOST_WAITING
        except OSError:
            return False
        return not self.leaves
