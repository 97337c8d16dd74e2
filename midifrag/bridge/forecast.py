"""When a press will land: learned from how long renders and files took, and from what stands in the queue.

What is promised to a performer is more careful than what is likely: how far earlier estimates were off is learned too,
and a promise leaves room for nearly all of that.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Iterable

from midifrag.events import JobChanged
from midifrag.pad_key import PadKey
from midifrag.states import JobState

#: Renders that the usual time looks back on.
REMEMBERED = 20
#: Files and estimates that a promise looks back on, and the share of them that it leaves room for.
REVIEWED, SURE = 40, 0.95
#: Seconds that a file takes as long as none was written, and that a promise adds.
USUAL_WRITE, MARGIN = 0.1, 0.02


class Forecast:
    """Feed it every job change; ask it for seconds. Knows nothing until something has been rendered."""

    def __init__(self) -> None:
        self._by_pad: dict[tuple[str, PadKey | None], float] = {}
        self._recent: deque[float] = deque(maxlen=REMEMBERED)
        self._written: deque[float] = deque(maxlen=REVIEWED)
        #: How long jobs took, as a part of what was estimated.
        self._off: deque[float] = deque(maxlen=REVIEWED)

    def learn(self, job: JobChanged) -> None:
        """Take in how long a render took, and its file."""
        if job.state is not JobState.LANDED:
            return
        if job.write_seconds is not None:
            self._written.append(job.write_seconds)
        if job.engine_seconds is not None:
            self._by_pad[job.bank, job.pad] = job.engine_seconds
            self._recent.append(job.engine_seconds)

    def render_seconds(self, bank: str, pad: PadKey | None) -> float | None:
        """How long a render of this pad takes, as far as that is known."""
        usual = statistics.median(self._recent) if self._recent else None
        return self._by_pad.get((bank, pad), usual) if pad is not None else usual

    def landings(self, jobs: Iterable[JobChanged], now: float) -> dict[int, float]:
        """Seconds until each of ``jobs`` lands, by number; jobs that nothing is known about are left out."""
        ordered = sorted(jobs, key=lambda job: job.job)
        running = {job.job: self._remaining(job, now) for job in ordered if job.state is JobState.RENDERING}
        landings = {number: left for number, left in running.items() if left is not None}
        ahead = max(landings.values(), default=0.0)
        for job in ordered:
            if job.state is not JobState.QUEUED:
                continue
            expected = 0.0 if job.spare else self.render_seconds(job.bank, job.pad)
            if expected is None:
                continue
            landings[job.job] = expected if job.spare else ahead + expected
            ahead += expected
        return landings

    # --- promises ----------------------------------------------------------------------------------------------------

    def review(self, estimated: float, seconds: float) -> None:
        """Take in that a job took so many seconds until its fragment was ready, where `estimate` had said so many."""
        if estimated > 0:
            self._off.append(seconds / estimated)

    def estimate(self, jobs: Iterable[JobChanged], number: int, now: float, *, writing: int) -> float | None:
        """Seconds until the fragment of one of ``jobs`` is likely to be ready; None where that is not known.

        ``writing`` takes are with the writer before it.
        """
        left = self.landings(jobs, now).get(number)
        return None if left is None else left + self.write_seconds(writing)

    def careful(self, estimated: float) -> float:
        """The same, with room for how far such estimates were off."""
        return max(1.0, _among(self._off, SURE) or 1.0) * estimated + MARGIN

    def write_seconds(self, writing: int) -> float:
        """Seconds until a take that is there is ready to land, behind so many others."""
        each = _among(self._written, SURE)
        return (USUAL_WRITE if each is None else each) * (1 + writing)

    def _remaining(self, job: JobChanged, now: float) -> float | None:
        elapsed = 0.0 if job.times.started is None else max(0.0, now - job.times.started)
        if job.step and job.of:
            return elapsed * (job.of - job.step) / job.step
        expected = self.render_seconds(job.bank, job.pad)
        return None if expected is None else max(0.0, expected - elapsed)


def _among(values: Iterable[float], share: float) -> float | None:
    """What a share of some values stays within; None if there are none."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None
