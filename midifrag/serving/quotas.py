"""How much of a server one token may have: jobs at once, seconds of audio a minute, and connections."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from midifrag.engine.line import messages as line

#: Seconds that `Quota.seconds_a_minute` looks back on.
MINUTE = 60.0
#: Seconds that a request counts as whose length is left to the model, and that one counts as at least: what is refused
#: by its engine costs a place too, and a length below nothing gives none back.
USUAL_SECONDS, LEAST_SECONDS = 10.0, 0.5


@dataclass(frozen=True, slots=True)
class Quota:
    """Of one token: ``in_flight`` and ``seconds_a_minute`` at all replicas together, all else at each.

    ``kept_bytes`` of finished audio are kept for its client to come back.

    ``kept_in_all`` are those of all tokens together. A way in has ``connections`` of it.

    An engine prepares for ``warm_a_minute`` renders, as often as a client says them.
    """

    in_flight: int = 64
    seconds_a_minute: float = 1800.0
    kept_bytes: int = 1 << 28
    kept_in_all: int = 1 << 30
    warm_a_minute: int = 512
    connections: int = 64

    def refusal(self, in_flight: int, spent: float, seconds: float) -> str:
        """Why one more job, of so many seconds, is not taken where so much is used; empty where it is."""
        if in_flight >= self.in_flight:
            return f"{in_flight} jobs of this token are in flight, and no more may be; wait for one."
        if spent + seconds > self.seconds_a_minute:
            return f"this token may ask for {self.seconds_a_minute:g} s of audio a minute; wait a little."
        return ""


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


def seconds_of(wish: line.Wish) -> float:
    """What a wish counts as."""
    return USUAL_SECONDS if wish.seconds is None else max(LEAST_SECONDS, float(wish.seconds))
