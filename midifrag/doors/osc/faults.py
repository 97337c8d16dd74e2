"""What goes wrong with a door's messages: counted all, and told once a kind; again when it is ten times as many."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from midifrag.events import Notice
from midifrag.states import NoticeLevel


class Faults:
    """Takes in what is wrong, from any thread, and ``put``s a notice now and then. ``counts`` are by kind."""

    def __init__(self, put: Callable[[Notice], None]) -> None:
        self._put = put
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def add(self, kind: str, text: str) -> None:
        """Something of a ``kind`` was wrong, as ``text`` says."""
        with self._lock:
            self.counts[kind] += 1
            count = self.counts[kind]
        if _is_told(count):
            more = "" if count == 1 else f" ({count} such messages so far)"
            self._put(Notice(NoticeLevel.WARNING, f"OSC: {text}; left out{more}"))

    def tell(self, level: NoticeLevel, text: str) -> None:
        """Tell something that is no message's fault."""
        self._put(Notice(level, f"OSC: {text}"))


def _is_told(count: int) -> bool:
    while count >= 10 and count % 10 == 0:
        count //= 10
    return count == 1
