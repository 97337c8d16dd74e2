"""Which parts of a long row of frames are taken; nothing is moved, and what is given back can be taken again."""

from __future__ import annotations


class Room:
    """``frames`` in a row, all free at first."""

    def __init__(self, frames: int) -> None:
        self._free = [(0, frames)]

    @property
    def free(self) -> int:
        """How many frames are free, in one piece or several."""
        return sum(length for _, length in self._free)

    def take(self, length: int) -> int | None:
        """Where a piece of ``length`` frames begins that was free; None where none is as long."""
        for at, (begin, there) in enumerate(self._free):
            if there >= length:
                self._free[at : at + 1] = [(begin + length, there - length)] if there > length else []
                return begin
        return None

    def give(self, begin: int, length: int) -> None:
        """Give back a piece that was taken."""
        pieces = sorted([*self._free, (begin, length)])
        self._free = pieces[:1]
        for start, size in pieces[1:]:
            last, before = self._free[-1]
            if last + before == start:
                self._free[-1] = (last, before + size)
            else:
                self._free.append((start, size))
