"""The thread that keeps appointments: each fragment that waits for a boundary takes its slot's place at the moment.

It hands what is due soon to the slots' hands, each of which makes ready and then waits for the moment itself: no disk,
no other landing and nothing that the writer is at delays a replacement. What is due may be moved or called off until
its replacement begins.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from midifrag.clock import monotonic
from midifrag.fragment.appointments import After, Appointment, Made, Phase
from midifrag.fragment.slot_file import Found
from midifrag.fragment.swap import Swap
from midifrag.scheduling import run_before_others

#: Seconds before it is due at which the slot's hand is given the replacement, and makes ready.
AHEAD = 0.2
#: Seconds of a moment within which an appointment that was put off is not given back first.
_SLACK = 0.05
#: Seconds within which two replacements are of one moment.
SAME_MOMENT = 0.005
#: Seconds that what is left to do after a replacement waits for others of the same moment and for what goes out of
#: all of them, and between two looks.
OTHERS_FIRST, LOOK = 0.05, 0.002
#: Seconds until what could not be handed over is tried again.
TRY_AGAIN = 0.02

_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)


class Punctual:
    """Keeps appointments. Any thread may make, move and cancel them. Without `start`, `look` does a thread's work."""

    def __init__(self, clock: Callable[[], float] = monotonic, ahead: float = AHEAD) -> None:
        self._clock = clock
        self._ahead = ahead
        self._changed = threading.Condition()
        self._made: dict[int, Appointment] = {}
        #: Jobs that will have one, and the moment that was said last, or (None) that they are cancelled.
        self._expected: dict[int, float | None] = {}
        self._closing = False
        self._thread: threading.Thread | None = None

    # --- making, moving, cancelling ----------------------------------------------------------------------------------

    def expect(self, job: int, at: float) -> None:
        """A job will have an appointment at a moment; it may be moved or cancelled from now on."""
        with self._changed:
            self._expected[job] = at

    def forget(self, job: int) -> None:
        """A job that was expected will have none."""
        with self._changed:
            self._expected.pop(job, None)

    def moment(self, job: int) -> float | None:
        """When a job is to land, as was said last; None for one that nobody expects or that is cancelled."""
        with self._changed:
            made = self._made.get(job)
            return made.at if made is not None else self._expected.get(job)

    def expected(self) -> set[int]:
        """The jobs that will have an appointment."""
        with self._changed:
            return set(self._expected)

    def is_near(self) -> bool:
        """Whether a moment is so near that what can wait would only make it late."""
        with self._changed:
            return any(one.phase in (Phase.HANDED, Phase.GOES) for one in self._made.values())

    def is_cancelled(self, job: int) -> bool:
        """Whether a job that is expected was cancelled."""
        with self._changed:
            return self._expected.get(job, 0.0) is None

    def make(self, one: Appointment, *, insists: bool = False) -> Made:
        """Keep an appointment, at the moment that was said of its job last, unless it ``insists`` on its own.

        One that is late waits until it is moved.
        """
        with self._changed:
            said = self._expected.pop(one.job, one.at)
            if said is None:
                return Made.CANCELLED
            if not insists:
                one.at = said
            late = one.due < self._clock()
            if late:
                one.at = math.inf
            self._made[one.job] = one
            self._changed.notify_all()
            return Made.LATE if late else Made.IN_TIME

    def move(self, job: int, at: float) -> None:
        """Have a job land at another moment, unless it lands now or is none of ours."""
        with self._changed:
            made = self._made.get(job)
            if made is not None and made.phase in (Phase.WAITS, Phase.HANDED):
                made.at = at
            elif made is None and self._expected.get(job) is not None:
                self._expected[job] = at
            self._changed.notify_all()

    def cancel(self, job: int, *, again: bool = False) -> Appointment | None:
        """Call a job's landing off. Returns its appointment; None if there is none yet, or it lands now.

        Where it shall have one ``again``, it is expected as before.
        """
        with self._changed:
            if job in self._expected:
                self._expected[job] = None
            made = self._made.get(job)
            if made is None or made.phase not in (Phase.WAITS, Phase.HANDED):
                return None
            made.phase = Phase.OVER
            del self._made[job]
            if again:
                self._expected[job] = made.at
            self._changed.notify_all()
            return made

    # --- keeping -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="midifrag-punctual", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; what is with a hand already is cancelled by who made it."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def look(self) -> float | None:
        """Hand over what is due soon; returns when there is more to do, None for never."""
        with self._changed:
            return self._look()

    def _run(self) -> None:
        run_before_others()
        with self._changed:
            while not self._closing:
                try:
                    due = self._look()
                except Exception:
                    # Such as no thread to be had: what is due is still there, and is tried again.
                    _log.exception("what lands at its boundary could not be handed over")
                    due = self._clock() + TRY_AGAIN
                self._changed.wait(None if due is None else max(0.0, due - self._clock()))

    def _look(self) -> float | None:
        now = self._clock()
        waiting = [one for one in self._made.values() if one.phase is Phase.WAITS and one.at < math.inf]
        for one in [one for one in waiting if one.due - self._ahead <= now]:
            one.phase = Phase.HANDED
            try:
                one.hand.later(partial(self._keep, one))
            except Exception:
                one.phase = Phase.WAITS
                raise
        return min((one.due - self._ahead for one in waiting if one.phase is Phase.WAITS), default=None)

    # --- in the slot's hand ------------------------------------------------------------------------------------------

    def _keep(self, one: Appointment) -> None:
        outcome: Found | Exception
        try:
            if one.phase is Phase.OVER:
                return
            one.swap.make_ready(one.wall(one.due))
            if not self._wait(one):
                return
            one.swap.swap()
        except Exception as error:
            outcome = error
        else:
            after = _call(one.landed)
            self._let_others_land(one, after)
            if after is not None:
                _call(after.tell)
            outcome = _settle(one.swap)
        with self._changed:
            if one.phase is Phase.OVER:
                # Called off before it went wrong.
                return
            one.phase = Phase.OVER
            self._made.pop(one.job, None)
        _call(partial(one.done, outcome))

    def _let_others_land(self, one: Appointment, after: After | None) -> None:
        """Wait for those of the same moment, and for what goes out: what is left to do would only make them late."""
        one.phase = Phase.LANDED
        until = monotonic() + OTHERS_FIRST
        while (self._others_land(one) or not _is_out(after)) and monotonic() < until:
            # Not by the condition: a word of it would wake those who have no time for it.
            time.sleep(LOOK)

    def _others_land(self, one: Appointment) -> bool:
        with self._changed:
            about_to = [other for other in self._made.values() if other.phase in (Phase.HANDED, Phase.GOES)]
        return any(other.due <= one.due + SAME_MOMENT for other in about_to)

    def _wait(self, one: Appointment) -> bool:
        """Wait for the moment; False if it is called off, or put off."""
        with self._changed:
            while one.phase is Phase.HANDED:
                left = one.due - self._clock()
                if left <= 0:
                    one.phase = Phase.GOES
                    return True
                if left > self._ahead + _SLACK:
                    one.phase = Phase.WAITS
                    self._changed.notify_all()
                    break
                self._changed.wait(left)
        one.swap.put_off()
        return False


def _settle(swap: Swap) -> Found:
    try:
        return swap.settle()
    except Exception:
        # It has landed all the same; the writer looks again what lies there.
        _log.exception("slot %s: its fragment has landed, and what was there before may not be kept", swap.content.slot)
        return Found(content=swap.content, seconds=swap.content.seconds)


def _is_out(after: After | None) -> bool:
    return after is None or _call(after.is_out) is not False


def _call(what: Callable[[], _Answer]) -> _Answer | None:
    # A mistake of a listener's must not end a hand.
    try:
        return what()
    except Exception:
        _log.exception("what landed could not be told")
        return None
