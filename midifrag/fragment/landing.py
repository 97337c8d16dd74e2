"""What the writer does with a take: archive it, make its fragment, land it, and keep it while a disk says no.

A take is archived first and lands then. If only the archive cannot be written, the take lands all the same, since a
performer needs the sound now, and is kept in memory until the archive can be written; if the slot cannot be written, it
keeps its old fragment until it can. The archive and each slot are in a hand of their own: a drive that hangs keeps
nothing waiting but what is to go there.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import assert_never

from midifrag.errors import AudioError, DriveHangsError, MidifragError, NoFreeSlotError, StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_hand import ArchiveHand
from midifrag.fragment.audio_files import decode_audio
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.encoding import EncodedFragment, encode_fragment
from midifrag.fragment.messages import (
    AnnotateTake,
    ArchiveOnly,
    GivenUp,
    Held,
    LandArchived,
    Landed,
    LandFailed,
    LandTake,
    LockSlot,
    Made,
    Prepare,
    QueuedCommand,
    Refused,
    RestoreSlot,
    SlotsChanged,
    StarTake,
    TakeArchived,
    TakeChanged,
    WriterEvent,
)
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.preparing import Preparer
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.rescue import UnarchivedTake
from midifrag.fragment.slots import Slots
from midifrag.fragment.unwritten import UnwrittenTake

#: Bytes of audio kept in memory for disks that cannot be written; beyond it the least precious take is given up.
HELD_BYTES = 1_000_000_000
#: Seconds until a held take is tried again: the first time, and at most; each time twice as long.
FIRST_RETRY, LONGEST_RETRY = 0.25, 5.0
#: Seconds between the parts of an index that is behind.
INDEXING = 0.5
#: Seconds between looks for slot files that someone else changed.
REFRESH = 2.0

_log = logging.getLogger(__name__)


class Lander:
    """The writer's work, done at once on the caller's thread; every event goes to ``emit`` as soon as it is true.

    ``plays`` says that somebody plays fragments, and so wants their samples.
    """

    def __init__(
        self,
        slots: Slots,
        archive: Archive,
        emit: Callable[[WriterEvent], None],
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        held_bytes: int = HELD_BYTES,
        plays: bool = False,
    ) -> None:
        self._slots = slots
        self._archive = archive
        self._preparer = Preparer(archive.bits)
        self._emit = emit
        self._clock = clock
        self._monotonic = monotonic
        self._held_bytes = held_bytes
        self._plays = plays
        self._held: list[UnwrittenTake] = []
        self._postponed: list[LandArchived] = []
        self._hand = ArchiveHand(archive)
        #: The folders that another program writes into as well.
        self.shared: tuple[Path, ...] = ()
        self._refresh_due = monotonic() + REFRESH

    @property
    def held(self) -> tuple[Held, ...]:
        """What was last told about each take that is kept in memory."""
        return tuple(take.told for take in list(self._held) if take.told is not None)

    @property
    def unarchived(self) -> list[UnarchivedTake]:
        """The takes that are kept in memory and nowhere else."""
        held = list(self._held)
        return [
            UnarchivedTake(take.audio, take.sample_rate, take.record) for take in held if take.record.number is None
        ]

    @property
    def due(self) -> float:
        """When `tick` has something to do, on the monotonic clock."""
        due = min([take.due for take in self._held], default=self._refresh_due)
        return min(due, self._monotonic() + INDEXING) if self._archive.behind else due

    def prepare(self, command: Prepare) -> None:
        """Do ahead what a landing would wait for. Never blocks; any thread may ask."""
        self._preparer.prepare(command.audio, command.sample_rate, command.options)

    def handle(self, command: QueuedCommand) -> None:
        """Do a command, as far as it can be done now."""
        match command:
            case LandTake() | ArchiveOnly() | LandArchived():
                self._receive(command)
            case LockSlot(slot, locked):
                self._change_slots(command, lambda: self._slots.set_lock(slot, locked))
            case RestoreSlot(slot):
                self._change_slots(command, lambda: self._slots.restore(slot))
            case StarTake(take, starred):
                self._change_take(command, lambda archive: archive.star(take, starred))
            case AnnotateTake(take, note):
                self._change_take(command, lambda archive: archive.annotate(take, note))
            case _:
                assert_never(command)

    def tick(self) -> None:
        """Try again what is due, and look what others did to the slot files."""
        now = self._monotonic()
        for take in [take for take in self._held if take.due <= now]:
            take.due = now + LONGEST_RETRY
            self._advance(take)
        if self._postponed and not self._hand.hangs:
            postponed, self._postponed = self._postponed, []
            for command in postponed:
                self._receive(command)
        self._hand.index_on()
        if self._refresh_due <= now:
            self._refresh_due = now + REFRESH
            if self._slots.refresh():
                self.tell_slots()
            self.look_around()

    def look_around(self) -> None:
        """Find out who else uses these folders."""
        # Slots and archive may lie in one folder.
        shared = [self._slots.folder] if self._slots.is_shared([self._archive.workspace_name]) else []
        if self._archive.folder != self._slots.folder and self._hand.is_shared():
            shared.append(self._archive.folder)
        self.shared = tuple(shared)

    def finish(self) -> None:
        """Try everything that is held once more, and begin with nothing new."""
        self._preparer.close()
        for take in list(self._held):
            self._advance(take)
        for command in self._postponed:
            self._emit(LandFailed(command.job, f"{self._archive.folder} does not answer", command.take))

    def close(self) -> None:
        """Close slots and archive, as far as their drives answer."""
        self._slots.close()
        self._hand.close()

    def tell_slots(self) -> None:
        """Say what lies where."""
        self._emit(SlotsChanged(self._slots.states))

    def _receive(self, command: LandTake | ArchiveOnly | LandArchived) -> None:
        began = self._monotonic()
        if isinstance(command, LandArchived):
            try:
                record, audio, sample_rate = self._hand.read(command.take)
            except DriveHangsError as error:
                self._postponed.append(command)
                self._emit(Held(command.job, str(error), "slot"))
                return
            except MidifragError as error:
                self._emit(LandFailed(command.job, str(error), command.take))
                return
            record = dataclasses.replace(record, job=command.job)
            take = UnwrittenTake(command.job, audio, sample_rate, record, began)
        else:
            record = dataclasses.replace(command.record, job=command.job, number=None, slot=None, landed_at=None)
            take = UnwrittenTake(command.job, command.audio, command.sample_rate, record, began)
        reason = command.reason if isinstance(command, ArchiveOnly) else self._cut(take, command.options, command.slot)
        if take.fragment is not None and self._plays and not isinstance(command, ArchiveOnly):
            self._emit(Made(take.job, *decode_audio(take.fragment.content), command.options.loop))
        if reason and take.record.number is None:
            take.record = dataclasses.replace(take.record, reason=reason)
        self._advance(take)
        if reason and not isinstance(command, ArchiveOnly):
            self._emit(LandFailed(take.job, reason, take.record.number))

    def _cut(self, take: UnwrittenTake, options: FragmentOptions, slot: int | None) -> str:
        """Make the fragment; return why there is none."""
        try:
            prepared = self._preparer.find(take.audio, options)
            if prepared is not None:
                take.encoded, take.fragment = prepared.take, prepared.fragment
            else:
                take.fragment = encode_fragment(make_fragment(take.audio, take.sample_rate, options), options.bits)
        except AudioError as error:
            return str(error)
        except Exception as error:
            # Whatever goes wrong here, the take itself must still get into the archive.
            _log.exception("no fragment could be made of job %s", take.job)
            return f"unexpected: {error!r}"
        take.fixed = slot
        return ""

    def _advance(self, take: UnwrittenTake) -> None:
        """Archive and land a take as far as that goes now, and hold it if that is not all the way."""
        problems = []
        if take.record.number is None:
            try:
                self._store(take)
            except StorageError as error:
                problems.append(str(error))
        if take.fragment is not None:
            try:
                self._land(take, take.fragment)
            except NoFreeSlotError as error:
                take.fragment = None
                self._emit(LandFailed(take.job, str(error), take.record.number))
            except StorageError as error:
                problems.append(str(error))
        self._settle()
        if take.waits_for is not None:
            self._hold(take, "; ".join(dict.fromkeys(problems)))
        elif take in self._held:
            self._held.remove(take)

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
                    self._hand.mark_landed(take.record)
                self.tell_slots()

    def _land(self, take: UnwrittenTake, fragment: EncodedFragment) -> None:
        # One that has begun there ends there, though the slot was locked meanwhile: it cannot be called back.
        began = take.slot is not None and self._slots.is_landing(take.slot, take.record.job)
        if take.slot is None or (self._slots.locked(take.slot) and not began):
            take.slot = self._slots.choose(take.fixed)
        self._let_earlier_land(take, take.slot)
        now = self._clock()
        state = self._slots.land(take.slot, fragment, take.record, now=now, turn=take.fixed is None)
        take.fragment = None
        take.record = dataclasses.replace(take.record, slot=take.slot, landed_at=now)
        self._emit(
            Landed(
                job=take.job,
                slot=take.slot,
                file=self._slots.path(take.slot),
                take=take.record.number,
                seconds=state.seconds,
                landed_at=now,
                write_seconds=self._monotonic() - take.began,
                notes=(
                    *fragment.notes,
                    *([f"the {state.file} before was yours: {state.moved}"] if state.moved else []),
                ),
            )
        )
        self.tell_slots()
        self._slots.save()
        self._hand.mark_landed(take.record)

    def _let_earlier_land(self, take: UnwrittenTake, slot: int) -> None:
        """Keep the order within a slot: an earlier take must not replace a later one when its time comes."""
        until = self._held.index(take) if take in self._held else len(self._held)
        for earlier in self._held[:until]:
            if earlier.slot == slot and earlier.fragment is not None:
                self._advance(earlier)
                if earlier.fragment is not None:
                    raise StorageError(f"slot {slot} still waits for the take of an earlier press")

    def _hold(self, take: UnwrittenTake, reason: str) -> None:
        # What was made ahead would only fill the memory that held takes need.
        take.encoded = None
        self._preparer.forget(take.audio)
        take.tries += 1
        take.due = self._monotonic() + min(FIRST_RETRY * 2.0 ** (take.tries - 1), LONGEST_RETRY)
        if take not in self._held:
            self._held.append(take)
        if take.waits_for is not None:
            told = Held(take.job, reason, take.waits_for)
            if told != take.told:
                take.told = told
                self._emit(told)
        while len(self._held) > 1 and sum(one.size for one in self._held) > self._held_bytes:
            # Archived takes can be sent to a slot again, unused spares were not asked for; then the oldest.
            least = min(self._held, key=lambda one: (one.record.number is None, not one.record.spare))
            self._held.remove(least)
            self._slots.leave(least.record.job)
            self._emit(GivenUp(least.job, "too many takes wait for the disk: make room", least.record.number))

    def _change_slots(self, command: QueuedCommand, change: Callable[[], object]) -> None:
        try:
            change()
        except StorageError as error:
            self._emit(Refused(command, str(error)))
        else:
            self.tell_slots()

    def _change_take(self, command: QueuedCommand, change: Callable[[Archive], TakeRecord]) -> None:
        try:
            self._emit(TakeChanged(self._hand.do(change)))
        except StorageError as error:
            self._emit(Refused(command, str(error)))
