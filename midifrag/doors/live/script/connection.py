"""The line to a running midifrag: found by its file, polled in Live's ticks, opened again for ever.

Nothing here waits. Live's ticks are its only turn, and what one of them may read and send is bounded.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path
from typing import Callable

from .messages import MOST_BYTES, Incoming, Message, Ping, Refused, Welcome, WireError, decoded, encoded, told

#: Bytes that one tick reads and sends at most, each in one call.
BYTES_A_TICK = 16 * 1024
#: Lines that one tick takes at most.
LINES_A_TICK = 16
#: Bytes that wait to be sent at most; with more, midifrag does not read, and is left.
MOST_WAITING = 4 * MOST_BYTES
#: Seconds without a word from midifrag, which says one every two, after which it is gone.
SILENCE = 10.0
#: Seconds that opening may take: where nobody listens, Windows only says so after two.
OPENING = 3.0
#: Seconds between attempts: the first, and the longest, which is also the one after a refusal.
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 2.0

_UNDERWAY = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK))


def home() -> Path:
    """Midifrag's folder of the user."""
    return Path(os.environ.get("MIDIFRAG_HOME") or Path("~").expanduser() / ".midifrag")


class Connection:
    """``hello`` makes the first line but its token, ``log`` takes a line for Live's log, ``clock`` tells seconds."""

    def __init__(self, hello: Callable[[], Message], log: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._hello = hello
        self._log = log
        self._clock = clock
        self._socket: socket.socket | None = None
        self._is_open = False
        self._token = ""
        self._pause = 0.0
        self._next_at = clock()
        self._since = 0.0
        self._heard_at = 0.0
        self._joined_at = 0.0
        self._has_ended = False
        self._came_in = bytearray()
        self._goes_out = bytearray()
        self._logged = ""
        #: Whether midifrag has welcomed us.
        self.is_joined = False
        #: Counts the connections; what belongs to an earlier one is not told to the next.
        self.life = 0

    def poll(self) -> list[Incoming]:
        """One tick's turn: open, or read. Returns what came in, pings answered."""
        try:
            if self._socket is None:
                if self._clock() >= self._next_at:
                    self._open()
                return []
            if not self._is_open and not self._has_opened(self._socket):
                return []
            return self._read(self._socket)
        except (OSError, WireError) as error:
            self._leave(told(error))
            return []

    def send(self, message: Message) -> None:
        """Put a line into the queue of what is sent; nothing where there is no connection."""
        if not self._is_open:
            return
        self._goes_out += encoded(message)
        if len(self._goes_out) > MOST_WAITING:
            self._leave("midifrag does not read what it is sent")

    def flush(self) -> None:
        """Send what waits, as far as the system takes it in one call."""
        if self._socket is None or not self._goes_out:
            return
        try:
            sent = self._socket.send(bytes(self._goes_out[:BYTES_A_TICK]))
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._leave(told(error))
            return
        del self._goes_out[:sent]

    def leave(self, why: str) -> None:
        """End this connection, and come back after a pause."""
        self._leave(why)

    def close(self) -> None:
        """End for good."""
        self._drop()
        self._next_at = float("inf")

    def _open(self) -> None:
        found = self._found()
        if found is None:
            self._wait()
            return
        port, self._token = found
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._since = self._clock()
        code = self._socket.connect_ex(("127.0.0.1", port))
        if code not in (0, errno.EISCONN, *_UNDERWAY):
            raise OSError(code, os.strerror(code))

    def _found(self) -> tuple[int, str] | None:
        """Port and token, from the file that a running midifrag writes."""
        path = home() / "ableton.json"
        try:
            with path.open("rb") as file:
                described = json.loads(file.read(4096).decode("utf-8"))
            port, token = described["port"], described["token"]
        except FileNotFoundError:
            self._say("waiting for midifrag")
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            self._say(f"{path} cannot be read: is midifrag's `ableton:` written in its set?")
        else:
            if isinstance(port, int) and 0 < port < 65536 and isinstance(token, str):
                return port, token
            self._say(f"{path} holds no port and token")
        return None

    def _has_opened(self, opening: socket.socket) -> bool:
        code = opening.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        try:
            there = opening.getpeername()
        except OSError:
            if self._clock() - self._since > OPENING:
                raise OSError(errno.ETIMEDOUT, "midifrag does not answer") from None
            return False
        # A port that nobody listens on any more may be given to us, and then we are connected to ourselves.
        if there == opening.getsockname():
            raise OSError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        opening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._is_open = True
        self._has_ended = False
        self._heard_at = self._clock()
        self.life += 1
        self.send(dict(self._hello(), token=self._token))
        return True

    def _read(self, open_one: socket.socket) -> list[Incoming]:
        if not self._has_ended and len(self._came_in) <= MOST_BYTES:
            try:
                read = open_one.recv(BYTES_A_TICK)
            except (BlockingIOError, InterruptedError):
                if self._clock() - self._heard_at > SILENCE:
                    raise WireError("midifrag says nothing any more") from None
            except OSError:
                self._has_ended = True
            else:
                self._has_ended = not read
                self._heard_at = self._clock()
                self._came_in += read
        said = self._lines()
        # What it had sent before it went is done all the same.
        if self._has_ended and b"\n" not in self._came_in:
            self._leave("midifrag went away")
        return said

    def _lines(self) -> list[Incoming]:
        said: list[Incoming] = []
        for _ in range(LINES_A_TICK):
            end = self._came_in.find(b"\n")
            if (len(self._came_in) if end < 0 else end) >= MOST_BYTES:
                raise WireError("midifrag sent a line that is too long")
            if end < 0:
                break
            line = bytes(self._came_in[:end])
            # First of all: one that cannot be read is not to come up again at each tick.
            del self._came_in[: end + 1]
            self._hear(decoded(line), said)
            if self._socket is None:
                break
        return said

    def _hear(self, message: Incoming, said: list[Incoming]) -> None:
        if isinstance(message, Refused):
            self._pause = LONGEST_PAUSE
            self._leave("midifrag refuses this Live: " + told(message.text))
        elif isinstance(message, Ping):
            self.send({"type": "pong", "sent": message.sent})
        elif isinstance(message, Welcome):
            if not self.is_joined:
                self.is_joined = True
                self._joined_at = self._clock()
                self._say("connected to midifrag")
            said.append(message)
        elif not self.is_joined:
            raise WireError("midifrag did not say welcome first")
        else:
            said.append(message)

    def _leave(self, why: str) -> None:
        # What breaks as soon as it is made is not made four times a second.
        if self.is_joined and self._clock() - self._joined_at > SILENCE:
            self._pause = 0.0
        self._drop()
        self._wait()
        self._say("no connection to midifrag: " + why)

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._is_open = self.is_joined = False
        self._came_in.clear()
        self._goes_out.clear()

    def _wait(self) -> None:
        self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
        self._next_at = self._clock() + self._pause

    def _say(self, text: str) -> None:
        """Log ``text``, but not at each attempt."""
        if text != self._logged:
            self._logged = text
            self._log(text)
