"""Time, injected so that nothing has to sleep to be tested."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings of now: one that only moves forward, one that people write down."""

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def wall(self, moment: float) -> float:
        """The monotonic ``moment`` as seconds since 1970."""
        ...


class SystemClock:
    """The machine's clock. The offset is taken once, so that times within a session never jump."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def wall(self, moment: float) -> float:
        """The monotonic ``moment`` as seconds since 1970."""
        return moment + self._offset


class ManualClock:
    """A clock that a test moves by hand."""

    def __init__(self, start: float = 1000.0) -> None:
        self.time = start

    def now(self) -> float:
        """What the test set."""
        return self.time

    def wall(self, moment: float) -> float:
        """The same: this clock began in 1970."""
        return moment
