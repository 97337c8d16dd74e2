"""What comes in over UDP: a thread with a socket that hands packets on, and tries again where its port is taken."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Callable

from midifrag.clock import monotonic
from midifrag.config.osc import FIRST_FREE, Endpoint
from midifrag.doors.osc import udp
from midifrag.doors.osc.faults import Trouble
from midifrag.doors.osc.flood import Flood
from midifrag.events import Notice
from midifrag.states import NoticeLevel

#: Seconds between two tries to get a port, and between two looks whether this is the end.
TRY_EVERY, LOOK_EVERY = 2.0, 0.25
#: The largest packet.
MOST_BYTES = 65535
#: How long the end waits for the thread, in seconds.
CLOSE_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Listener:
    """Hands ``take`` each packet that comes to ``where``; it says how many messages that held.

    ``put`` takes notices.
    """

    def __init__(self, where: Endpoint, take: Callable[[bytes], int], put: Callable[[Notice], None]) -> None:
        self._where = where
        self._take = take
        self._put = put
        self._trouble = Trouble(put)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midifrag-osc-in", daemon=True)
        self._flood = Flood(put, monotonic())
        self._look_at = 0.0

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with udp.listening(self._where) as hearing:
                    hearing.settimeout(LOOK_EVERY)
                    self._trouble.end(f"listens on {self._where} now")
                    self._hear(hearing)
            except OSError as error:
                reason = str(error.strerror or error)
                self._trouble.meet(NoticeLevel.ERROR, reason, _not_listening(self._where, error))
                self._closing.wait(TRY_EVERY)

    def _hear(self, hearing: socket.socket) -> None:
        self._flood.end()
        while not self._closing.is_set():
            packet = self._received(hearing)
            now = monotonic()
            if now >= self._look_at:
                self._look_at = now + LOOK_EVERY
                self._flood.look(udp.left_out(hearing), now)
            if packet is None:
                continue
            try:
                # A bundle of nothing takes time too.
                wait = self._flood.take(max(1, self._take(packet)), monotonic())
                if wait:
                    self._closing.wait(wait)
            except Exception:
                # A mistake of ours must not make the show deaf.
                _log.exception("a packet of OSC could not be taken in")

    @staticmethod
    def _received(hearing: socket.socket) -> bytes | None:
        try:
            return hearing.recv(MOST_BYTES)
        except (TimeoutError, ConnectionResetError):
            # The second is how Windows tells that something sent earlier did not arrive.
            return None


def _not_listening(where: Endpoint, error: OSError) -> str:
    way = "Set osc.listen to a port of this machine"
    if error.errno == errno.EACCES and where.port < FIRST_FREE:
        way = f"Set osc.listen to a port above {FIRST_FREE - 1}"
    elif error.errno in (errno.EADDRINUSE, errno.EACCES):
        # The second is what Windows says.
        way = "End the program that has its port, or set osc.listen to another one"
    return (
        f"cannot listen on {where}: {error.strerror or error}. {way}; the show goes on without, and tries again every "
        f"{TRY_EVERY:.0f} s"
    )
