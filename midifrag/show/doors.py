"""The doors of a show: made by what its set says, begun, told, and closed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from midifrag.config.loading import Loaded
from midifrag.doors.door import Door, MakeDoor, Put
from midifrag.doors.instruments.hydrogen import make_hydrogen
from midifrag.doors.instruments.sfz import make_sfz
from midifrag.doors.live.door import live_door
from midifrag.doors.osc import door as osc
from midifrag.events import Notice, StateChange
from midifrag.show.ending import done
from midifrag.show.watcher import Watcher
from midifrag.states import NoticeLevel

#: One row a door.
DOORS: tuple[MakeDoor, ...] = (live_door, osc.make, make_sfz, make_hydrogen)


#: Seconds that the end of a show waits for a door to take in what it has been told.
DELIVER_SECONDS = 1.0


class Doors:
    """Those that a set wants. ``watch`` and ``unwatch`` are a show's, see `midifrag.show.runtime.Runtime.watch`."""

    def __init__(
        self,
        watch: Callable[[Callable[[StateChange], None], str], Watcher[StateChange]],
        unwatch: Callable[[Watcher[Any]], None],
    ) -> None:
        self._watch, self._unwatch = watch, unwatch
        self._open: list[tuple[Door, Watcher[StateChange]]] = []

    def start(self, loaded: Loaded, put: Put, makers: Sequence[MakeDoor] = DOORS) -> None:
        """Open them. One that cannot be is told, and the show goes on without."""
        for make in makers:
            try:
                door = make(loaded, put)
                if door is not None:
                    door.start()
                    self._open.append((door, self._watch(door.handle, door.name)))
            except Exception as error:
                # Whatever is wrong beside the show must not end it.
                put(Notice(NoticeLevel.ERROR, f"a door to other programs stays shut: {error!r}"))

    def close(self) -> None:
        """Close them."""
        for door, watcher in self._open:
            # What has just landed is told before it closes.
            done(partial(watcher.close, DELIVER_SECONDS))
            done(partial(self._unwatch, watcher))
            done(door.close)
        self._open.clear()
