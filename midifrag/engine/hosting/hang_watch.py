"""When a worker that says nothing counts as hanging: nothing tells a slow step from one that never ends but time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum, auto

#: A busy worker may be silent for this many seconds, and for so many times its longest silence, up to the last.
LEAST_SECONDS, TIMES, MOST_SECONDS = 60.0, 10.0, 600.0


class Activity(Enum):
    """What a worker is at. Loading may take long without a word; an idle one has nothing to say."""

    LOADING = auto()
    BUSY = auto()
    IDLE = auto()


class Patience:
    """Adds up silence. A worker's loading and warm-up teach how slow the machine is.

    Time is handed in piece by piece, so that a laptop that slept does not count its sleep as silence.
    """

    def __init__(self) -> None:
        self.is_loading = False
        self._silence = self._longest = 0.0

    @property
    def over(self) -> bool:
        """Whether the silence has lasted too long for a worker that has something to do."""
        return self._silence > self.limit

    @property
    def limit(self) -> float:
        """Seconds of silence that are endured."""
        if self.is_loading:
            return MOST_SECONDS
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


class Watch(threading.Thread):
    """Calls ``end`` when a worker has been silent for too long; ``endured`` is then how long, in seconds.

    Looks every ``every`` seconds, on a thread of its own: half a message keeps the one that listens waiting.
    """

    def __init__(self, every: float, activity: Callable[[], Activity], end: Callable[[], None]) -> None:
        super().__init__(name="midifrag-engine-watch", daemon=True)
        self.endured: float | None = None
        self._every, self._activity, self._end = every, activity, end
        self._heard = 0
        self._over = threading.Event()

    def hear(self) -> None:
        """Something was heard, whole."""
        self._heard += 1

    def stop(self) -> None:
        """The worker is gone."""
        self._over.set()

    def run(self) -> None:
        """Look until stopped, or until patience is over."""
        patience, heard = Patience(), self._heard
        while not self._over.wait(self._every):
            activity = self._activity()
            patience.is_loading = activity is Activity.LOADING
            patience.wait(self._every)
            if heard != self._heard:
                heard = self._heard
                patience.hear()
            elif activity is Activity.IDLE:
                patience.rest()
            if patience.over:
                self.endured = patience.limit
                self._end()
                return
