"""An event loop whose time passes only while nothing is to do: minutes of a simulation take seconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Waiting(selectors.SelectSelector):
    """Nobody but the loop itself ever has news: where it would wait, time moves on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """See `selectors.BaseSelector.select`. Raises `RuntimeError` where it would wait for ever."""
        if timeout is None:
            raise RuntimeError("nothing is left that could happen")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time is the simulation's; nothing from outside reaches it, so sockets and threads have no part in it."""

    def __init__(self) -> None:
        self._waiting = _Waiting()
        super().__init__(self._waiting)

    def time(self) -> float:
        """Seconds since it began."""
        return self._waiting.now


class VirtualClock:
    """A `midifrag.clock.Clock` that reads a loop's time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        """See `Clock.now`."""
        return self._loop.time()

    def wall(self, moment: float) -> float:
        """See `Clock.wall`: the simulation began in 1970."""
        return moment


def played(play: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns in virtual time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(play)
    finally:
        loop.close()
