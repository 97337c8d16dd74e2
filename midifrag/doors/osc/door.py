"""The door of OSC: wires what comes in and what goes out to the show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from midifrag.bridge.items import CaughtUp, Introduce, Item
from midifrag.clock import monotonic
from midifrag.config.loading import Loaded
from midifrag.doors.door import Put
from midifrag.doors.osc.beats import Beats
from midifrag.doors.osc.faults import Faults
from midifrag.doors.osc.incoming import Known, items
from midifrag.doors.osc.listening import Listener
from midifrag.doors.osc.outgoing import Outgoing, slots_standing, standing
from midifrag.doors.osc.packets import Message, OscError, encoded, messages
from midifrag.doors.osc.sending import CLOSE_SECONDS, Target
from midifrag.events import ConfigurationChanged, SlotsChanged, StateChange, TimeChanged

#: Messages that may wait for the bridge; beyond them, packets wait in the system, so that others' presses come through.
WINDOW = 64
#: Seconds between two looks whether this is the end, while the bridge is behind.
LOOK_EVERY = 0.25


class OscDoor:
    """OSC, as a set's ``osc`` says; a `midifrag.doors.door.Door`. ``clock`` gives monotonic seconds."""

    name = "osc"

    def __init__(self, loaded: Loaded, put: Put, clock: Callable[[], float] = monotonic) -> None:
        settings = loaded.settings.osc
        self._put = put
        self._clock = clock
        self._closing = False
        self._ahead = 0
        self.faults = Faults(put)
        self._known = Known.of(loaded, self._tell_standing)
        self._folder = loaded.fragments_folder
        self._outgoing = Outgoing(self._folder, clock)
        self._targets = [Target(where, put) for where in settings.send]
        self._beats = Beats(lambda message: self._tell([message]), clock)
        self._listener = None if settings.listen is None else Listener(settings.listen, self.take, put)

    def start(self) -> None:
        """See `midifrag.doors.door.Door.start`."""
        for target in self._targets:
            target.start()
        if self._targets:
            self._beats.start()
            self._put(Introduce(self._tell_slots))
        if self._listener is not None:
            self._listener.start()

    def handle(self, change: StateChange) -> None:
        """See `midifrag.doors.door.Door.handle`."""
        if isinstance(change, ConfigurationChanged):
            self._known = Known.of(change.loaded, self._tell_standing)
        if self._targets:
            self._tell(self._outgoing.messages(change))
            if isinstance(change, TimeChanged):
                self._beats.follow(change.timeline)

    def take(self, packet: bytes) -> int:
        """Take in a packet: hand on what it asks for; how many messages it held."""
        count = 0
        for message in messages(packet):
            count += 1
            try:
                if isinstance(message, OscError):
                    raise message
                for item in items(message, self._known, self._clock()):
                    self._put_in_turn(item)
            except OscError as error:
                self.faults.add(error.kind, str(error))
        return count

    def _put_in_turn(self, item: Item) -> None:
        self._put(item)
        self._ahead += 1
        if self._ahead < WINDOW:
            return
        self._ahead = 0
        caught_up = threading.Event()
        self._put(CaughtUp(caught_up.set))
        while not self._closing and not caught_up.wait(LOOK_EVERY):
            pass

    def close(self) -> None:
        """See `midifrag.doors.door.Door.close`."""
        self._closing = True
        if self._listener is not None:
            self._listener.close()
        self._beats.close()
        for target in self._targets:
            target.end()
        deadline = monotonic() + CLOSE_SECONDS
        for target in self._targets:
            target.close(max(0.0, deadline - monotonic()))

    # --- on the bridge's thread ---------------------------------------------------------------------------------------

    def _tell_standing(self, changes: list[StateChange]) -> None:
        self._tell(standing(changes, self._folder, self._clock))

    def _tell_slots(self, changes: list[StateChange]) -> None:
        for change in changes:
            if isinstance(change, SlotsChanged):
                self._tell(slots_standing(change.slots, self._folder))

    def _tell(self, told: Iterable[Message]) -> None:
        for message in told:
            try:
                packet = encoded(message)
            except OscError as error:
                self.faults.add(error.kind, str(error))
                continue
            for target in self._targets:
                target.send(packet)


def make(loaded: Loaded, put: Put) -> OscDoor | None:
    """The door that a set wants; None where it wants none."""
    return OscDoor(loaded, put) if loaded.settings.osc.is_on else None
