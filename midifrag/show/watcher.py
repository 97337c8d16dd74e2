"""Lets others watch state changes without delaying the bridge: each watcher has its own thread and bounded queue."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from midifrag.events import JobChanged, Meters, PadChanged
from midifrag.states import JobState, PadState

_log = logging.getLogger(__name__)

#: Changes that one watcher may have waiting; beyond it progress is left out, and the oldest go for other news.
CAPACITY = 4096

Seen = TypeVar("Seen")


class Watcher(Generic[Seen]):
    """Calls ``callback`` with every change, in order, on a thread of its own.

    One that cannot keep up hears of no more progress, and of other news instead of the oldest changes; ``dropped``
    counts what it missed.
    """

    def __init__(self, callback: Callable[[Seen], None], name: str, capacity: int = CAPACITY) -> None:
        self.name = name
        self._callback = callback
        self._capacity = capacity
        self._waiting: deque[Seen] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name=f"watcher {name}", daemon=True)
        self._thread.start()

    def put(self, change: Seen) -> None:
        """Queue a change; never blocks."""
        self.put_all([change])

    def put_all(self, changes: Sequence[Seen]) -> None:
        """Queue several changes; never blocks."""
        with self._changed:
            for change in changes:
                self._queue(change)
            self._changed.notify()

    def _queue(self, change: Seen) -> None:
        if len(self._waiting) >= self._capacity:
            self.dropped += 1
            if _is_progress(change):
                return
            self._waiting.popleft()
        self._waiting.append(change)

    def close(self, timeout: float = 2.0) -> None:
        """Deliver what waits, then stop."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if not self._waiting:
                    return
                change = self._waiting.popleft()
            try:
                self._callback(change)
            except Exception:
                _log.exception("a watcher failed on %s", type(change).__name__)


def _is_progress(change: Any) -> bool:
    if isinstance(change, Meters):
        return True
    return isinstance(change, (JobChanged, PadChanged)) and change.state in (JobState.RENDERING, PadState.RENDERING)
