"""What goes wrong: messages are counted, and each mistake is told once; what is tried again is told once too."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable

from midifrag.events import Notice
from midifrag.states import NoticeLevel

#: Mistakes of one kind that are told in full.
MOST_TOLD = 8


class Faults:
    """Messages that are left out, from any thread.

    Each mistake is told once, the first few of a kind; and how many a kind has become, ten times as many each time.
    ``put`` takes the notices; ``counts`` are by kind.
    """

    def __init__(self, put: Callable[[Notice], None]) -> None:
        self._put = put
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        #: By kind, the mistakes that were told.
        self._told: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, kind: str, text: str) -> None:
        """Something of a ``kind`` was wrong, as ``text`` says."""
        with self._lock:
            self.counts[kind] += 1
            count = self.counts[kind]
            told = self._told[kind]
            is_news = text not in told and len(told) < MOST_TOLD
            if is_news:
                told.add(text)
        if is_news or _is_told(count):
            more = "" if count == 1 else f" ({count} such messages so far)"
            self._put(Notice(NoticeLevel.WARNING, f"OSC: {text}; left out{more}"))


class Trouble:
    """Something that does not work and is tried again: each reason is told once. ``put`` takes the notices."""

    def __init__(self, put: Callable[[Notice], None]) -> None:
        self._put = put
        self._reason = ""

    def meet(self, level: NoticeLevel, reason: str, text: str) -> None:
        """It does not work for a ``reason``, as ``text`` says."""
        if reason != self._reason:
            self._reason = reason
            self._put(Notice(level, f"OSC: {text}"))

    def end(self, text: str = "") -> None:
        """It works; ``text`` says so, where it did not before."""
        if self._reason and text:
            self._put(Notice(NoticeLevel.INFO, f"OSC: {text}"))
        self._reason = ""


def _is_told(count: int) -> bool:
    while count >= 10 and count % 10 == 0:
        count //= 10
    return count == 1
