"""When a server is called again: soon after a break, and more and more seldom where that does not help."""

from __future__ import annotations

import random

#: Seconds between two calls of a server that does not answer: the first ones, and those after some.
AGAIN, AGAIN_MOST = 0.1, 1.0
#: Seconds between two calls of one that ends: its successor needs a while, and all of its clients call.
MOVED, MOVED_MOST = 0.25, 4.0


class Again:
    """Seconds until the next call. They are shaken, so that a server's clients do not all call at once."""

    def __init__(self, shaken: random.Random | None = None) -> None:
        self._random = shaken or random.Random()
        self._pause = 0.0

    def answered(self) -> None:
        """A server is there that takes what is asked: the next break is a new one."""
        self._pause = 0.0

    def after_break(self) -> float:
        """The line broke, or nobody answers."""
        return self._next(AGAIN, AGAIN_MOST)

    def after_moving(self) -> float:
        """The server ends."""
        return self._next(MOVED, MOVED_MOST)

    def _next(self, first: float, most: float) -> float:
        self._pause = min(max(first, 2 * self._pause), most)
        return self._pause * self._random.uniform(0.5, 1.0)
