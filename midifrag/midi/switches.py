"""CCs as switches: a pedal or a fader on an action counts once a stroke, however many messages a stroke has.

A switch goes on when it crosses `SWITCH_ON` upwards, and is off again below `SWITCH_OFF`: between the two a worn pedal
may tremble. A button that only ever sends one value, and nothing when it is let go, counts each time.
"""

from __future__ import annotations

from typing import NamedTuple

from midifrag.midi.messages import ControlChange

#: A switch goes on at this value, and is off again below the other.
SWITCH_ON, SWITCH_OFF = 64, 48
#: Seconds after which the only value that a button ever sends is a new push.
PUSHED_AGAIN = 0.25


class _Stand(NamedTuple):
    is_on: bool
    #: The only value that has come, None if there were several.
    only: int | None
    time: float


class Switches:
    """How the switches of a show stand, by port, channel and number; over all of its banks."""

    def __init__(self) -> None:
        self._stands: dict[tuple[str, int, int], _Stand] = {}

    def goes_on(self, event: ControlChange) -> bool:
        """Whether ``event`` switches on; it is not taken in."""
        before = self._stands.get(_place(event))
        if event.value < SWITCH_ON:
            return False
        return before is None or not before.is_on or _is_pushed_again(before, event)

    def goes_off(self, event: ControlChange) -> bool:
        """Whether ``event`` switches off; it is not taken in."""
        before = self._stands.get(_place(event))
        return before is not None and before.is_on and event.value < SWITCH_OFF

    def feed(self, event: ControlChange) -> bool:
        """Take in ``event``; whether it switches on."""
        goes_on = self.goes_on(event)
        before = self._stands.get(_place(event))
        stays_on = before is not None and before.is_on and event.value >= SWITCH_OFF
        only = event.value if before is None or before.only == event.value else None
        self._stands[_place(event)] = _Stand(goes_on or stays_on, only, event.time)
        return goes_on

    def forget(self, port: str) -> None:
        """A port is gone: how its switches stand when it comes back nobody knows."""
        self._stands = {place: stand for place, stand in self._stands.items() if place[0] != port}


def _place(event: ControlChange) -> tuple[str, int, int]:
    return event.port, event.channel, event.cc


def _is_pushed_again(before: _Stand, event: ControlChange) -> bool:
    # A fine half brings the value of its coarse one along.
    return event.fine is None and event.value == before.only and event.time - before.time >= PUSHED_AGAIN
