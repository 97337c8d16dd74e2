"""What is to land at a moment, and how far that has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from midifrag.fragment.hands import Hand
from midifrag.fragment.slot_file import Found
from midifrag.fragment.swap import Swap

#: Seconds before its moment that a replacement begins: all of a bar's eight are done by then, or just after.
EARLY = 0.004


class Phase(Enum):
    """How far an appointment has come."""

    WAITS = auto()
    #: The slot's hand has it, and waits for the moment.
    HANDED = auto()
    #: It cannot be called back.
    GOES = auto()
    #: It has taken its place; what is left to do is nobody's concern.
    LANDED = auto()
    OVER = auto()


class Made(Enum):
    """What became of an appointment that was to be made."""

    IN_TIME = auto()
    LATE = auto()
    #: Its job was cancelled meanwhile.
    CANCELLED = auto()


class After(NamedTuple):
    """What follows a replacement: whether what goes out in its moment ``is_out``, and how it is told after that."""

    is_out: Callable[[], bool]
    tell: Callable[[], None]


@dataclass(slots=True, eq=False)
class Appointment:
    """What is to land for a job, at a boundary ``at`` or ``lead`` seconds before, in monotonic seconds.

    The hand calls ``landed`` when it has. What that returns is told once the others of the same moment have landed as
    well and all that goes out is out; then ``done`` is called with what lies there, or with why it has not. ``wall`` is
    what a monotonic moment is in seconds since 1970.
    """

    job: int
    at: float
    lead: float
    hand: Hand
    swap: Swap
    wall: Callable[[float], float]
    landed: Callable[[], After]
    done: Callable[[Found | Exception], None]
    phase: Phase = Phase.WAITS

    @property
    def due(self) -> float:
        """When its replacement begins."""
        return self.at - self.lead - EARLY
