"""How far a take gets: into the archive, into its slot or beside it, or into memory while a disk says no.

A take is archived first and lands then. If only the archive cannot be written, the take lands all the same, since a
performer needs the sound now, and is kept in memory until the archive can be written; if the slot cannot be written, it
keeps its old fragment until it can. One that is to land at a boundary lies beside its slot until then.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable

from midifrag.errors import DriveHangsError, NoFreeSlotError, StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_hand import ArchiveHand
from midifrag.fragment.encoding import EncodedFragment
from midifrag.fragment.holding import HeldTakes
from midifrag.fragment.preparing import Preparer
from midifrag.fragment.punctual import Punctual
from midifrag.fragment.recorded_length import recorded_bars
from midifrag.fragment.slot_file import Found
from midifrag.fragment.slots import Slots
from midifrag.fragment.unwritten import UnwrittenTake
from midifrag.fragment.waiting import CANCELLED, Waiting
from midifrag.fragment.writer_events import (
    GivenUp,
    Held,
    LandCancelled,
    Landed,
    LandFailed,
    Missed,
    SlotsChanged,
    TakeArchived,
    WriterEvent,
)

_log = logging.getLogger(__name__)


class Advancer:
    """Brings takes as far as disks let it, with what a `Lander` is made of. Every event goes to ``emit`` at once.

    ``held`` are the takes that a disk keeps in memory, ``waiting`` those that lie beside their slots.
    """

    def __init__(
        self,
        slots: Slots,
        hand: ArchiveHand,
        held: HeldTakes,
        waiting: Waiting,
        punctual: Punctual,
        preparer: Preparer,
        emit: Callable[[WriterEvent], None],
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._slots = slots
        self._hand = hand
        self._held = held
        self._waiting = waiting
        self._punctual = punctual
        self._preparer = preparer
        self._emit = emit
        self._clock = clock
        self._monotonic = monotonic

    def advance(self, take: UnwrittenTake) -> None:
        """Archive and land a take as far as that goes now, and hold it if that is not all the way."""
        problems = []
        if not take.is_archived:
            try:
                self._store(take)
            except StorageError as error:
                problems.append(str(error))
        if take.fragment is not None and take.staged is None:
            try:
                self._place(take, take.fragment)
            except NoFreeSlotError as error:
                take.fragment = None
                self._punctual.forget(take.job)
                self._emit(LandFailed(take.job, str(error), take.record.number))
            except StorageError as error:
                problems.append(str(error))
        self._settle()
        if take.waits_for is not None:
            self._hold(take, "; ".join(dict.fromkeys(problems)))
        else:
            self._held.release(take)

    def take_in(self) -> None:
        """Take in what became of those that waited for a boundary."""
        for take, staged, outcome in self._waiting.collect():
            if outcome is None:
                take.fragment = None
            elif isinstance(outcome, Found):
                take.fragment = None
                content = staged.swap.content
                take.record = dataclasses.replace(take.record, slot=content.slot, landed_at=content.landed_at)
                self._tell_slots()
                self._slots.save()
                self._hand.mark_landed(take.record)
            else:
                self._has_not_landed(take, outcome)
            if take.waits_for is None:
                self._held.release(take)

    def take_back(self) -> None:
        """Find other slots for those that wait beside one that is locked now, or sounds."""
        for take in self._waiting.take_back():
            self.advance(take)

    def call_off(self, take: UnwrittenTake, reason: str) -> None:
        """A take that has not come beside its slot will not land."""
        take.fragment = None
        self._punctual.forget(take.job)
        self._emit(LandCancelled(take.job, reason, take.record.number))

    def _settle(self) -> None:
        try:
            self._hand.do(Archive.settle)
        except DriveHangsError:
            # Told of the take that waits for it.
            return
        except StorageError as error:
            # The file is whole for everyone who reads it; only a power cut could still take it.
            _log.warning("%s", error)

    def _store(self, take: UnwrittenTake) -> None:
        stored = self._hand.store(take)
        # It may have landed while the archive was at it.
        take.record = dataclasses.replace(stored, slot=take.record.slot, landed_at=take.record.landed_at)
        number = take.record.number
        if number is not None:
            self._emit(TakeArchived(take.job, number, take.record.file))
            if take.record.slot is not None:
                self._slots.archived(take.record.slot, take.job, number)
                if stored.slot is None:
                    self._hand.mark_landed(take.record, late=True)
                self._tell_slots()

    def _place(self, take: UnwrittenTake, fragment: EncodedFragment) -> None:
        """Land a take, or put it beside its slot until it is to land."""
        if self._punctual.is_cancelled(take.job):
            self.call_off(take, CANCELLED)
            return
        # One that has begun there ends there, though the slot was locked meanwhile: it cannot be called back.
        began = take.slot is not None and self._slots.landings.is_landing(take.slot, take.record.job)
        slot = take.slot
        if slot is None or (not began and (self._slots.locked(slot) or self._must_not_end(take, slot))):
            slot = take.slot = self._slots.choose(take.fixed, protect=take.arrival.protect, among=take.arrival.among)
        at = take.arrival.at
        if at is None and (began or not self._must_not_end(take, slot)):
            self._land(take, fragment, slot)
        else:
            self._waiting.begin(take, fragment, slot, self._monotonic() if at is None else at)

    def _must_not_end(self, take: UnwrittenTake, slot: int) -> bool:
        """Whether a slot sounds, and a take has not been meant for it."""
        return take.arrival.protect and take.fixed is None and self._slots.is_kept_from(take.job, slot)

    def _land(self, take: UnwrittenTake, fragment: EncodedFragment, slot: int) -> None:
        self._let_earlier_land(take, slot)
        now = self._clock()
        state = self._slots.landings.land(slot, fragment, take.record, now=now, turn=take.fixed is None)
        take.fragment = None
        take.record = dataclasses.replace(take.record, slot=slot, landed_at=now)
        self._emit(
            Landed(
                job=take.job,
                slot=slot,
                file=self._slots.path(slot),
                take=take.record.number,
                seconds=state.seconds,
                landed_at=now,
                write_seconds=self._monotonic() - take.began,
                notes=(
                    *fragment.notes,
                    *([f"the {state.file} before was yours: {state.moved}"] if state.moved else []),
                ),
                bars=recorded_bars(take.record),
            )
        )
        self._tell_slots()
        self._slots.save()
        self._hand.mark_landed(take.record)

    def _let_earlier_land(self, take: UnwrittenTake, slot: int) -> None:
        """Keep the order within a slot: an earlier take must not replace a later one when its time comes."""
        for earlier in self._held.before(take):
            if earlier.slot == slot and earlier.fragment is not None and earlier.arrival.at is None:
                self.advance(earlier)
                if earlier.fragment is not None:
                    raise StorageError(f"slot {slot} still waits for the take of an earlier press")

    def _hold(self, take: UnwrittenTake, reason: str) -> None:
        # What was made ahead would only fill the memory that held takes need.
        take.encoded = None
        self._preparer.forget(take.audio)
        self._held.hold(take)
        if take.waits_for is not None:
            told = Held(take.job, reason, take.waits_for)
            if told != take.told:
                take.told = told
                self._emit(told)
        for least in self._held.too_many():
            self._slots.landings.leave(least.record.job)
            self._waiting.abandon(least)
            self._emit(GivenUp(least.job, "too many takes wait for the disk: make room", least.record.number))

    def _has_not_landed(self, take: UnwrittenTake, error: Exception) -> None:
        """A fragment could not take its place at the moment: it is made ready again, and waits for another boundary."""
        is_gone = isinstance(error, NoFreeSlotError) and take.fixed is not None
        if is_gone or not isinstance(error, StorageError):
            take.fragment = None
            reason = str(error) if is_gone else f"unexpected: {error!r}"
            self._emit(LandFailed(take.job, reason, take.record.number))
            return
        self._punctual.expect(take.job, math.inf)
        missed = take.arrival.at
        take.arrival = dataclasses.replace(take.arrival, at=math.inf)
        self._emit(Missed(take.job, self._monotonic() if missed is None else missed))
        if isinstance(error, NoFreeSlotError):
            self.advance(take)
        else:
            self._hold(take, str(error))

    def _tell_slots(self) -> None:
        self._emit(SlotsChanged(self._slots.states))
