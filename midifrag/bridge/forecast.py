"""When a press will land: learned from how long renders and files took, and from what stands in the queue.

Each model has times of its own, those of a server with the line to it in them: from the request to the sign that it has
begun is there and back, and what it took after that is the render and the way of its audio.

What is promised to a performer is more careful than what is likely: how far earlier estimates were off is learned too,
and a promise leaves room for nearly all of that.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Collection, Iterable

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
        #: Of a pad, by model; the last one that played it comes last.
        self._by_pad: dict[tuple[str, PadKey | None], dict[str, float]] = {}
        self._recent: dict[str, deque[float]] = {}
        #: From a request to its beginning, likewise.
        self._begun: dict[str, deque[float]] = {}
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
            of_pad = self._by_pad.setdefault((job.bank, job.pad), {})
            of_pad.pop(job.model, None)
            of_pad[job.model] = job.engine_seconds
            self._recent.setdefault(job.model, deque(maxlen=REMEMBERED)).append(job.engine_seconds)
            queued, started = job.times.queued, job.times.started
            if queued is not None and started is not None and not job.spare:
                self._begun.setdefault(job.model, deque(maxlen=REMEMBERED)).append(max(0.0, started - queued))

    def render_seconds(self, bank: str, pad: PadKey | None, model: str | None = None) -> float | None:
        """How long a render of this pad takes by ``model``, else by who played it last, as far as that is known."""
        of_pad = {} if pad is None else self._by_pad.get((bank, pad), {})
        if model is None:
            recent = [seconds for of_model in self._recent.values() for seconds in of_model]
            return next(reversed(of_pad.values()), None) if of_pad else _usual(recent)
        return of_pad.get(model, _usual(self._recent.get(model, ())))

    def begin_seconds(self, model: str) -> float:
        """Seconds from a request to its beginning, where nothing is before it: the least of the last ones."""
        return min(self._begun.get(model, ()), default=0.0)

    def landings(self, jobs: Iterable[JobChanged], now: float) -> dict[int, float]:
        """Seconds until each of ``jobs`` lands, by number; jobs that nothing is known about are left out."""
        ordered = sorted(jobs, key=lambda job: job.job)
        running = {job.job: self._remaining(job, now) for job in ordered if job.state is JobState.RENDERING}
        landings = {number: left for number, left in running.items() if left is not None}
        ahead = max(landings.values(), default=0.0)
        for job in ordered:
            if job.state is not JobState.QUEUED:
                continue
            expected = 0.0 if job.spare else self.render_seconds(job.bank, job.pad, job.model)
            if expected is None:
                continue
            landings[job.job] = expected if job.spare else ahead + self.begin_seconds(job.model) + expected
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
        expected = self.render_seconds(job.bank, job.pad, job.model)
        return None if expected is None else max(0.0, expected - elapsed)


def _usual(seconds: Collection[float]) -> float | None:
    return statistics.median(seconds) if seconds else None


def _among(values: Iterable[float], share: float) -> float | None:
    """What a share of some values stays within; None if there are none."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None
