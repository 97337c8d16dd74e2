"""Fragments on their way into slots: at once, or put beside a slot, from where they only have to take the place."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from midifrag.errors import StorageError
from midifrag.fragment.hands import Hand
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.rotation import Rotation
from midifrag.fragment.slot import Slot, SlotLanding, SlotsByNumber
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slot_file import Found
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.swap import Swap
from midifrag.fragment.turn_history import TurnHistory
from midifrag.fragment.wav import audio_checksum, with_texts

if TYPE_CHECKING:
    # Where its fragments are made, numpy is loaded; what lies where is known without it.
    from midifrag.fragment.encoding import EncodedFragment


@dataclass(frozen=True, slots=True)
class Staged:
    """A fragment that lies beside its slot, and the slot's hand, which alone touches it; ``next`` as in a landing."""

    swap: Swap
    hand: Hand
    next: int


class SlotLandings:
    """The landings in ``slots`` that are under way; those that have come about are in ``history``.

    Not thread-safe: one thread lands.
    """

    def __init__(self, slots: SlotsByNumber, rotation: Rotation, history: TurnHistory) -> None:
        self._slots = slots
        self._rotation = rotation
        self._history = history
        self._staged: list[Staged] = []

    @property
    def awaited(self) -> set[int]:
        """The slots that a fragment lies beside."""
        return {staged.swap.content.slot for staged in self._staged}

    def is_landing(self, number: int, job: int | None) -> bool:
        """Return whether a landing of this job in a slot has begun and waits for its drive."""
        landing = self._slots[number].landing
        return landing is not None and landing.content.job == job

    def leave(self, job: int | None) -> None:
        """Say that nobody will ask for this job's landing again: what comes of it is left to `finish_left`."""
        for slot in self._slots.values():
            if slot.landing is not None and slot.landing.content.job == job:
                slot.landing.left = True

    def land(self, number: int, fragment: EncodedFragment, record: TakeRecord, *, now: float, turn: bool) -> SlotState:
        """Put a fragment into a slot: its file is replaced in one step, and the fragment before it is kept.

        ``now`` is the time of landing in seconds since 1970; ``turn`` is False if the slot was asked for. `Slots.save`
        is left to the caller, who may have to tell somebody first. Raises `StorageError`; the slot then keeps
        its fragment. After a `DriveHangsError` the landing goes on: landing the same job again waits for it.
        """
        slot = self._slots[number]
        if slot.landing is not None and slot.landing.content.job != record.job:
            if not slot.landing.done.done():
                raise StorageError(f"slot {number} still waits for the take of an earlier press")
            # Nobody asked for that take again after its drive had come back.
            with suppress(StorageError):
                self._finish(slot, slot.landing)
        if slot.landing is None:
            slot.landing = self._begin(slot, fragment, record, now, turn)
        self._finish(slot, slot.landing)
        return slot.state(sounds=self._rotation.playing(number) is not None)

    def stage(
        self, number: int, fragment: EncodedFragment, record: TakeRecord, *, landed_at: float, turn: bool
    ) -> Staged:
        """Put a fragment beside its slot, where it only has to take the place; else as `land`.

        Raises `StorageError`. `unstage` it, or, once its hand has swapped it, `landed`.
        """
        slot = self._slots[number]
        content = self._content(slot, fragment, record, landed_at, turn)
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
        """Take in that a fragment has taken its place, where ``found`` lies now. `Slots.save` is left to the caller."""
        self._staged.remove(staged)
        self._take_in(self._slots[staged.swap.content.slot], found, staged.swap.content, staged.next)

    def finish_left(self) -> bool:
        """Take in what came of landings that nobody asks for any more; True if there was one."""
        left = [(slot, slot.landing) for slot in self._slots.values() if slot.landing is not None]
        over = [(slot, landing) for slot, landing in left if landing.left and landing.done.done()]
        for slot, landing in over:
            with suppress(StorageError):
                self._finish(slot, landing)
        return bool(over)

    def _begin(self, slot: Slot, fragment: EncodedFragment, record: TakeRecord, now: float, turn: bool) -> SlotLanding:
        content = self._content(slot, fragment, record, now, turn)
        whole = with_texts(fragment.content, content.texts())
        return SlotLanding(content, self._rotation.next, slot.hand.begin(partial(slot.file.put, whole, content)))

    def _content(
        self, slot: Slot, fragment: EncodedFragment, record: TakeRecord, now: float, turn: bool
    ) -> SlotContent:
        under_way = [one.landing.content.landing for one in self._slots.values() if one.landing is not None]
        under_way += [staged.swap.content.landing for staged in self._staged]
        return SlotContent(
            landing=self._history.number_after(under_way),
            slot=slot.file.number,
            turn=turn,
            job=record.job,
            take=record.number,
            preset=record.preset,
            prompt=record.prompt,
            seconds=fragment.seconds,
            landed_at=now,
            audio=audio_checksum(io.BytesIO(fragment.content)),
        )

    def _finish(self, slot: Slot, landing: SlotLanding) -> None:
        """Wait for a landing and take in that it came about. Raises `StorageError`."""
        try:
            found = slot.hand.result(landing.done)
        finally:
            if landing.done.done():
                slot.landing = None
        self._take_in(slot, found, landing.content, landing.next)

    def _take_in(self, slot: Slot, found: Found, content: SlotContent, turn_after: int) -> None:
        slot.found = found
        self._history.landed(content, turn_after)
