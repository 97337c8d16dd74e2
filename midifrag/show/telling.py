"""Who is told of a state change, and in which order: lights at once, then the log and everybody who watches.

All but `watch`, `monitor` and `unwatch` belong to the bridge's thread.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from midifrag.events import ConfigurationChanged, Notice, StateChange
from midifrag.midi.mapping import Mapper
from midifrag.midi.messages import MidiEvent
from midifrag.midi.reading import Reading
from midifrag.show.session_log import SessionLog
from midifrag.show.watcher import Watcher
from midifrag.states import NoticeLevel

#: MIDI events that a monitor may have waiting before the oldest are left out.
MONITOR_CAPACITY = 256
#: Notices that are kept for the first who reads them.
UNREAD = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """A MIDI event, and what explains it: the meanings that were in use when the bridge had taken it in.

    ``reading`` is what they made of it before it was taken in.
    """

    event: MidiEvent
    mapper: Mapper
    reading: Reading | None = None


class Telling:
    """Takes in what the bridge publishes. ``light`` shows a change on the controllers, ``clock`` in other clocks."""

    def __init__(self, log: SessionLog) -> None:
        self.light: Callable[[StateChange], None] = lambda _change: None
        self.clock: Callable[[StateChange], None] = lambda _change: None
        self._session = log
        self._untold: list[StateChange] = []
        self._dark = False
        self._watchers: list[Watcher[StateChange]] = []
        #: Notices of a time when nobody would have read them, and whether that is over.
        self._unread: deque[Notice] = deque(maxlen=UNREAD)
        self._is_read = False
        self._reading = threading.Lock()
        self._monitors: list[Watcher[Heard]] = []

    # --- for everybody -----------------------------------------------------------------------------------------------

    def watch(self, callback: Callable[[StateChange], None], name: str, *, reads: bool = True) -> Watcher[StateChange]:
        """Call ``callback`` with every change, on a thread of its own.

        Whoever is the first that ``reads`` gets the notices that were told before; other programs do not read them.
        """
        watcher = Watcher(callback, name)
        with self._reading:
            self._watchers.append(watcher)
            if reads:
                watcher.put_all(list(self._unread))
                self._unread.clear()
                self._is_read = True
        return watcher

    def monitor(self, callback: Callable[[Heard], None], name: str) -> Watcher[Heard]:
        """Call ``callback`` with every MIDI event that the bridge has taken in, on a thread of its own."""
        watcher = Watcher(callback, f"{name} monitor", MONITOR_CAPACITY)
        self._monitors.append(watcher)
        return watcher

    def unwatch(self, watcher: Watcher[Any]) -> None:
        """Stop telling a watcher, of state changes or of MIDI."""
        for watchers in (self._watchers, self._monitors):
            if watcher in watchers:
                watchers.remove(watcher)
        watcher.close(timeout=0.0)

    # --- for the bridge's thread -------------------------------------------------------------------------------------

    def publish(self, change: StateChange) -> None:
        """Light a change, have clocks follow it, and tell of it at the next `tell`."""
        self._untold.append(change)
        self.clock(change)
        try:
            self.light(change)
        except Exception as error:
            # A surface, perhaps somebody's plug-in. What a press asks for must not go with its light.
            if not self._dark:
                self._dark = True
                _log.exception("the lights failed on %s", type(change).__name__)
                self._untold.append(Notice(NoticeLevel.ERROR, f"a controller's lights failed: {error!r}; it plays on"))

    def publish_all(self, changes: Iterable[StateChange]) -> None:
        """`publish` each."""
        for change in changes:
            self.publish(change)

    def tell(self) -> None:
        """Tell log and watchers what was published: when the bridge has dealt with what it had in hand.

        Earlier, each would wake a thread that the interpreter hands over to, with the press's light still to be sent.
        """
        changes, self._untold = self._untold, []
        for change in changes:
            self._session.write(_logged(change))
        if changes:
            with self._reading:
                watchers = tuple(self._watchers)
                if not self._is_read:
                    self._unread.extend(change for change in changes if isinstance(change, Notice))
            for watcher in watchers:
                watcher.put_all(changes)

    def hear(self, heard: Heard) -> None:
        """Tell monitors of a MIDI event."""
        for monitor in tuple(self._monitors):
            monitor.put(heard)

    def close(self) -> dict[str, int]:
        """Deliver what waits, then stop; how much each watcher and monitor missed, if anything."""
        watchers: tuple[Watcher[Any], ...] = (*self._watchers, *self._monitors)
        for watcher in watchers:
            watcher.close()
        return {one.name: one.dropped for one in watchers if one.dropped}


def _logged(change: StateChange) -> object:
    """A change as the log holds it; a configuration as what its file says."""
    if isinstance(change, ConfigurationChanged):
        return {"event": "show", "show": change.loaded.settings.model_dump(mode="json", by_alias=True)}
    return change
