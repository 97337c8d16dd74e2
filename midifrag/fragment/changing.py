"""Changes that somebody asks of slots and archived takes: locks, what was there before, stars, notes and the trash."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, assert_never

from midifrag.errors import StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_hand import ArchiveHand
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.slots import Slots
from midifrag.fragment.writer_commands import AnnotateTake, LockSlot, RestoreSlot, StarTake, TrashTake
from midifrag.fragment.writer_events import Refused, TakeChanged, WriterEvent

#: What changes a slot, or what is known of a take.
Change: TypeAlias = LockSlot | RestoreSlot | StarTake | AnnotateTake | TrashTake


class Changes:
    """Makes them, and says to ``emit`` what has become of each; where slots have changed, ``tell_slots`` says that."""

    def __init__(
        self,
        slots: Slots,
        archive: ArchiveHand,
        emit: Callable[[WriterEvent], None],
        tell_slots: Callable[[], None],
    ) -> None:
        self._slots = slots
        self._archive = archive
        self._emit = emit
        self._tell_slots = tell_slots

    def make(self, change: Change) -> None:
        """Make one, or say why it is refused."""
        match change:
            case LockSlot(slot, locked):
                self._change_slots(change, lambda: self._slots.set_lock(slot, locked))
            case RestoreSlot(slot):
                self._change_slots(change, lambda: self._slots.restore(slot))
            case StarTake(take, starred):
                self._change_take(change, lambda archive: archive.star(take, starred))
            case AnnotateTake(take, note):
                self._change_take(change, lambda archive: archive.annotate(take, note))
            case TrashTake(take, trashed):
                self._change_take(change, lambda archive: (archive.trash if trashed else archive.restore)(take))
            case _:
                assert_never(change)

    def _change_slots(self, asked: Change, change: Callable[[], object]) -> None:
        try:
            change()
        except StorageError as error:
            self._emit(Refused(asked, str(error)))
        else:
            self._tell_slots()

    def _change_take(self, asked: Change, change: Callable[[Archive], TakeRecord]) -> None:
        try:
            self._emit(TakeChanged(self._archive.do(change)))
        except StorageError as error:
            self._emit(Refused(asked, str(error)))
