"""Values of 14 bits that come as two bytes, in either order: a coarse one, and a fine one that belongs to it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

#: A fine byte belongs to the coarse one that comes within this many seconds after it: some senders begin with the fine
#: one. More than a pair takes on a DIN cable, less than lies between two moves of a knob.
PAIR_SECONDS = 0.02


class _Fine(NamedTuple):
    """A fine byte: its value, its time, and how many seconds before it a coarse one came that waited for it, if any."""

    value: int
    time: float
    after: float | None

    def belongs_to_coarse_at(self, time: float) -> bool:
        """Whether it begins a pair whose coarse byte comes at ``time``: it is clearly nearer than the one before."""
        before = time - self.time
        return 0 <= before <= PAIR_SECONDS and (self.after is None or before < self.after / 2)


class Halves:
    """The last bytes of each value, by a place of the caller's choice."""

    def __init__(self) -> None:
        #: The last coarse byte, when one came that waits for its fine byte, and the last fine byte, which may be the
        #: next coarse one's.
        self._coarse: dict[Hashable, int] = {}
        self._open: dict[Hashable, float] = {}
        self._fine: dict[Hashable, _Fine] = {}

    def coarse(self, place: Hashable, value: int, time: float, *, pairs: bool = True) -> int | None:
        """A coarse byte came; the fine one that began its pair, if one did and the value is one that ``pairs``.

        It counts at once, so that a controller which never sends the fine one works too.
        """
        self._coarse[place] = value
        fine = self._fine.pop(place, None)
        if fine is not None and pairs and fine.belongs_to_coarse_at(time):
            self._open.pop(place, None)
            return fine.value
        self._open[place] = time
        return None

    def fine(self, place: Hashable, value: int, time: float) -> int | None:
        """A fine byte came; its coarse one, or None: where the value stands is not known before that has come."""
        since = self._open.pop(place, None)
        self._fine[place] = _Fine(value, time, None if since is None else time - since)
        return self._coarse.get(place)

    def moved(self, place: Hashable, step: int) -> tuple[int, int] | None:
        """The coarse and the fine byte of a value that moves by ``step`` of its smallest parts; None while unknown."""
        coarse, fine = self._coarse.get(place), self._fine.get(place)
        if coarse is None:
            return None
        whole = min(max(coarse * 128 + (fine.value if fine else 0) + step, 0), 16383)
        self._coarse[place], self._fine[place] = whole // 128, _Fine(whole % 128, 0.0, None)
        self._open.pop(place, None)
        return whole // 128, whole % 128
