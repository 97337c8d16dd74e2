"""The slot files that the DAW plays from: round robin, locks, the fragment before, and what lies where.

Every fragment says in its own file which landing it was. ``.midifrag/slots.json`` remembers locks and whose turn is
next, but where it disagrees with the files, or is missing, the files are right: so a program that was killed between
replacing a slot file and writing that down neither skips a slot nor fills one twice.
"""

from __future__ import annotations

import dataclasses
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from midifrag.errors import NoFreeSlotError, StorageError
from midifrag.fragment.file_names import DEFAULT_NAME, UNNAMED_TAKES, slot_names
from midifrag.fragment.files import (
    copy_regular,
    discard,
    keep_copy,
    read_json,
    replace_file,
    storage_error,
    write_whole,
)
from midifrag.fragment.messages import SlotState
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.slot_content import Signature, SlotContent, content_of, seconds_of, signature_of
from midifrag.fragment.slot_places import beside, keep_own, place_of
from midifrag.fragment.wav import audio_checksum, with_texts
from midifrag.fragment.workspace import Workspace

if TYPE_CHECKING:
    # Where its fragments are made, numpy is loaded; what lies where is known without it.
    from midifrag.fragment.encoding import EncodedFragment


@dataclass(slots=True)
class _Slot:
    content: SlotContent | None = None
    locked: bool = False
    seconds: float = 0.0
    signature: Signature | None = None
    moved: str = ""


class Slots:
    """N slot files in a folder. Not thread-safe: one thread lands, locks and restores.

    Raises `StorageError` if the folder cannot be made, and ValueError for a ``name`` that does not give ``count``
    different files in this folder.
    """

    def __init__(self, folder: Path, count: int = 8, name: str = DEFAULT_NAME) -> None:
        self.folder = folder
        self._names = slot_names(name, count)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error("make", folder, error) from error
        self._workspace = Workspace(folder)
        # A take without a name, where the archive is in the same folder; the archive names it.
        self._workspace.sweep(spare=UNNAMED_TAKES)
        self._previous = self._workspace.own / "previous"
        self._record = self._workspace.own / "slots.json"
        self._slots = {number: _Slot() for number in self._names}
        self._next: int
        self._next_after_landings: int
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
        self._slot(number)
        return self.folder / self._names[number]

    def choose(self, fixed: int | None = None) -> int:
        """Return the slot for the next fragment, ``fixed`` or the next one in turn that is not locked.

        The turn goes on even if nothing lands there in the end, but that is not remembered over a restart. Raises
        `NoFreeSlotError`.
        """
        if fixed is not None:
            if self._slot(fixed).locked:
                raise NoFreeSlotError(f"slot {fixed} is locked: unlock it, or give the preset another slot")
            return fixed
        for step in range(self.count):
            number = (self._next - 1 + step) % self.count + 1
            if not self._slots[number].locked:
                self._next = number % self.count + 1
                return number
        raise NoFreeSlotError(f"all {self.count} slots are locked: unlock one")

    def locked(self, number: int) -> bool:
        """Return whether a slot is locked."""
        return self._slot(number).locked

    def land(
        self, number: int, fragment: EncodedFragment, record: TakeRecord, *, now: float, turn: bool = True
    ) -> SlotState:
        """Put a fragment into a slot: its file is replaced in one step, and the fragment before it is kept.

        ``now`` is the time of landing in seconds since 1970; ``turn`` is False if the slot was asked for. `save` is
        left to the caller, who may have to tell somebody first. Raises `StorageError`; the slot then keeps
        its fragment.
        """
        target = self.path(number)
        content = SlotContent(
            landing=self._landings + 1,
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
        new = self._workspace.aside(target.name)
        write_whole(new, with_texts(fragment.content, content.texts()))
        self._exchange(new, number)
        self._landings = content.landing
        if turn:
            self._next_after_landings = self._next
        self._notice(number, content)
        return self._state(number)

    def restore(self, number: int) -> SlotState:
        """Swap a slot's fragment with the one before it, also in a locked slot; a second time undoes the first.

        Raises `StorageError`.
        """
        target = self.path(number)
        back = self._workspace.aside(target.name)
        previous = self._previous / target.name
        try:
            if content_of(previous) is not None:
                keep_copy(previous, back)
            else:
                # No link: who records into the slot again would record into what is kept.
                copy_regular(previous, back)
        except FileNotFoundError:
            raise StorageError(f"slot {number} has no previous fragment to put back") from None
        except OSError as error:
            raise storage_error("read", previous, error) from error
        if self._exchange(back, number):
            discard(previous)
        self._notice(number)
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
        """Look for slot files that someone removed or replaced; True if there is one."""
        changed = [number for number in self._slots if signature_of(self.path(number)) != self._slots[number].signature]
        for number in changed:
            self._notice(number)
        return bool(changed)

    def is_shared(self) -> bool:
        """Whether another program lands fragments in this folder too: each would replace the other's."""
        try:
            return self._workspace.is_shared()
        except StorageError:
            # Told with the first landing, which needs the folder.
            return False

    def save(self) -> None:
        """Write down locks, turn and contents. On a full disk nothing is lost: the next change writes it again."""
        slots = {
            str(number): {"locked": slot.locked, "content": dataclasses.asdict(slot.content) if slot.content else None}
            for number, slot in self._slots.items()
        }
        saved = {"next": self._next_after_landings, "landings": self._landings, "slots": slots}
        try:
            new = self._workspace.aside(self._record.name)
            write_whole(new, json.dumps(saved, indent=1).encode())
            replace_file(new, self._record)
        except StorageError:
            return

    def close(self) -> None:
        """Write down what is not yet, and tidy up."""
        self.save()
        self._workspace.close()

    def _exchange(self, new: Path, number: int) -> bool:
        """Put ``new`` in the place of a slot and what was there into the folder of previous fragments.

        What midifrag did not make is moved aside before. Returns whether the place was empty.
        """
        target = self.path(number)
        old = self._workspace.aside(target.name)
        try:
            place = self._place(number)
            self._slots[number].moved = keep_own(place, target.name, self._workspace)
            if target.is_symlink():
                new = beside(new, place)
        except StorageError:
            discard(new)
            raise
        try:
            self._previous.mkdir(exist_ok=True)
            keep_copy(place, old)
        except FileNotFoundError:
            replace_file(new, place)
            return True
        except OSError as error:
            discard(new)
            raise storage_error("keep a copy of", target, error) from error
        try:
            replace_file(new, place)
        except StorageError:
            discard(old)
            raise
        try:
            replace_file(old, self._previous / target.name)
        except StorageError:
            # The new fragment has landed all the same; rather none to put back than a wrong one.
            discard(self._previous / target.name)
        return False

    def _place(self, number: int) -> Path:
        """Return the file that is a slot's, also where a link leads to it. Raises `StorageError`."""
        target = self.path(number)
        place = place_of(target)
        if target.is_symlink():
            for other in self._names.values():
                if other != target.name and (self.folder / other).resolve() == place:
                    raise StorageError(f"{target} is a link to the file of {other}: each slot has a file of its own")
        return place

    def _slot(self, number: int) -> _Slot:
        slot = self._slots.get(number)
        if slot is None:
            raise NoFreeSlotError(f"there is no slot {number}: slots are numbered 1 to {self.count}")
        return slot

    def _state(self, number: int) -> SlotState:
        slot, name = self._slot(number), self._names[number]
        filled = slot.signature is not None
        content = slot.content
        return SlotState(
            number=number,
            file=name,
            state="locked" if slot.locked else "filled" if filled else "free",
            take=content.take if content else None,
            preset=content.preset if content else "",
            prompt=content.prompt if content else "",
            seconds=slot.seconds,
            landed_at=content.landed_at if content else None,
            has_previous=(self._previous / name).exists(),
            foreign=filled and content is None,
            moved=slot.moved,
        )

    def _notice(self, number: int, content: SlotContent | None = None) -> None:
        """Take what lies in a slot's file as its content."""
        slot, path = self._slots[number], self.path(number)
        slot.signature = signature_of(path)
        if slot.signature is None:
            slot.content, slot.seconds = None, 0.0
            return
        slot.content = content or content_of(path)
        slot.seconds = slot.content.seconds if slot.content else seconds_of(path)

    def _load(self) -> None:
        saved = read_json(self._record)
        saved = saved if isinstance(saved, dict) else {}
        turn, landings, entries = saved.get("next"), saved.get("landings"), saved.get("slots")
        self._next = turn if isinstance(turn, int) and 1 <= turn <= self.count else 1
        self._landings = landings if isinstance(landings, int) else 0
        last_turn = self._landings
        for number, slot in self._slots.items():
            entry = entries.get(str(number)) if isinstance(entries, dict) else None
            entry = entry if isinstance(entry, dict) else {}
            slot.locked = entry.get("locked") is True
            self._notice(number)
            if slot.content is not None:
                slot.content = slot.content.with_take_of(SlotContent.read(entry.get("content")))
            for content in (slot.content, content_of(self._previous / self._names[number])):
                if content is None:
                    continue
                self._landings = max(self._landings, content.landing)
                if content.turn and content.landing > last_turn:
                    last_turn = content.landing
                    self._next = content.slot % self.count + 1
        self._next_after_landings = self._next
