"""When a worker that says nothing counts as hanging: nothing tells a slow step from one that never ends but time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum, auto

#: A busy worker may be silent for this many seconds, and for so many times its longest silence, up to the last.
MIN_SILENCE, SLOWEST_FACTOR, MAX_SILENCE = 60.0, 10.0, 600.0


class Activity(Enum):
    """What a worker is at. Loading may take long without a word; an idle one has nothing to say."""

    LOADING = auto()
    BUSY = auto()
    IDLE = auto()


class HangDetector:
    """Adds up silence. A worker's loading and warm-up teach how slow the machine is.

    Time is handed in piece by piece, so that a laptop that slept does not count its sleep as silence.
    """

    def __init__(self) -> None:
        self.is_loading = False
        self._silence = self._longest = 0.0

    @property
    def is_hanging(self) -> bool:
        """Whether the silence has lasted too long for a worker that has something to do."""
        return self._silence > self.limit

    @property
    def limit(self) -> float:
        """Seconds of silence that are borne."""
        if self.is_loading:
            return MAX_SILENCE
        return max(MIN_SILENCE, min(SLOWEST_FACTOR * self._longest, MAX_SILENCE))

    def add_silence(self, seconds: float) -> None:
        """Nothing was heard for so many more seconds."""
        self._silence += seconds

    def heard(self) -> None:
        """Something was heard."""
        self._longest = max(self._longest, self._silence)
        self._silence = 0.0

    def reset(self) -> None:
        """There is nothing to do, so silence means nothing."""
        self._silence = 0.0


class HangWatch(threading.Thread):
    """Calls ``end`` when a worker has been silent for too long; ``hung_seconds`` then says how long was waited.

    Looks every ``every`` seconds, on a thread of its own: half a message keeps the one that listens waiting.
    """

    def __init__(self, every: float, activity: Callable[[], Activity], end: Callable[[], None]) -> None:
        super().__init__(name="midifrag-engine-watch", daemon=True)
        self.hung_seconds: float | None = None
        self._every, self._activity, self._end = every, activity, end
        self._detector = HangDetector()
        self._messages = self._seen = 0
        self._stopped = threading.Event()

    def heard(self) -> None:
        """Something was heard, whole."""
        self._messages += 1

    def stop(self) -> None:
        """The worker is gone."""
        self._stopped.set()

    def run(self) -> None:
        """Look until stopped, or until the worker counts as hanging."""
        while not self._stopped.wait(self._every):
            if self.look():
                return

    def look(self) -> bool:
        """Take in that ``every`` seconds have passed; True when it was one time too many."""
        detector, activity = self._detector, self._activity()
        detector.is_loading = activity is Activity.LOADING
        detector.add_silence(self._every)
        if self._seen != self._messages:
            self._seen = self._messages
            detector.heard()
        elif activity is Activity.IDLE:
            detector.reset()
        if not detector.is_hanging:
            return False
        self.hung_seconds = detector.limit
        self._end()
        return True
