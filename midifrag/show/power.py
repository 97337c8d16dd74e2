"""Whether a laptop runs on its battery, looked at while a set wants to know."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import psutil

from midifrag.bridge.items import PowerChanged

_log = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK_EVERY = 10.0


def on_battery() -> bool:
    """Whether this machine runs on a battery; one that has none, or does not tell, is on mains."""
    look = getattr(psutil, "sensors_battery", None)
    try:
        battery = None if look is None else look()
    except Exception:  # what a driver reports wrongly raises whatever parsing it does
        _log.debug("the battery cannot be read", exc_info=True)
        return False
    return battery is not None and battery.power_plugged is False


class PowerWatch:
    """Puts a `PowerChanged` at each change, and at first where it is on battery; looks only while it is ``wanted``."""

    def __init__(
        self, put: Callable[[PowerChanged], None], wanted: Callable[[], bool], every: float = LOOK_EVERY
    ) -> None:
        self._put, self._wanted, self._every = put, wanted, every
        self._was = False
        self._closing = threading.Event()

    def start(self) -> None:
        """Begin to look, on a thread of its own."""
        threading.Thread(target=self._run, name="midifrag-power", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()

    def look(self) -> None:
        """Take one look."""
        now = self._wanted() and on_battery()
        if now is not self._was:
            self._was = now
            self._put(PowerChanged(now))

    def _run(self) -> None:
        while not self._closing.is_set():
            self.look()
            self._closing.wait(self._every)
