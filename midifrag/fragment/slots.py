"""The slot files that the DAW plays from: round robin, locks, the fragment before, and what lies where.

Every fragment says in its own file which landing it was. ``.midifrag/slots.json`` remembers locks and whose turn is
next, but where it disagrees with the files, or is missing, the files are right: so a program that was killed between
replacing a slot file and writing that down neither skips a slot nor fills one twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from pathlib import Path

from midifrag.clock import monotonic
from midifrag.errors import DriveHangsError, NoFreeSlotError, StorageError
from midifrag.fragment.file_names import DEFAULT_NAME, MOST_SLOTS, UNNAMED_TAKES, slot_names
from midifrag.fragment.files import storage_error
from midifrag.fragment.hands import Hand
from midifrag.fragment.rotation import Playing, Rotation
from midifrag.fragment.slot import Slot, SlotsByNumber, look_again
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slot_file import SlotFile
from midifrag.fragment.slot_landings import SlotLandings
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.slots_record import SavedSlots, SlotsRecord
from midifrag.fragment.turn_history import TurnHistory
from midifrag.fragment.workspace import Workspace


class Slots:
    """N slot files in a folder. Not thread-safe: one thread lands, locks and restores.

    Raises `StorageError` if the folder cannot be made, and ValueError for a ``name`` that does not give ``count``
    different files in this folder.
    """

    def __init__(
        self,
        folder: Path,
        count: int = 8,
        name: str = DEFAULT_NAME,
        *,
        monotonic: Callable[[], float] = monotonic,
        begin_hand: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = folder
        self._monotonic = monotonic
        self._names = slot_names(name, count)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error("make", folder, error) from error
        self._workspace = Workspace(folder)
        # A take without a name, where the archive is in the same folder; the archive names it.
        self._workspace.sweep(spare=UNNAMED_TAKES)
        self._hand = Hand(folder)
        self._record = SlotsRecord(self._workspace)
        paths = {number: folder / one for number, one in self._names.items()}
        self._slots = SlotsByNumber(
            (number, Slot(SlotFile(number, path, paths.values(), self._workspace), Hand(path, begins=begin_hand)))
            for number, path in paths.items()
        )
        saved = self._record.read()
        # What a set with more slots wrote down: its locks come back with the count.
        above = range(self.count + 1, MOST_SLOTS + 1)
        self._above = {number: saved.slots[number] for number in above if number in saved.slots}
        self._history = self._load(saved)
        self._rotation = Rotation(count)
        self._rotation.next = self._history.next
        #: What is about to land.
        self.landings = SlotLandings(self._slots, self._rotation, self._history)

    @property
    def count(self) -> int:
        """How many slots there are."""
        return len(self._slots)

    @property
    def states(self) -> tuple[SlotState, ...]:
        """What lies where, in order."""
        return tuple(self._state(number) for number in self._slots)

    def path(self, number: int) -> Path:
        """Return a slot's file. Raises `NoFreeSlotError` if there is no slot of this number."""
        return self._slots[number].file.path

    def path_before(self, number: int) -> Path:
        """Return where the fragment before that of a slot is kept. Raises `NoFreeSlotError`."""
        return self._slots[number].file.previous

    def choose(self, fixed: int | None = None, *, protect: bool = True, among: tuple[int, ...] | None = None) -> int:
        """Return the slot for the next fragment, ``fixed`` or the next one in turn that is not locked.

        ``among`` are those that have a turn of their own, None for all.

        One whose drive does not answer is left out while another does, and so is one that sounds (with ``protect``) or
        that a fragment waits for.
        The turn goes on even if nothing lands there in the end, but that is not remembered over a restart. Raises
        `NoFreeSlotError`.
        """
        if fixed is not None:
            if self._slots[fixed].locked:
                raise NoFreeSlotError(f"slot {fixed} is locked: unlock it, or give the preset another slot")
            return fixed
        able = [number for number in self._slots if among is None or number in among]
        free = [number for number in able if not self._slots[number].locked]
        if not free:
            which = f"all {self.count} slots" if among is None else f"slots {', '.join(map(str, able))}"
            raise NoFreeSlotError(f"{which} are locked: unlock one")
        answering = [number for number in free if not self._slots[number].hand.hangs] or free
        return self._rotation.choose(answering, self.landings.awaited, protect=protect, among=among)

    # --- what sounds -------------------------------------------------------------------------------------------------

    def play(
        self, number: int, on: bool, at: float | None = None, seconds: float | None = None, job: int | None = None
    ) -> None:
        """Say that a slot sounds, or does not any more; see `SlotPlaying`. Any thread may."""
        slot = self._slots.get(number)
        if slot is not None:
            since = self._monotonic() if at is None else at
            turn = slot.found.seconds if seconds is None else seconds
            self._rotation.play(number, Playing(since, turn, job) if on else None)

    def is_kept_from(self, job: int, number: int) -> bool:
        """Return whether a slot sounds with what is not the fragment of ``job``."""
        playing = self._rotation.playing(number)
        return playing is not None and playing.job != job

    def playing(self, number: int) -> Playing | None:
        """Return how a slot sounds, None if it does not."""
        return self._rotation.playing(number)

    def locked(self, number: int) -> bool:
        """Return whether a slot is locked."""
        return self._slots[number].locked

    # --- what lies there ---------------------------------------------------------------------------------------------

    def read(self, number: int, job: int) -> tuple[SlotContent, bytes] | None:
        """Return what lies in a slot and its file, if it is the fragment of this job. Raises `StorageError`."""
        slot = self._slots[number]
        content = slot.content
        if content is None or content.job != job or slot.found.signature is None:
            return None
        signature, whole = slot.hand.do(slot.file.read)
        return (content, whole) if signature == slot.found.signature else None

    def restore(self, number: int) -> SlotState:
        """Swap a slot's fragment with the one before it, also in a locked slot; a second time undoes the first.

        Raises `StorageError`.
        """
        slot = self._slots[number]
        if slot.landing is not None:
            raise StorageError(f"slot {number} still waits for the take of an earlier press")
        slot.found = slot.hand.do(slot.file.put_back)
        self.save()
        return self._state(number)

    def set_lock(self, number: int, locked: bool | None) -> SlotState:
        """Lock a slot, so that nothing lands there, unlock it, or (None) the other. Raises `NoFreeSlotError`."""
        slot = self._slots[number]
        slot.locked = not slot.locked if locked is None else locked
        self.save()
        return self._state(number)

    def archived(self, number: int, job: int, take: int) -> None:
        """Note the number of a take that landed in a slot before it could be archived, if it still lies there."""
        slot = self._slots[number]
        if slot.content is not None and slot.content.job == job and slot.content.take is None:
            slot.content = dataclasses.replace(slot.content, take=take)
            self.save()

    def refresh(self) -> bool:
        """Look for slot files that somebody removed or replaced, and landings that were left; True if there is one."""
        came = self.landings.finish_left()
        # A hand that waits for its moment would have all others wait.
        awaited = self.landings.awaited
        asked = [
            slot
            for number, slot in self._slots.items()
            if slot.landing is None and not slot.hand.hangs and number not in awaited
        ]
        return look_again(asked) or came

    def is_shared(self, also_ours: Collection[str] = ()) -> bool:
        """Whether another program lands fragments in this folder too: each would replace the other's.

        ``also_ours`` are the names of work folders of this program's own.
        """
        try:
            return self._hand.do(partial(self._workspace.is_shared, also_ours))
        except StorageError:
            # Told with the first landing, which needs the folder.
            return False

    def save(self) -> None:
        """Write down locks, turn and contents. On a full disk nothing is lost: the next change writes it again."""
        slots = {number: (slot.locked, slot.content) for number, slot in self._slots.items()} | self._above
        saved = SavedSlots(self._history.next, self._history.landings, slots)
        with suppress(StorageError):
            self._hand.do(partial(self._record.write, saved))

    def close(self) -> None:
        """Write down what is not yet, and tidy up."""
        self.save()
        with suppress(DriveHangsError):
            self._hand.do(self._workspace.close)
        for hand in (self._hand, *(slot.hand for slot in self._slots.values())):
            hand.close()

    def _state(self, number: int) -> SlotState:
        return self._slots[number].state(sounds=self._rotation.playing(number) is not None)

    def _load(self, saved: SavedSlots) -> TurnHistory:
        history = TurnHistory(saved, self.count)
        for number, slot in self._slots.items():
            slot.locked, known = saved.slots.get(number, (False, None))
            slot.found = slot.file.look()
            if slot.content is not None:
                slot.content = slot.content.with_take_of(known)
            history.found(slot.content)
            history.found(slot.file.content_before())
        return history
