"""Takes that wait for a boundary: archived and cut, their fragments beside their slots until the moment comes.

The writer puts them there and takes in what became of them; what happens at the moment itself is the business of
`midifrag.fragment.punctual`.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from midifrag.fragment.appointments import After, Appointment, Made
from midifrag.fragment.encoding import EncodedFragment
from midifrag.fragment.punctual import Punctual
from midifrag.fragment.recorded_length import recorded_bars
from midifrag.fragment.slot_file import Found
from midifrag.fragment.slot_landings import Staged
from midifrag.fragment.slots import Slots
from midifrag.fragment.unwritten import UnwrittenTake
from midifrag.fragment.writer_events import Held, LandCancelled, Landed, Missed, Waits, WriterEvent

#: Seconds within which two landings count as at one boundary.
SAME = 0.01
#: Seconds after its moment that a fragment may take before its slot's drive counts as one that hangs.
PATIENCE = 2.0

#: Seconds that a fragment needs to come beside its slot: a turn that ends sooner is waited for once more.
SOON = 0.1

#: Why what was cancelled does not land.
CANCELLED = "cancelled while it waited for its boundary"

_log = logging.getLogger(__name__)

#: Called in the moment that a fragment lands at its boundary; returns what says whether all is out that goes with it.
HasLanded: TypeAlias = Callable[[Landed], Callable[[], bool]]
#: What became of an appointment: the fragment lies there, it could not be put there, or (None) it was called off.
Outcome: TypeAlias = Found | Exception | None


def nothing_goes_out(_landed: Landed) -> Callable[[], bool]:
    """Where nobody wants to know in the moment."""
    return lambda: True


class Waiting:
    """The takes that lie beside their slots, by job. Only `cancel` may be called by other threads than the writer's.

    ``emit`` is called with what is told, from a slot's hand where a fragment lands; ``landed`` before that, and
    ``wake`` when there is something to `collect`.
    """

    def __init__(
        self,
        slots: Slots,
        punctual: Punctual,
        emit: Callable[[WriterEvent], None],
        *,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        landed: HasLanded,
        wake: Callable[[], None],
    ) -> None:
        self._slots = slots
        self._punctual = punctual
        self._emit = emit
        self._wall = wall
        self._monotonic = monotonic
        self._landed = landed
        self._wake = wake
        self._takes: dict[int, UnwrittenTake] = {}
        self._over: deque[tuple[UnwrittenTake, Staged, Outcome]] = deque()

    def __iter__(self) -> Iterator[UnwrittenTake]:
        return iter(tuple(self._takes.values()))

    @property
    def due(self) -> float:
        """When one that should have landed counts as one whose drive hangs, on the monotonic clock."""
        moments = [moment for take in self if take.told is None and (moment := self._at(take)) < math.inf]
        return min(moments, default=math.inf) + PATIENCE

    def begin(self, take: UnwrittenTake, fragment: EncodedFragment, number: int, at: float) -> None:
        """Put a take's fragment beside a slot until ``at``, or the moment that was said of its job since.

        A slot that sounds, as all do where one is given in turn, gives way at the end of its turn. Raises
        `StorageError`.
        """
        moment, notes = self._moment_in(number, take, at), fragment.notes
        if take.gives_way:
            notes += (f"all slots sound: slot {number}, which began first, gives way at the end of its turn",)
        planned = self._wall_of(moment - take.arrival.lead) if moment < math.inf else self._wall()
        staged = self._slots.landings.stage(number, fragment, take.record, landed_at=planned, turn=take.fixed is None)
        self._supersede(number, moment)
        take.staged, take.slot = staged, number
        take.write_seconds = self._monotonic() - take.began
        self._takes[take.job] = take
        made = Appointment(
            take.job,
            moment,
            take.arrival.lead,
            staged.hand,
            staged.swap,
            self._wall_of,
            landed=partial(self._has_landed, take, staged, notes),
            done=partial(self._is_over, take, staged),
        )
        outcome = self._punctual.make(made, insists=take.gives_way)
        if outcome is Made.CANCELLED:
            self._drop(take, staged)
            take.fragment = None
            self._emit(LandCancelled(take.job, CANCELLED, take.record.number))
            return
        self._emit(
            Waits(
                take.job,
                number,
                moment,
                take.record.number,
                fragment.seconds,
                take.write_seconds,
                notes,
                take.gives_way,
            )
        )
        if outcome is Made.LATE:
            self._emit(Missed(take.job, moment))

    def cancel(self, job: int, reason: str) -> bool:
        """Call off what waits for a job; whether something did, which is then told. Any thread may."""
        made = self._punctual.cancel(job)
        take = self._takes.get(job)
        if made is None or take is None or take.staged is None:
            return False
        self._emit(LandCancelled(job, reason, take.record.number))
        self._over.append((take, take.staged, None))
        self._wake()
        return True

    def abandon(self, take: UnwrittenTake) -> None:
        """Have nothing land of a take; nothing is told of it."""
        self._punctual.forget(take.job)
        if self._punctual.cancel(take.job) is not None and take.staged is not None:
            self._drop(take, take.staged)

    def withdraw(self, take: UnwrittenTake) -> bool:
        """Take one back that is still expected to land when it was to; False if it lands now."""
        if take.staged is None or self._punctual.cancel(take.job, again=True) is None:
            return False
        self._drop(take, take.staged)
        return True

    def lands_at(self, take: UnwrittenTake) -> float:
        """When one lands, in monotonic seconds; infinite where nobody knows."""
        return self._at(take)

    def take_back(self) -> list[UnwrittenTake]:
        """Take back those whose slot is locked now, or sounds; they are still expected to land when they were to."""
        gone = []
        for take in self:
            if take.fixed is not None or take.slot is None or take.staged is None:
                continue
            sounds = take.arrival.protect and not take.gives_way and self._slots.is_kept_from(take.job, take.slot)
            is_out = sounds or self._slots.locked(take.slot)
            if is_out and self.withdraw(take):
                gone.append(take)
        return gone

    def collect(self) -> list[tuple[UnwrittenTake, Staged, Outcome]]:
        """What became of appointments since the last time, with all that is freed by it."""
        over = []
        while self._over:
            take, staged, outcome = self._over.popleft()
            if isinstance(outcome, Found):
                self._slots.landings.landed(staged, outcome)
                take.staged = None
                self._takes.pop(take.job, None)
            else:
                self._drop(take, staged)
            over.append((take, staged, outcome))
        return over

    def overdue(self) -> list[UnwrittenTake]:
        """Those whose moment is long over and whose drive does not answer; each once. They land when it does."""
        late = [take for take in self if take.told is None and self._at(take) + PATIENCE <= self._monotonic()]
        for take in late:
            reason = f"{self._slots.path(take.slot or 0)} does not answer: check its drive or its network"
            take.told = Held(take.job, reason, "slot")
            self._emit(take.told)
        return late

    def _moment_in(self, number: int, take: UnwrittenTake, at: float) -> float:
        """When a take lands in a slot: when it was asked to last, or where the slot gives way, as its turn ends."""
        told = self._punctual.moment(take.job)
        moment = at if told is None else told
        kept = take.arrival.protect and take.fixed is None and self._slots.is_kept_from(take.job, number)
        playing = self._slots.playing(number) if kept else None
        take.gives_way = playing is not None
        if playing is None:
            return moment
        return playing.end_of_turn(max(moment, self._monotonic() + take.arrival.lead + SOON))

    def _at(self, take: UnwrittenTake) -> float:
        moment = self._punctual.moment(take.job)
        return math.inf if moment is None else moment

    def _drop(self, take: UnwrittenTake, staged: Staged) -> None:
        self._slots.landings.unstage(staged)
        take.staged = None
        self._takes.pop(take.job, None)

    def _supersede(self, slot: int, at: float) -> None:
        """Call off what is to land in a slot at this very boundary: nobody would hear it."""
        for take in self:
            if take.slot == slot and abs(self._at(take) - at) <= SAME:
                self.cancel(take.job, f"a later press lands in slot {slot} at the same moment")

    def _wall_of(self, moment: float) -> float:
        return self._wall() + moment - self._monotonic()

    def _has_landed(self, take: UnwrittenTake, staged: Staged, notes: tuple[str, ...]) -> After:
        content, moved = staged.swap.content, staged.swap.moved
        path = self._slots.path(content.slot)
        told = Landed(
            job=take.job,
            slot=content.slot,
            file=path,
            take=take.record.number,
            seconds=content.seconds,
            landed_at=content.landed_at,
            write_seconds=take.write_seconds,
            notes=(*notes, *([f"the {path.name} before was yours: {moved}"] if moved else [])),
            bars=recorded_bars(take.record),
        )
        try:
            is_out = self._landed(told)
        except Exception:
            # A mistake of who sends the note must not keep the landing itself from being told.
            _log.exception("slot %s: nothing goes out for what landed there", told.slot)
            is_out = nothing_goes_out(told)
        return After(is_out, partial(self._emit, told))

    def _is_over(self, take: UnwrittenTake, staged: Staged, outcome: Found | Exception) -> None:
        self._over.append((take, staged, outcome))
        self._wake()
