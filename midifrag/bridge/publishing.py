"""Publishing: each change is folded into the bridge's view, and then said to all who watch."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from midifrag.bridge.set_list import SetList
from midifrag.bridge.sounding import Sounds
from midifrag.bridge.view import View
from midifrag.events import ControlChanged, JobChanged, PadChanged, StateChange


class Publisher:
    """Keeps ``view`` current and says changes ``out``; the parts of the bridge that go by what is told hear them first.

    ``learn`` is what forecasts make of jobs, once there is somebody to make any.
    """

    def __init__(self, view: View, set_list: SetList, sounds: Sounds, out: Callable[[StateChange], None]) -> None:
        self._view = view
        self._set_list = set_list
        self._sounds = sounds
        self._out = out
        self.learn: Callable[[JobChanged], None] = lambda _change: None

    def publish_all(self, changes: Iterable[StateChange]) -> None:
        """Publish one after the other."""
        for change in changes:
            self.publish(change)

    def publish(self, change: StateChange) -> None:
        """Take in a change, and say it."""
        if isinstance(change, PadChanged) and not self._set_list.holds(change.bank, change.pad):
            # A light of a pad that is no longer in the configuration would stay on for ever.
            return
        if isinstance(change, JobChanged):
            self.learn(change)
        if isinstance(change, ControlChanged):
            self._sounds.follow(change)
        self._view.apply(change)
        self._out(change)
