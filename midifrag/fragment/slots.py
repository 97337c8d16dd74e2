"""The slot files that the DAW plays from: round robin, locks, the fragment before, and what lies where.

Every fragment says in its own file which landing it was. ``.midifrag/slots.json`` remembers locks and whose turn is
next, but where it disagrees with the files, or is missing, the files are right: so a program that was killed between
replacing a slot file and writing that down neither skips a slot nor fills one twice.
"""

from __future__ import annotations

import dataclasses
import io
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from midifrag.errors import DriveHangsError, NoFreeSlotError, StorageError
from midifrag.fragment.file_names import DEFAULT_NAME, MOST_SLOTS, UNNAMED_TAKES, slot_names
from midifrag.fragment.files import storage_error
from midifrag.fragment.hands import Hand
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.rotation import Playing, Rotation
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slot_file import Found, SlotFile
from midifrag.fragment.slot_landings import Slot, SlotLanding, Staged
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.slots_record import SavedSlots, SlotsRecord
from midifrag.fragment.swap import Swap
from midifrag.fragment.wav import audio_checksum, with_texts
from midifrag.fragment.workspace import Workspace

if TYPE_CHECKING:
    # Where its fragments are made, numpy is loaded; what lies where is known without it.
    from midifrag.fragment.encoding import EncodedFragment


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
        monotonic: Callable[[], float] = time.monotonic,
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
        self._slots = {
            number: Slot(SlotFile(number, path, paths.values(), self._workspace), Hand(path, begins=begin_hand))
            for number, path in paths.items()
        }
        self._rotation = Rotation(count)
        #: What waits for its boundary.
        self._staged: list[Staged] = []
        self._next_after_landings: int
        #: The latest landing that was a turn.
        self._last_turn: int
        self._landings: int
        self._load()

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
        return self._slot(number).file.path

    def choose(self, fixed: int | None = None, *, protect: bool = True) -> int:
        """Return the slot for the next fragment, ``fixed`` or the next one in turn that is not locked.

        One whose drive does not answer is left out while another does, and so is one that sounds (with ``protect``) or
        that a fragment waits for.
        The turn goes on even if nothing lands there in the end, but that is not remembered over a restart. Raises
        `NoFreeSlotError`.
        """
        if fixed is not None:
            if self._slot(fixed).locked:
                raise NoFreeSlotError(f"slot {fixed} is locked: unlock it, or give the preset another slot")
            return fixed
        free = [number for number, slot in self._slots.items() if not slot.locked]
        if not free:
            raise NoFreeSlotError(f"all {self.count} slots are locked: unlock one")
        answering = [number for number in free if not self._slots[number].hand.hangs] or free
        awaited = {staged.swap.content.slot for staged in self._staged}
        return self._rotation.choose(answering, awaited, protect=protect)

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
        return self._slot(number).locked

    def is_landing(self, number: int, job: int | None) -> bool:
        """Return whether a landing of this job in a slot has begun and waits for its drive."""
        landing = self._slot(number).landing
        return landing is not None and landing.content.job == job

    def leave(self, job: int | None) -> None:
        """Say that nobody will ask for this job's landing again: what comes of it is taken in by `refresh`."""
        for slot in self._slots.values():
            if slot.landing is not None and slot.landing.content.job == job:
                slot.landing.left = True

    def land(
        self, number: int, fragment: EncodedFragment, record: TakeRecord, *, now: float, turn: bool = True
    ) -> SlotState:
        """Put a fragment into a slot: its file is replaced in one step, and the fragment before it is kept.

        ``now`` is the time of landing in seconds since 1970; ``turn`` is False if the slot was asked for. `save` is
        left to the caller, who may have to tell somebody first. Raises `StorageError`; the slot then keeps
        its fragment. After a `DriveHangsError` the landing goes on: landing the same job again waits for it.
        """
        slot = self._slot(number)
        if slot.landing is not None and slot.landing.content.job != record.job:
            if not slot.landing.done.done():
                raise StorageError(f"slot {number} still waits for the take of an earlier press")
            # Nobody asked for that take again after its drive had come back.
            with suppress(StorageError):
                self._finish_landing(slot, slot.landing)
        if slot.landing is None:
            slot.landing = self._begin_landing(number, fragment, record, now, turn)
        self._finish_landing(slot, slot.landing)
        return self._state(number)

    # --- landing at a moment -----------------------------------------------------------------------------------------

    def stage(
        self, number: int, fragment: EncodedFragment, record: TakeRecord, *, landed_at: float, turn: bool
    ) -> Staged:
        """Put a fragment beside its slot, where it only has to take the place; else as `land`.

        Raises `StorageError`. `unstage` it, or, once its hand has swapped it, `landed`.
        """
        slot = self._slot(number)
        content = self._content(number, fragment, record, landed_at, turn)
        swap = Swap(slot.file, fragment.content, content, lambda: not slot.locked)
        staged = Staged(swap, slot.hand, self._rotation.next)
        try:
            slot.hand.do(swap.stage)
        except StorageError:
            slot.hand.later(swap.discard)
            raise
        self._staged.append(staged)
        return staged

    def unstage(self, staged: Staged) -> None:
        """Remove a fragment that will not land."""
        self._staged.remove(staged)
        staged.hand.later(staged.swap.discard)

    def landed(self, staged: Staged, found: Found) -> None:
        """Take in that a fragment has taken its place, where ``found`` lies now. `save` is left to the caller."""
        self._staged.remove(staged)
        self._take_in(self._slot(staged.swap.content.slot), found, staged.swap.content, staged.next)

    def read(self, number: int, job: int) -> tuple[SlotContent, bytes] | None:
        """Return what lies in a slot and its file, if it is the fragment of this job. Raises `StorageError`."""
        slot = self._slot(number)
        content = slot.content
        if content is None or content.job != job or slot.found.signature is None:
            return None
        signature, whole = slot.hand.do(slot.file.read)
        return (content, whole) if signature == slot.found.signature else None

    def restore(self, number: int) -> SlotState:
        """Swap a slot's fragment with the one before it, also in a locked slot; a second time undoes the first.

        Raises `StorageError`.
        """
        slot = self._slot(number)
        if slot.landing is not None:
            raise StorageError(f"slot {number} still waits for the take of an earlier press")
        slot.found = slot.hand.do(slot.file.put_back)
        self.save()
        return self._state(number)

    def set_lock(self, number: int, locked: bool | None) -> SlotState:
        """Lock a slot, so that nothing lands there, unlock it, or (None) the other. Raises `NoFreeSlotError`."""
        slot = self._slot(number)
        slot.locked = not slot.locked if locked is None else locked
        self.save()
        return self._state(number)

    def archived(self, number: int, job: int, take: int) -> None:
        """Note the number of a take that landed in a slot before it could be archived, if it still lies there."""
        slot = self._slot(number)
        if slot.content is not None and slot.content.job == job and slot.content.take is None:
            slot.content = dataclasses.replace(slot.content, take=take)
            self.save()

    def refresh(self) -> bool:
        """Look for slot files that somebody removed or replaced, and landings that were left; True if there is one."""
        came = False
        for slot in self._slots.values():
            landing = slot.landing
            if landing is not None and landing.left and landing.done.done():
                came = True
                with suppress(StorageError):
                    self._finish_landing(slot, landing)
        # A hand that waits for its moment would have all others wait.
        awaited = {staged.swap.content.slot for staged in self._staged}
        asked = {
            number: slot.hand.begin(slot.file.signature)
            for number, slot in self._slots.items()
            if slot.landing is None and not slot.hand.hangs and number not in awaited
        }
        Hand.wait_for_all((self._slots[number].hand, look) for number, look in asked.items())
        changed = [
            slot
            for slot in map(self._slots.__getitem__, asked)
            if (look := asked[slot.file.number]).done() and look.result() != slot.found.signature
        ]
        for slot in changed:
            with suppress(DriveHangsError):
                slot.found = slot.hand.do(slot.file.look)
        return came or bool(changed)

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
        saved = SavedSlots(self._next_after_landings, self._landings, slots)
        with suppress(StorageError):
            self._hand.do(partial(self._record.write, saved))

    def close(self) -> None:
        """Write down what is not yet, and tidy up."""
        self.save()
        with suppress(DriveHangsError):
            self._hand.do(self._workspace.close)
        for hand in (self._hand, *(slot.hand for slot in self._slots.values())):
            hand.close()

    def _begin_landing(
        self, number: int, fragment: EncodedFragment, record: TakeRecord, now: float, turn: bool
    ) -> SlotLanding:
        slot = self._slots[number]
        content = self._content(number, fragment, record, now, turn)
        whole = with_texts(fragment.content, content.texts())
        return SlotLanding(content, self._rotation.next, slot.hand.begin(partial(slot.file.put, whole, content)))

    def _content(
        self, number: int, fragment: EncodedFragment, record: TakeRecord, now: float, turn: bool
    ) -> SlotContent:
        under_way = [one.landing.content.landing for one in self._slots.values() if one.landing is not None]
        under_way += [staged.swap.content.landing for staged in self._staged]
        return SlotContent(
            landing=max(self._landings, *under_way, 0) + 1,
            slot=number,
            turn=turn,
            job=record.job,
            take=record.number,
            preset=record.preset,
            prompt=record.prompt,
            seconds=fragment.seconds,
            landed_at=now,
            audio=audio_checksum(io.BytesIO(fragment.content)),
        )

    def _finish_landing(self, slot: Slot, landing: SlotLanding) -> None:
        """Wait for a landing and take in that it came about. Raises `StorageError`."""
        try:
            found = slot.hand.result(landing.done)
        finally:
            if landing.done.done():
                slot.landing = None
        self._take_in(slot, found, landing.content, landing.next)

    def _take_in(self, slot: Slot, found: Found, content: SlotContent, turn_after: int) -> None:
        slot.found = found
        self._landings = max(self._landings, content.landing)
        # One that waited for its boundary may come behind those whose turn came later.
        if content.turn and content.landing > self._last_turn:
            self._last_turn, self._next_after_landings = content.landing, turn_after

    def _slot(self, number: int) -> Slot:
        slot = self._slots.get(number)
        if slot is None:
            raise NoFreeSlotError(f"there is no slot {number}: slots are numbered 1 to {self.count}")
        return slot

    def _state(self, number: int) -> SlotState:
        slot, found = self._slot(number), self._slot(number).found
        filled = found.signature is not None
        content = found.content
        return SlotState(
            number=number,
            file=slot.file.path.name,
            state="locked" if slot.locked else "filled" if filled else "free",
            take=content.take if content else None,
            preset=content.preset if content else "",
            prompt=content.prompt if content else "",
            seconds=found.seconds,
            landed_at=content.landed_at if content else None,
            has_previous=found.has_previous,
            foreign=filled and content is None,
            moved=found.moved,
            sounds=self._rotation.playing(number) is not None,
        )

    def _load(self) -> None:
        saved = self._record.read()
        self._rotation.next = saved.next if 1 <= saved.next <= self.count else 1
        self._landings = saved.landings
        # What a set with more slots wrote down: its locks come back with the count.
        above = range(self.count + 1, MOST_SLOTS + 1)
        self._above = {number: saved.slots[number] for number in above if number in saved.slots}
        self._last_turn = self._landings
        for number, slot in self._slots.items():
            slot.locked, known = saved.slots.get(number, (False, None))
            slot.found = slot.file.look()
            if slot.content is not None:
                slot.content = slot.content.with_take_of(known)
            for content in (slot.content, slot.file.content_before()):
                if content is None:
                    continue
                self._landings = max(self._landings, content.landing)
                if content.turn and content.landing > self._last_turn:
                    self._last_turn = content.landing
                    self._rotation.next = content.slot % self.count + 1
        self._next_after_landings = self._rotation.next
