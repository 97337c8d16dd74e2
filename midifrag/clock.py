"""Time: one monotonic clock that everybody reads, and a clock that is injected, so that nothing sleeps to be tested."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol


def fine_clock(platform: str) -> Callable[[], float]:
    """The function that reads a system's finest monotonic clock in seconds, from one epoch in all processes.

    On Windows that is `time.perf_counter`: before Python 3.13, `time.monotonic` moves in steps of 15.6 ms there
    (https://docs.python.org/3/whatsnew/3.13.html, "time"), longer than a note is early or late. It counts from the
    machine's start for all processes: it is ``QueryPerformanceCounter``, from which Python takes off no process's own
    beginning since 3.10 (https://docs.python.org/3/library/time.html#time.perf_counter, "system-wide";
    https://github.com/python/cpython/issues/81386). Elsewhere `time.monotonic` is as fine, and system-wide too.
    """
    return time.perf_counter if platform == "win32" else time.monotonic


#: Seconds on this machine's clock. Moments are handed from thread to thread and to other processes of the show, so
#: nobody in the package reads another one: the two of Windows have no epoch in common.
monotonic = fine_clock(sys.platform)


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
        self._offset = time.time() - monotonic()

    def now(self) -> float:
        """Monotonic seconds."""
        return monotonic()

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
