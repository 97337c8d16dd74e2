"""What goes wrong: messages are counted, and told once a kind; what is tried again is told while it is so."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from midifrag.events import Notice
from midifrag.states import NoticeLevel


class Faults:
    """Messages that are left out, from any thread: each kind is told, and again when it is ten times as many.

    ``put`` takes the notices; ``counts`` are by kind.
    """

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


class Trouble:
    """Something that does not work, and is tried again. ``put`` takes the notices.

    It is told at the first try and, where it is still so, at the second: when a show begins, nobody may hear it yet.
    """

    def __init__(self, put: Callable[[Notice], None]) -> None:
        self._put = put
        self._reason = ""
        self._tries = 0

    def meet(self, level: NoticeLevel, reason: str, text: str) -> None:
        """It does not work for a ``reason``, as ``text`` says."""
        self._tries = self._tries + 1 if reason == self._reason else 1
        self._reason = reason
        if self._tries <= 2:
            self._put(Notice(level, f"OSC: {text}"))

    def end(self, text: str = "") -> None:
        """It works; ``text`` says so, where it did not before."""
        if self._tries and text:
            self._put(Notice(NoticeLevel.INFO, f"OSC: {text}"))
        self._tries = 0


def _is_told(count: int) -> bool:
    while count >= 10 and count % 10 == 0:
        count //= 10
    return count == 1
