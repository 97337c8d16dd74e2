"""Soft takeover: what happens when a knob stands elsewhere than the value it is about to move.

``jump`` takes the knob's position at once. ``pickup`` waits until the knob reaches the value or sweeps across it, so a
fast move does not get stuck. ``catch_up`` moves the value at once, scaled so that knob and value meet at the end of the
way. Positions are 0–1.
"""

from __future__ import annotations

from collections.abc import Callable

from midifrag.config.controls import Range
from midifrag.config.controls import Takeover as Mode

#: How near the knob must come to pick a value up: a little more than two steps of a 7-bit knob.
TOLERANCE = 0.02
_SAME = 1e-6


class Takeover:
    """One control's takeover.

    ``quantise`` gives the position that reads back after a position was set (see `for_range`): only with it can a
    value that was rounded be told from one that somebody else changed.
    """

    def __init__(
        self,
        mode: Mode,
        quantise: Callable[[float], float] = lambda position: position,
        tolerance: float = TOLERANCE,
    ) -> None:
        self.mode = mode
        self._quantise = quantise
        self._tolerance = tolerance
        self._knob: float | None = None
        self._set: float | None = None

    @classmethod
    def for_range(cls, mode: Mode, way: Range) -> Takeover:
        """The takeover of a control with this range and curve."""
        return cls(mode, lambda position: way.position(way.value(position)))

    def move(self, position: float, current: float | None) -> float | None:
        """The knob moved to ``position``; returns the position to set, or None while it must wait.

        ``current`` is where the parameter stands now, None where nothing says so (then any knob takes over).
        """
        knob, self._knob = self._knob, position
        if self.mode == "jump":
            return self.settle(position)
        exact = self.exact(current)
        if exact is None:
            return self.settle(position)
        # A knob that set the value stands on it, so that every way from there begins at the value.
        if abs(position - exact) <= self._tolerance or _between(knob, exact, position):
            return self.settle(position)
        return None if self.mode == "pickup" or knob is None else self.settle(_approach(exact, knob, position))

    def exact(self, current: float | None) -> float | None:
        """Where the parameter stands that reads back as ``current``: what was set, unless somebody changed it since."""
        if self._set is not None and current is not None and abs(current - self._quantise(self._set)) <= _SAME:
            return self._set
        return current

    def settle(self, position: float) -> float:
        """``position`` is set."""
        self._set = position
        return position


def _between(start: float | None, value: float, end: float) -> bool:
    return start is not None and min(start, end) <= value <= max(start, end)


def _approach(value: float, start: float, end: float) -> float:
    if end > start:
        return value + (1 - value) * ((end - start) / (1 - start))
    if end < start:
        return value * (end / start)
    return value
