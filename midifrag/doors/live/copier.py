"""Has copies made, one after the other, on a thread that may hang with its drive; the newest of a slot comes first.

What the disk refuses is tried again after a pause, until it is made, or something newer is to come into its slot.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from midifrag.clock import monotonic
from midifrag.doors.live.copies import Copies
from midifrag.doors.live.copy_record import Copy, Facts
from midifrag.errors import StorageError
from midifrag.fragment.slot_content import SlotContent
from midifrag.scheduling import run_before_others

#: Seconds that a copy may take until its drive is said not to answer.
HANGS_AFTER = 5.0
#: Seconds until what failed is tried again: at first, twice that after each failure, and at most.
PAUSE, LONGEST_PAUSE = 1.0, 30.0
#: Seconds between two looks whether it is time.
LOOK_EVERY = 0.25
#: Seconds that the end waits for the copy that is being made.
CLOSE_SECONDS = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A copy of what lies in a slot, at ``source``: of what landed for a ``job``, or (None) of whatever of ours it is.

    ``facts`` says how it is played. ``again`` is whether it lay there when Live came.
    """

    slot: int
    source: Path
    facts: Callable[[SlotContent | None], Facts]
    job: int | None = None
    again: bool = False


class Taker(Protocol):
    """Who gets copies, on the copier's thread."""

    def copied(self, copy: Copy, *, again: bool) -> None:
        """A copy is made."""

    def not_copied(self, slot: int, why: str) -> None:
        """A copy cannot be made; what landed is in its slot all the same."""


class Copier:
    """Makes copies in ``folder`` for ``taker``."""

    def __init__(self, folder: Path, taker: Taker, clock: Callable[[], float] = monotonic) -> None:
        self.copies = Copies(folder)
        self._taker, self._clock = taker, clock
        self._wanted: dict[int, Wanted] = {}
        self._changed = threading.Condition()
        #: What failed, by slot: when it is tried again, and the pause that it then had.
        self._later: dict[int, tuple[float, float, Wanted]] = {}
        #: How often all was forgotten.
        self._forgotten = 0
        self._closing = self._is_begun = False
        #: Since when the drive has been asked for something, and for which slot; None for the folder itself.
        self._busy: tuple[float, int | None] | None = None
        self._thread = threading.Thread(target=self._run, name="midifrag-ableton-copies", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def want(self, wanted: Wanted) -> None:
        """Have a copy made, in place of one of the same slot that has not been begun. Never blocks."""
        with self._changed:
            # At the end of the turn: none waits longer because another slot lands often.
            self._wanted.pop(wanted.slot, None)
            self._later.pop(wanted.slot, None)
            self._wanted[wanted.slot] = wanted
            self._changed.notify()

    def forget(self) -> None:
        """Leave out what was not made: nobody is there to be given it."""
        with self._changed:
            self._wanted.clear()
            self._later.clear()
            self._forgotten += 1

    def hangs(self) -> int | None:
        """The slot whose copy is not made for so long that its drive does not seem to answer."""
        with self._changed:
            if self._busy is None or self._clock() - self._busy[0] <= HANGS_AFTER:
                return None
            return self._busy[1] or next(iter(self._wanted), None)

    def close(self) -> None:
        """End, with the copy that is being made."""
        with self._changed:
            self._closing = True
            self._wanted.clear()
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        run_before_others()
        self._busy = self._clock(), None
        try:
            self._begin()
        except StorageError as error:
            # Told of the first copy, which needs it.
            _log.info("%s", error)
        except Exception:
            _log.exception("the folder of copies cannot be made ready")
        self._busy = None
        while (found := self._next()) is not None:
            wanted, pause, forgotten = found
            self._busy = self._clock(), wanted.slot
            try:
                self._make(wanted)
            except StorageError as error:
                self._taker.not_copied(wanted.slot, str(error))
                self._keep(wanted, pause, forgotten)
            except Exception as error:
                _log.exception("a copy for Live failed")
                self._taker.not_copied(wanted.slot, f"unexpected: {error!r}")
            self._busy = None
        self.copies.close()

    def _begin(self) -> None:
        if not self._is_begun:
            self.copies.begin()
            self._is_begun = True

    def _next(self) -> tuple[Wanted, float, int] | None:
        """What is to be made now, the pause that comes if that fails, and how often all had been forgotten."""
        with self._changed:
            while not self._closing:
                if self._wanted:
                    return self._wanted.pop(next(iter(self._wanted))), PAUSE, self._forgotten
                now = self._clock()
                for slot, (due, pause, wanted) in self._later.items():
                    if now >= due:
                        del self._later[slot]
                        return wanted, min(2 * pause, LONGEST_PAUSE), self._forgotten
                self._changed.wait(LOOK_EVERY if self._later else None)
            return None

    def _keep(self, wanted: Wanted, pause: float, forgotten: int) -> None:
        """Have something tried again, unless something newer of its slot is wanted, or nothing is any more."""
        with self._changed:
            if wanted.slot not in self._wanted and forgotten == self._forgotten:
                self._later[wanted.slot] = self._clock() + pause, pause, wanted

    def _make(self, wanted: Wanted) -> None:
        self._begin()
        if wanted.job is not None:
            copy = self.copies.of_landing(wanted.slot, wanted.source, wanted.job, wanted.facts(None))
        else:
            copy = self.copies.of_slot(wanted.slot, wanted.source, wanted.facts)
        if copy is not None:
            self._taker.copied(copy, again=wanted.again)
