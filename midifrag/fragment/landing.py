"""What the writer does when it is asked, and as time goes by: takes land, and all is closed.

The archive and each slot are in a hand of their own: a drive that hangs keeps nothing waiting but what is to go there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import assert_never

from midifrag.clock import monotonic
from midifrag.errors import DriveHangsError, MidifragError
from midifrag.fragment.advancing import Advancer
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_hand import ArchiveHand
from midifrag.fragment.audio_files import decode_audio
from midifrag.fragment.changing import Changes
from midifrag.fragment.holding import HELD_BYTES, LONGEST_RETRY, HeldTakes
from midifrag.fragment.preparing import Preparer
from midifrag.fragment.punctual import Punctual
from midifrag.fragment.recutting import EACH, Times
from midifrag.fragment.rescue import UnarchivedTake
from midifrag.fragment.shared_folders import SharedFolders
from midifrag.fragment.slots import Slots
from midifrag.fragment.source_sounds import Listen, SourceSounds, no_input
from midifrag.fragment.sources import Sources
from midifrag.fragment.unwritten import UnwrittenTake
from midifrag.fragment.waiting import CANCELLED, HasLanded, Waiting, nothing_goes_out
from midifrag.fragment.writer_commands import (
    AnnotateTake,
    ArchiveOnly,
    LandArchived,
    LandCommand,
    LandLast,
    LandTake,
    LockSlot,
    Prepare,
    QueuedCommand,
    Recut,
    RestoreSlot,
    SlotPlaying,
    StarTake,
    TrashTake,
)
from midifrag.fragment.writer_events import (
    Held,
    LandCancelled,
    LandFailed,
    Made,
    SlotsChanged,
    WriterEvent,
)

#: Seconds between the parts of an index that is behind.
INDEXING = 0.5
#: Seconds between looks for slot files that someone else changed, and those that such a look waits for a moment that
#: is near, once.
REFRESH, GIVE_WAY = 2.0, 0.3

#: Why what waits at the end does not land.
_ENDED = "cancelled: the show ended before its boundary"

_log = logging.getLogger(__name__)


class Lander:
    """The writer's work, done at once on the caller's thread; every event goes to ``emit`` as soon as it is true.

    What lands at a boundary does so by ``punctual`` in its slot's hand, which calls ``landed`` and ``emit``, and then
    ``wake``: `tick` has something to take in. ``plays`` says that somebody plays fragments, and wants their samples;
    ``listen`` is what an audio input has heard, ``begin_hand`` what the archive's thread does first.
    """

    def __init__(
        self,
        slots: Slots,
        archive: Archive,
        emit: Callable[[WriterEvent], None],
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = monotonic,
        held_bytes: int = HELD_BYTES,
        punctual: Punctual | None = None,
        landed: HasLanded = nothing_goes_out,
        wake: Callable[[], None] = lambda: None,
        plays: bool = False,
        listen: Listen = no_input,
        begin_hand: Callable[[], None] = lambda: None,
    ) -> None:
        self._slots = slots
        self._archive = archive
        self._preparer = Preparer(archive.bits)
        self._emit = emit
        self._monotonic = monotonic
        self._held = HeldTakes(held_bytes, monotonic)
        self._postponed: list[LandCommand | ArchiveOnly] = []
        self.punctual = punctual or Punctual(monotonic)
        self._waiting = Waiting(slots, self.punctual, emit, wall=clock, monotonic=monotonic, landed=landed, wake=wake)
        self._times = Times()
        self._wake = wake
        self._has_news = False
        self._plays = plays
        self._hand = ArchiveHand(archive, begin_hand)
        self._sources = Sources(slots, self._hand, self._preparer)
        self._changes = Changes(slots, self._hand, emit, self.tell_slots)
        #: What takes begin from.
        self.sounds = SourceSounds(slots, archive, emit, listen)
        self._advancer = Advancer(
            slots,
            self._hand,
            self._held,
            self._waiting,
            self.punctual,
            self._preparer,
            emit,
            clock=clock,
            monotonic=monotonic,
        )
        #: The folders that another program writes into as well.
        self.shared = SharedFolders(slots, self._hand)
        self._refresh_due = monotonic() + REFRESH
        self._gave_way = False

    @property
    def held(self) -> tuple[Held, ...]:
        """What was last told about each take that is kept in memory."""
        return self._held.told

    @property
    def unarchived(self) -> list[UnarchivedTake]:
        """The takes that are kept in memory and nowhere else."""
        return self._held.unarchived

    @property
    def due(self) -> float:
        """When `tick` has something to do, on the monotonic clock."""
        due = min(self._held.due(self._refresh_due), self._waiting.due)
        if any(self._times.another(take) for take in self._waiting):
            due = min(due, self._monotonic() + EACH)
        return min(due, self._monotonic() + INDEXING) if self._archive.behind else due

    def prepare(self, command: Prepare) -> None:
        """Do ahead what a landing would wait for. Never blocks; any thread may ask."""
        self._preparer.prepare(command.audio, command.sample_rate, command.options, command.length)

    def announce(self, command: LandCommand) -> None:
        """Say that a command will come: when it lands may be changed from now on. Any thread may."""
        if command.arrival.at is not None:
            self.punctual.expect(command.job, command.arrival.at)

    def cancel(self, job: int) -> None:
        """Call off what waits, or will, for a boundary, unless it lands now. Any thread may."""
        if not self._waiting.cancel(job, CANCELLED):
            self._wake()

    def recut(self, command: Recut) -> None:
        """Have a job's fragment cut for another time while it waits. Any thread may."""
        self._times.tell(command)
        self._wake()

    def call_off(self) -> None:
        """The show ends: nothing that waits lands any more, however long the writer takes. Any thread may."""
        self.punctual.close()
        for take in self._waiting:
            self._waiting.cancel(take.job, _ENDED)

    def play(self, command: SlotPlaying) -> None:
        """Take in that a slot sounds, or does not any more. Any thread may."""
        self._slots.play(command.slot, command.on, command.at, command.seconds, command.job)
        self._has_news = True
        self._wake()

    def handle(self, command: QueuedCommand) -> None:
        """Do a command, as far as it can be done now."""
        match command:
            case LandTake() | ArchiveOnly() | LandArchived() | LandLast():
                self._receive(command)
            case LockSlot():
                self._changes.make(command)
                self._advancer.take_back()
            case RestoreSlot() | StarTake() | AnnotateTake() | TrashTake():
                self._changes.make(command)
            case _:
                assert_never(command)

    def tick(self) -> None:
        """Try again what is due, and look what others did to the slot files."""
        now = self._monotonic()
        self._advancer.take_in()
        if self._has_news:
            self._has_news = False
            self.tell_slots()
            self._advancer.take_back()
        self._cut_anew()
        self._waiting.overdue()
        for take in [take for take in self._held if take.due <= now or self.punctual.is_cancelled(take.job)]:
            take.due = now + LONGEST_RETRY
            self._advancer.advance(take)
        self._let_go_of_postponed()
        if self._postponed and not self._hand.hangs:
            postponed, self._postponed = self._postponed, []
            for command in postponed:
                self._receive(command)
        near = self.punctual.is_near()
        if not near:
            self._hand.index_on()
        if self._refresh_due <= now:
            self._gave_way = near and not self._gave_way
            self._refresh_due = now + (GIVE_WAY if self._gave_way else REFRESH)
            if not self._gave_way:
                self._refresh()

    def _refresh(self) -> None:
        if self._slots.refresh():
            self.tell_slots()
        self.shared.look()

    def _let_go_of_postponed(self) -> None:
        """What was cancelled while the archive did not answer has an outcome now, and not when it is back."""
        for command in [one for one in self._postponed if self.punctual.is_cancelled(one.job)]:
            self._postponed.remove(command)
            self.punctual.forget(command.job)
            self._emit(LandCancelled(command.job, CANCELLED, _number_of(command)))

    def finish(self) -> None:
        """Try everything that is held once more, and begin with nothing new."""
        self._preparer.close()
        self.sounds.close()
        self.call_off()
        self._advancer.take_in()
        for take in self._waiting:
            if take.staged is not None:
                # It lands now.
                take.staged.hand.wait(take.staged.hand.later(lambda: None))
        self._advancer.take_in()
        for take in self._waiting:
            reason = f"{self._slots.path(take.slot or 0)} does not answer"
            self._emit(LandFailed(take.job, reason, take.record.number))
        for take in self._held:
            if take.arrival.at is not None and take.fragment is not None:
                self._advancer.call_off(take, _ENDED)
            self._advancer.advance(take)
        for command in self._postponed:
            self._emit(LandFailed(command.job, f"{self._archive.folder} does not answer", _number_of(command)))

    def close(self) -> None:
        """Close slots and archive, as far as their drives answer."""
        self._slots.close()
        self._hand.close()

    def tell_slots(self) -> None:
        """Say what lies where."""
        self._emit(SlotsChanged(self._slots.states))

    def _receive(self, command: LandCommand | ArchiveOnly) -> None:
        if not isinstance(command, ArchiveOnly):
            command = self._times.of(command)
        try:
            take, reason = self._sources.take_of(command, self._monotonic())
        except DriveHangsError as error:
            self._postponed.append(command)
            self._emit(Held(command.job, str(error), "slot"))
            return
        except MidifragError as error:
            self.punctual.forget(command.job)
            self._emit(LandFailed(command.job, str(error), _number_of(command)))
            return
        if not isinstance(command, ArchiveOnly):
            self._tell_samples(take)
        self._advancer.advance(take)
        if reason and not isinstance(command, ArchiveOnly):
            self.punctual.forget(take.job)
            self._emit(LandFailed(take.job, reason, take.record.number))

    def _tell_samples(self, take: UnwrittenTake) -> None:
        if take.fragment is not None and self._plays:
            self._emit(Made(take.job, *decode_audio(take.fragment.content), take.options.loop))

    def _cut_anew(self) -> None:
        """Cut those that wait for the time that they land in, where that is another one now."""
        self._times.keep({take.job for take in (*self._waiting, *self._held)} | self.punctual.expected())
        for take in self._waiting:
            length, at = self._times.another(take), self._waiting.lands_at(take)
            if length is None or not self._times.is_time(take, at, self._monotonic()):
                continue
            took = take.write_seconds
            if not self._sources.cut_anew(take, length) or not self._waiting.withdraw(take):
                continue
            take.began = self._monotonic() - took
            self._tell_samples(take)
            self._advancer.advance(take)


def _number_of(command: LandCommand | ArchiveOnly) -> int | None:
    """The number of the archived take that a command is about."""
    return command.take if isinstance(command, LandArchived) else None
