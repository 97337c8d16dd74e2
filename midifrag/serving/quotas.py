"""How much of a server one token may have: jobs at once, seconds of audio a minute, and connections."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

#: Seconds that `Quota.seconds_a_minute` looks back on.
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Quota:
    """Of one token, at one replica. ``kept_bytes`` of finished audio are kept for its client to come back.

    ``kept_in_all`` are those of all tokens together. A way in has ``connections`` of it.

    An engine prepares for ``warm_a_minute`` renders, as often as a client says them.
    """

    in_flight: int = 64
    seconds_a_minute: float = 1800.0
    kept_bytes: int = 1 << 28
    kept_in_all: int = 1 << 30
    warm_a_minute: int = 512
    connections: int = 64


#: Seconds that a server which ends waits for what is in flight, and for takes to be fetched.
DRAIN_SECONDS = 120.0
#: What a token has where nothing else is said.
USUAL_QUOTA = Quota()


class Spending:
    """What one token asked for in the last minute: seconds of audio, or how many renders to prepare for."""

    def __init__(self) -> None:
        self._asked: deque[tuple[float, float]] = deque()

    def within(self, now: float) -> float:
        """Seconds of audio asked for in the minute before ``now``."""
        while self._asked and self._asked[0][0] <= now - MINUTE:
            self._asked.popleft()
        return sum(seconds for _moment, seconds in self._asked)

    def spend(self, now: float, seconds: float) -> None:
        """Take in that so many are asked for."""
        self._asked.append((now, seconds))
