"""When a press will land: learned from how long renders took, and from what stands in the queue."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable

from midifrag.events import JobChanged
from midifrag.pad_key import PadKey
from midifrag.states import JobState

#: Renders that the usual time looks back on.
REMEMBERED = 20


class Forecast:
    """Feed it every job change; ask it for seconds. Knows nothing until something has been rendered."""

    def __init__(self) -> None:
        self._by_pad: dict[tuple[str, PadKey | None], float] = {}
        self._recent: deque[float] = deque(maxlen=REMEMBERED)

    def learn(self, job: JobChanged) -> None:
        """Take in how long a render took."""
        if job.state is JobState.LANDED and job.engine_seconds is not None:
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

    def _remaining(self, job: JobChanged, now: float) -> float | None:
        elapsed = 0.0 if job.times.started is None else max(0.0, now - job.times.started)
        if job.step and job.of:
            return elapsed * (job.of - job.step) / job.step
        expected = self.render_seconds(job.bank, job.pad)
        return None if expected is None else max(0.0, expected - elapsed)
