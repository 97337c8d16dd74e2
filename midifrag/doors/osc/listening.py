"""What comes in over UDP: a thread with a socket that hands packets on, and tries again where its port is taken."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Callable

from midifrag.clock import monotonic
from midifrag.config.osc import Endpoint
from midifrag.doors.osc import udp
from midifrag.doors.osc.faults import Trouble
from midifrag.events import Notice
from midifrag.states import NoticeLevel

#: Seconds between two tries to get a port, and between two looks whether this is the end.
TRY_EVERY, LOOK_EVERY = 2.0, 0.25
#: Messages a second that are taken in for long, and at once: what comes faster waits in the system, which leaves out
#: what is too much, so that no flood keeps the show from its work.
RATE, BURST = 1000.0, 1000.0
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
        self._allowed, self._since = BURST, monotonic()
        self._flooded = False

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
        while not self._closing.is_set():
            try:
                packet = hearing.recv(MOST_BYTES)
            except TimeoutError:
                continue
            except ConnectionResetError:
                # Windows tells here that something sent earlier did not arrive.
                continue
            try:
                # A bundle of nothing takes time too.
                self._hold_back(max(1, self._take(packet)))
            except Exception:
                # A mistake of ours must not make the show deaf.
                _log.exception("a packet of OSC could not be taken in")

    def _hold_back(self, count: int) -> None:
        """Wait where more comes than is taken in for long."""
        now = monotonic()
        self._allowed = min(BURST, self._allowed + (now - self._since) * RATE) - count
        self._since = now
        if self._allowed >= 0:
            return
        if not self._flooded:
            self._flooded = True
            text = f"OSC: more than {RATE:.0f} messages a second come in; they are slowed down, and some may get lost"
            self._put(Notice(NoticeLevel.WARNING, text))
        self._closing.wait(-self._allowed / RATE)


def _not_listening(where: Endpoint, error: OSError) -> str:
    taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
    way = "End the program that has its port, or set osc.listen to another one"
    if not taken:
        way = "Set osc.listen to a port of this machine"
    return (
        f"cannot listen on {where}: {error.strerror or error}. {way}; the show goes on without, and tries again every "
        f"{TRY_EVERY:.0f} s"
    )
