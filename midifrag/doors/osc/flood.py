"""Floods of messages: held back, and told when they begin and end, with how many got lost where that is known."""

from __future__ import annotations

from collections.abc import Callable

from midifrag.events import Notice
from midifrag.states import NoticeLevel

#: Messages a second that are taken in for long, and at once: what comes faster waits in the system, which leaves out
#: what is too much, so that no flood keeps the show from its work.
RATE, BURST = 1000.0, 1000.0
#: Seconds without too much after which a flood is over.
OVER_AFTER = 2.0


class Flood:
    """What comes in, by the clock of who calls (monotonic seconds). ``put`` takes notices."""

    def __init__(self, put: Callable[[Notice], None], now: float) -> None:
        self._put = put
        self._allowed, self._since = BURST, now
        #: When there was too much last; None while there is no flood.
        self._high: float | None = None
        #: How many the system had left out when the flood began, and at the last look.
        self._before = self._left_out = 0

    def take(self, count: int, now: float) -> float:
        """So many messages have come; how many seconds to wait before more are taken in."""
        self._allowed = min(BURST, self._allowed + (now - self._since) * RATE) - count
        self._since = now
        if self._allowed >= 0:
            return 0.0
        self._rise(f"more than {RATE:.0f} messages a second come in; they are slowed down, and some may get lost", now)
        return -self._allowed / RATE

    def look(self, left_out: int | None, now: float) -> None:
        """``left_out`` is how many packets the system has left out until now, None where it does not say."""
        if left_out is not None and left_out != self._left_out:
            self._left_out = left_out
            self._rise("more messages come in than the system holds; some get lost", now)
        if self._high is not None and now - self._high >= OVER_AFTER:
            self._high = None
            self._tell(NoticeLevel.INFO, f"the flood is over; {self._lost(left_out)}")
            self._before = self._left_out

    def end(self) -> None:
        """The socket is another one from now on, which has left out nothing yet."""
        self._before = self._left_out = 0

    def _rise(self, text: str, now: float) -> None:
        if self._high is None:
            self._tell(NoticeLevel.WARNING, text)
        self._high = now

    def _lost(self, left_out: int | None) -> str:
        if left_out is None:
            return "how many packets got lost, this system does not say"
        count = self._left_out - self._before
        return {0: "none got lost", 1: "1 packet got lost"}.get(count, f"{count} packets got lost")

    def _tell(self, level: NoticeLevel, text: str) -> None:
        self._put(Notice(level, f"OSC: {text}"))
