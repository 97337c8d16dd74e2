"""Time in the fake Live, and its timer."""

from __future__ import annotations

import time
from typing import Any, Callable

from tests.doors.live.fake.rules import RULES

_real_time = time.monotonic
_real_sleep = time.sleep


class Clock:
    """Seconds: those of the machine, or those that ticks have let pass."""

    def __init__(self) -> None:
        self.is_real = False
        self._now = 1000.0
        self.timers: list[Timer] = []
        self.escaped: list[str] = []

    def now(self) -> float:
        return _real_time() if self.is_real else self._now

    def let_pass(self, seconds: float) -> None:
        if self.is_real:
            _real_sleep(seconds)
        else:
            self._now += seconds


CLOCK = Clock()


class Timer:
    """Calls ``callback`` each ``interval`` milliseconds; an exception in it stops it for good."""

    def __init__(self, callback: Callable[[], Any], interval: int, repeat: bool = False, start: bool = False) -> None:
        if not callable(callback) or not isinstance(interval, int) or interval < 1:
            raise TypeError("Python argument types in Timer.__init__ did not match C++ signature")
        self._callback = callback
        self._interval = interval / 1000.0
        self._repeat = repeat
        self._is_dead = False
        self._due: float | None = None
        CLOCK.timers.append(self)
        if start:
            self.start()

    @property
    def running(self) -> bool:
        return self._due is not None

    def start(self) -> None:
        if not self._is_dead:
            self._due = CLOCK.now() + self._interval

    def restart(self) -> None:
        self.start()

    def stop(self) -> None:
        self._due = None

    def fire_if_due(self) -> None:
        if self._due is None or CLOCK.now() < self._due - 0.0005:
            return
        self._due = CLOCK.now() + self._interval if self._repeat else None
        try:
            self._callback()
        except Exception as error:
            self._due = None
            self._is_dead = True
            CLOCK.escaped.append(repr(error))


def forget_stopped() -> None:
    """Let go of timers that nothing can start again."""
    CLOCK.timers = [timer for timer in CLOCK.timers if timer.running]


def turn(what: Callable[[], None]) -> None:
    """One call of the script's, counted."""
    RULES.begin_turn()
    try:
        what()
    finally:
        RULES.end_turn()
