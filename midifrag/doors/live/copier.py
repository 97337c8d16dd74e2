"""Has copies made, one after the other, on a thread that may hang with its drive; the newest of a slot comes first."""

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
        self._closing = False
        #: Since when, and for which slot, a copy is being made.
        self._busy: tuple[float, int] | None = None
        self._thread = threading.Thread(target=self._run, name="midifrag-ableton-copies", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def want(self, wanted: Wanted) -> None:
        """Have a copy made, in place of one of the same slot that has not been begun. Never blocks."""
        with self._changed:
            # At the end of the turn: none waits longer because another slot lands often.
            self._wanted.pop(wanted.slot, None)
            self._wanted[wanted.slot] = wanted
            self._changed.notify()

    def forget(self) -> None:
        """Leave out what was not begun: nobody is there to be given it."""
        with self._changed:
            self._wanted.clear()

    def hangs(self) -> int | None:
        """The slot whose copy is not made for so long that its drive does not seem to answer."""
        busy = self._busy
        return busy[1] if busy is not None and self._clock() - busy[0] > HANGS_AFTER else None

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
        try:
            self.copies.begin()
        except StorageError as error:
            # Told of the first copy, which needs it.
            _log.info("%s", error)
        while (wanted := self._next()) is not None:
            self._busy = self._clock(), wanted.slot
            try:
                self._make(wanted)
            except StorageError as error:
                self._taker.not_copied(wanted.slot, str(error))
            except Exception as error:
                _log.exception("a copy for Live failed")
                self._taker.not_copied(wanted.slot, f"unexpected: {error!r}")
            self._busy = None
        self.copies.close()

    def _next(self) -> Wanted | None:
        with self._changed:
            self._changed.wait_for(lambda: self._wanted or self._closing)
            if self._closing:
                return None
            return self._wanted.pop(next(iter(self._wanted)))

    def _make(self, wanted: Wanted) -> None:
        if wanted.job is not None:
            copy = self.copies.of_landing(wanted.slot, wanted.source, wanted.job, wanted.facts(None))
        else:
            copy = self.copies.of_slot(wanted.slot, wanted.source, wanted.facts)
        if copy is not None:
            self._taker.copied(copy, again=wanted.again)
