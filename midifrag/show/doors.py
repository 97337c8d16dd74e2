"""The doors of a show: made by what its set says, begun, told, and closed together.

A set that comes to say something else of one while the show runs has it opened, closed or begun anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from midifrag.config.loading import Loaded
from midifrag.config.settings import Settings
from midifrag.doors.door import Door, MakeDoor, Put
from midifrag.doors.instruments.hydrogen import make_hydrogen
from midifrag.doors.instruments.sfz import make_sfz
from midifrag.doors.live.door import live_door
from midifrag.doors.osc import door as osc
from midifrag.events import ConfigurationChanged, Notice, StateChange
from midifrag.show.ending import done
from midifrag.show.reload import as_begun
from midifrag.show.watcher import Watcher
from midifrag.states import NoticeLevel


class DoorKind(NamedTuple):
    """A door that a set may want: its ``key`` there, how it is made, and ``begins_with`` what of the set.

    That is None where the set wants none; another value has another door begun. What else the set says of it, the door
    takes over by itself.
    """

    key: str
    make: MakeDoor
    begins_with: Callable[[Settings], object]


#: One row a door.
DOORS: tuple[DoorKind, ...] = (
    DoorKind("ableton", live_door, lambda of: (of.ableton.port, of.ableton.folder) if of.ableton.enabled else None),
    DoorKind("osc", osc.make, lambda of: of.osc if of.osc.is_on else None),
    DoorKind("instruments.sfz", make_sfz, lambda of: of.instruments.first_note if of.instruments.sfz else None),
    DoorKind("instruments.hydrogen", make_hydrogen, lambda of: of.instruments.hydrogen),
)


#: Seconds that the end of a show waits for a door to take in what it has been told.
DELIVER_SECONDS = 1.0


class Doors:
    """Those that a set wants. ``watch`` and ``unwatch`` are a show's, see `midifrag.show.runtime.Runtime.watch`."""

    def __init__(
        self,
        watch: Callable[[Callable[[StateChange], None], str], Watcher[StateChange]],
        unwatch: Callable[[Watcher[Any]], None],
        kinds: Sequence[DoorKind] = DOORS,
    ) -> None:
        self._watch, self._unwatch, self._kinds = watch, unwatch, kinds
        self._open: dict[str, tuple[Door, Watcher[StateChange]]] = {}
        #: What each door that the set wants was begun with, also where it could not be.
        self._begun_with: dict[str, object] = {}
        self._follower: Watcher[StateChange] | None = None
        # Whoever opens or closes one: the follower's thread, and the end of the show.
        self._lock = threading.Lock()
        self._closing = False

    def start(self, loaded: Loaded, put: Put) -> None:
        """Open them. One that cannot be is told, and the show goes on without."""
        self._loaded, self._put = loaded, put
        for kind in self._kinds:
            self._begin(kind, loaded)
        self._follower = self._watch(self._follow, "doors")

    def close(self) -> None:
        """Close them."""
        self._closing = True
        if self._follower is not None:
            done(partial(self._unwatch, self._follower))
        with self._lock:
            for key in tuple(self._open):
                self._shut(key)

    def _follow(self, change: StateChange) -> None:
        if not isinstance(change, ConfigurationChanged):
            return
        loaded = as_begun(change.loaded, self._loaded)
        for kind in self._kinds:
            wanted = kind.begins_with(loaded.settings)
            with self._lock:
                before = self._begun_with[kind.key]
                if self._closing or wanted == before:
                    continue
                self._shut(kind.key)
                if wanted is None:
                    self._begun_with[kind.key] = None
                    self._tell(f"{kind.key}: closed, as the set does not ask for it any more")
                elif self._begin(kind, loaded):
                    how = "opened, as the set asks for it" if before is None else "begun anew, as the set has it"
                    self._tell(f"{kind.key}: {how} now")

    def _begin(self, kind: DoorKind, loaded: Loaded) -> bool:
        """Open a door, if the set wants it; whether it is open now."""
        self._begun_with[kind.key] = kind.begins_with(loaded.settings)
        try:
            door = kind.make(loaded, self._put)
            if door is None:
                return False
            door.start()
            self._open[kind.key] = door, self._watch(partial(self._hand_on, door), door.name)
        except Exception as error:
            # Whatever is wrong beside the show must not end it.
            self._put(Notice(NoticeLevel.ERROR, f"{kind.key}: a door to other programs stays shut: {error!r}"))
            return False
        return True

    def _hand_on(self, door: Door, change: StateChange) -> None:
        """Tell a door of a change; of another set only as far as the show goes by it already."""
        if isinstance(change, ConfigurationChanged):
            change = ConfigurationChanged(as_begun(change.loaded, self._loaded))
        door.handle(change)

    def _shut(self, key: str) -> None:
        door, watcher = self._open.pop(key, (None, None))
        if door is not None and watcher is not None:
            # What has just landed is told before it closes.
            done(partial(watcher.close, DELIVER_SECONDS))
            done(partial(self._unwatch, watcher))
            done(door.close)

    def _tell(self, text: str) -> None:
        self._put(Notice(NoticeLevel.INFO, text))
