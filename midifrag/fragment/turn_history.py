"""How many landings there have been, and whose turn it was after the last: what a restart goes on from."""

from __future__ import annotations

from collections.abc import Iterable

from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slots_record import SavedSlots


class TurnHistory:
    """The landings in ``count`` slots, as far as they were written down or can be seen in the files.

    ``landings`` is the number of the latest, ``next`` whose turn comes after the latest that was a turn.
    """

    def __init__(self, saved: SavedSlots, count: int) -> None:
        self.landings = saved.landings
        self.next = saved.next if 1 <= saved.next <= count else 1
        self._count = count
        #: The latest landing that was a turn.
        self._last_turn = saved.landings

    def found(self, content: SlotContent | None) -> None:
        """A fragment lies in a slot at the start, or is the one before that; perhaps nobody had written it down."""
        if content is not None:
            self.landed(content, content.slot % self._count + 1)

    def landed(self, content: SlotContent, turn_after: int) -> None:
        """A fragment has landed, with ``turn_after`` next in turn."""
        self.landings = max(self.landings, content.landing)
        # One that waited for its boundary may come behind those whose turn came later.
        if content.turn and content.landing > self._last_turn:
            self._last_turn, self.next = content.landing, turn_after

    def number_after(self, under_way: Iterable[int]) -> int:
        """The number of the next landing, when those with these numbers have not come about yet."""
        return max(self.landings, *under_way, 0) + 1
