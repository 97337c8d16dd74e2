"""Quarter notes at their moments, by the line of musical time."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

from midifrag.clock import monotonic
from midifrag.doors.osc.packets import Message
from midifrag.timeline import Timeline

#: How long the end waits for the thread, in seconds.
CLOSE_SECONDS = 1.0
#: The most seconds that are waited for a beat, whatever the tempo: none is so slow.
LONGEST = 60.0
#: Parts of a quarter note: one that is so far past when time begins is told still, and one that comes again so soon is
#: the same, of a clock that was laid anew.
JUST_PAST, SAME = 0.1, 0.5

_log = logging.getLogger(__name__)


class Beats:
    """Hands ``send`` a message each quarter note while time runs. ``clock`` gives monotonic seconds."""

    def __init__(self, send: Callable[[Message], None], clock: Callable[[], float] = monotonic) -> None:
        self._send = send
        self._clock = clock
        self._line: Timeline | None = None
        #: The quarter note that was told last, and when; and the one that is waited for.
        self._told: tuple[int, float] | None = None
        self._awaited: int | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="midifrag-osc-beats", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def follow(self, line: Timeline) -> None:
        """Go by another line from now on; never blocks."""
        with self._changed:
            self._line = line
            self._changed.notify()

    def close(self) -> None:
        """End."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def look(self, now: float) -> float | None:
        """Tell what is due; when to look again, in monotonic seconds, or None for when the line is another one."""
        line = self._line
        if line is None or not line.running:
            return None
        position = line.position_at(now)
        quarter = math.floor(position)
        is_due = position - quarter < JUST_PAST or quarter == self._awaited
        if is_due and not self._is_told(quarter, now, line):
            self._told = quarter, now
            bar, beat = line.bar_and_beat(line.moment_of(quarter))
            self._send(Message("/midifrag/beat", (quarter, bar, beat)))
        quarter += 1
        if self._is_told(quarter, line.moment_of(quarter), line):
            quarter += 1
        self._awaited = quarter
        return line.moment_of(quarter)

    def _is_told(self, quarter: int, moment: float, line: Timeline) -> bool:
        """Whether the quarter note at a moment is the very one that was told last."""
        return self._told is not None and self._told[0] == quarter and moment - self._told[1] < line.seconds(SAME)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closing:
                    return
                try:
                    again = self.look(self._clock())
                except Exception:
                    # A mistake of ours costs a beat, and none of those after it.
                    _log.exception("a beat could not be told")
                    again = self._clock() + 1.0
                self._changed.wait(None if again is None else min(LONGEST, max(0.0, again - self._clock())))
