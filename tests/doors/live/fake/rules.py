"""What the script may not do in Live; each breach is kept, and most raise at once."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any, Callable

_real_time = time.monotonic

#: What one tick may do at most.
MOST = {"reads": 1, "read_bytes": 16 * 1024, "sends": 1, "sent_bytes": 16 * 1024, "landings": 1}


class BreachError(Exception):
    """The script has done what no script may."""


class Rules:
    """Counts, and keeps the breaches."""

    def __init__(self) -> None:
        self.breaches: list[str] = []
        self.listeners_deep = 0
        self.in_turn = False
        self.counts = dict.fromkeys(MOST, 0)
        self.worst = dict.fromkeys(MOST, 0)
        self.totals = dict.fromkeys(MOST, 0)
        #: Paths that have come into Live, in order, and when, by the machine's clock.
        self.landed: list[str] = []
        self.landed_at: list[float] = []
        #: How often a file was refused.
        self.refused = 0
        #: How many of the next are, whatever they are.
        self.to_refuse = 0
        #: Called once while the next sample is loaded: a dialogue lets Live's timers go on.
        self.dialogue: Callable[[], None] | None = None

    def broken(self, text: str) -> BreachError:
        self.breaches.append(text)
        return BreachError(text)

    def begin_turn(self) -> None:
        self.in_turn = True
        self.counts = dict.fromkeys(MOST, 0)

    def end_turn(self) -> None:
        self.in_turn = False
        for what, count in self.counts.items():
            self.worst[what] = max(self.worst[what], count)
            self.totals[what] += count
            if count > MOST[what]:
                self.broken(f"{count} {what} in one tick, and {MOST[what]} are allowed")

    def count(self, what: str, number: int = 1) -> None:
        if not self.in_turn:
            raise self.broken(what + " outside of a tick")
        self.counts[what] += number

    def has_landed(self, path: str) -> None:
        self.landed.append(path)
        self.landed_at.append(_real_time())
        dialogue, self.dialogue = self.dialogue, None
        if dialogue is not None:
            dialogue()

    def check_write(self, what: str) -> None:
        if self.listeners_deep:
            self.broken(what + " was written inside a listener")
            raise RuntimeError("Changes cannot be triggered by notifications. You will need to defer your response.")
        if not self.in_turn:
            raise self.broken(what + " was written outside of a tick")


RULES = Rules()


class CountedSocket(socket.socket):
    """Counts what goes through it, and may never wait."""

    def _counted(self, what: str, size: int) -> None:
        if self.gettimeout() != 0.0:
            raise RULES.broken("a socket that waits")
        RULES.count(what)
        if what == "reads":
            RULES.count("read_bytes", size)

    def connect(self, _address: Any) -> None:
        raise RULES.broken("connect() waits; connect_ex() of a non-blocking socket does not")

    def connect_ex(self, address: Any) -> int:
        if self.gettimeout() != 0.0:
            raise RULES.broken("a socket that waits")
        return super().connect_ex(address)

    def recv(self, size: int, flags: int = 0) -> bytes:
        self._counted("reads", 0)
        read = super().recv(size, flags)
        RULES.count("read_bytes", len(read))
        return read

    def send(self, data: Any, flags: int = 0) -> int:
        self._counted("sends", 0)
        sent = super().send(data, flags)
        RULES.count("sent_bytes", sent)
        return sent

    def sendall(self, *_sent: Any) -> None:
        raise RULES.broken("sendall() may wait")

    def makefile(self, *_how: Any, **_named: Any) -> Any:
        raise RULES.broken("a file over a socket may wait")


def enforce() -> None:
    """From now on this process has no threads, no sleep, and only counted sockets."""

    def no_thread(*args: Any, **named: Any) -> Any:
        raise RULES.broken("a thread was started")

    def no_sleep(seconds: float) -> None:
        raise RULES.broken("time.sleep() stops Live")

    threading.Thread.start = no_thread
    threading._start_new_thread = no_thread
    import _thread

    _thread.start_new_thread = no_thread
    time.sleep = no_sleep
    socket.socket = CountedSocket
