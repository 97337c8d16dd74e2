"""When a worker that says nothing counts as hanging: nothing tells a slow step from one that never ends but time."""

from __future__ import annotations

#: A busy worker may be silent for this many seconds, and for so many times its longest silence, up to the last.
LEAST_SECONDS, TIMES, MOST_SECONDS = 60.0, 10.0, 600.0


class Patience:
    """Adds up silence. A worker's loading and warm-up teach how slow the machine is.

    Time is handed in piece by piece, so that a laptop that slept does not count its sleep as silence.
    """

    def __init__(self) -> None:
        self._silence = self._longest = 0.0

    @property
    def over(self) -> bool:
        """Whether the silence has lasted too long for a worker that has something to do."""
        return self._silence > self.limit

    @property
    def limit(self) -> float:
        """Seconds of silence that are endured."""
        return max(LEAST_SECONDS, min(TIMES * self._longest, MOST_SECONDS))

    def wait(self, seconds: float) -> None:
        """Nothing was heard for so many more seconds."""
        self._silence += seconds

    def hear(self) -> None:
        """Something was heard."""
        self._longest = max(self._longest, self._silence)
        self._silence = 0.0

    def rest(self) -> None:
        """There is nothing to do, so silence means nothing."""
        self._silence = 0.0
