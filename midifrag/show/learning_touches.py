"""Touches, for learning: messages are gathered until all is quiet, and tell then what was touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from midifrag.config.controls import Relative
from midifrag.midi.messages import MidiEvent
from midifrag.midi.recognising import Touched, recognise, sources_of

#: Seconds without a message after which a touch is over.
QUIET_SECONDS = 0.7
#: The most messages of one touch that are kept; later ones say nothing new.
MOST_EVENTS = 400


class Touches:
    """What one performer touches, one thing after the other.

    An encoder that was turned one way has to be turned the other as well, before it is known; see `is_turning`.
    """

    def __init__(self) -> None:
        self._events: list[MidiEvent] = []
        self._clicks: list[MidiEvent] = []

    @property
    def has_begun(self) -> bool:
        """Whether something was heard that `over` has not been told the end of."""
        return bool(self._events)

    @property
    def is_full(self) -> bool:
        """Whether what was heard is enough, although it goes on: a knob that trembles never ends."""
        return len(self._events) >= MOST_EVENTS

    @property
    def is_turning(self) -> bool:
        """Whether an encoder was turned one way, and is to be turned the other."""
        return bool(self._clicks)

    def heard(self, event: MidiEvent) -> None:
        """A message came."""
        if not self.is_full:
            self._events.append(event)

    def clear(self) -> None:
        """Whatever was heard is no touch."""
        self._events = []

    def give_up_turning(self) -> bool:
        """Wait for no other way any more; whether it was waited for."""
        is_turning, self._clicks = self.is_turning, []
        return is_turning

    def over(self, coding_of: Callable[[str], Relative]) -> Touched | Literal["unsure"] | None:
        """Nothing has come for a moment: what was touched, None for nothing new.

        ``unsure`` is an encoder of which the other way is wanted from now on. ``coding_of`` says which of two that look
        alike the controller at a port has.
        """
        events, self._events = self._events, []
        if not events:
            return None
        goes_on = self.is_turning and sources_of(events) == sources_of(self._clicks)
        found = recognise(self._clicks + events if goes_on else events, coding_of(events[0].port))
        if found == "unsure":
            self._clicks = ([*self._clicks, *events] if goes_on else events)[: MOST_EVENTS // 2]
            return None if goes_on else "unsure"
        if found is not None:
            self._clicks = []
        return found
