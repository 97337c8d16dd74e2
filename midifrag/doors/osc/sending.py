"""What goes out over UDP: each target has a thread of its own, so that none waits for another's name or network."""

from __future__ import annotations

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from midifrag.clock import monotonic
from midifrag.config.osc import Endpoint
from midifrag.doors.osc import udp
from midifrag.doors.osc.faults import Trouble
from midifrag.events import Notice
from midifrag.states import NoticeLevel

#: Packets that wait for a target; the oldest go first.
MOST_WAITING = 1000
#: Seconds until a name that could not be found is looked up again.
LOOK_UP_EVERY = 5.0
#: How long the end waits for the thread, in seconds: a name may be looked up for longer.
CLOSE_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Target:
    """One program that is told. UDP does not say whether it is there, and nothing waits for it.

    ``put`` takes notices.
    """

    def __init__(self, where: Endpoint, put: Callable[[Notice], None]) -> None:
        self._where = where
        self._trouble = Trouble(put)
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._changed = threading.Condition()
        self._closing = False
        self._socket: socket.socket | None = None
        self._address: Any = None
        self._look_up_at = 0.0
        self._thread = threading.Thread(target=self._run, name=f"midifrag-osc-out {where}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def send(self, packet: bytes) -> None:
        """Send a packet, soon; never blocks."""
        with self._changed:
            self._waiting.append(packet)
            self._changed.notify()

    def end(self) -> None:
        """Send what waits, and end; nobody waits for that here."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """`end`, and wait for so long until it has."""
        self.end()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if not self._waiting:
                    break
                packet = self._waiting.popleft()
            try:
                self._send(packet)
            except Exception:
                # A mistake of ours must not end what is told.
                _log.exception("a packet of OSC could not be sent")
        self._leave()

    def _send(self, packet: bytes) -> None:
        try:
            if self._socket is None and monotonic() < self._look_up_at:
                return
            if self._socket is None:
                self._socket, self._address = udp.sending(self._where)
            self._socket.sendto(packet, self._address)
            self._trouble.end()
        except (BlockingIOError, ConnectionError):
            # More than the network takes, or nobody there: as lost as on the way.
            pass
        except OSError as error:
            self._leave()
            self._look_up_at = monotonic() + LOOK_UP_EVERY
            reason = str(error.strerror or error)
            text = f"cannot send to {self._where}: {reason}; it is tried again, and osc.send says where to"
            self._trouble.meet(NoticeLevel.WARNING, reason, text)

    def _leave(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
