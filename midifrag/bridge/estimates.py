"""How long until the fragments of jobs are ready, by what is forecast of them and of all that is before them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from midifrag.bridge.forecast import Forecast
from midifrag.bridge.job_table import JobTable
from midifrag.bridge.jobs import Job
from midifrag.clock import Clock
from midifrag.events import JobChanged
from midifrag.states import JobState


class Estimates:
    """Seconds from now for ``jobs``. A model that ``is_elsewhere`` is a server's."""

    def __init__(
        self,
        forecast: Forecast,
        jobs: JobTable,
        clock: Clock,
        is_elsewhere: Callable[[str], bool],
    ) -> None:
        self._forecast = forecast
        self._jobs = jobs
        self._clock = clock
        self._is_elsewhere = is_elsewhere

    def of(self, job: Job) -> float | None:
        """Seconds until the fragment of a job is ready; None where that is not known."""
        # A server renders side by side what waits in turn here.
        mine = job.changed()
        beside = [] if self._is_elsewhere(mine.model) else self._beside(job)
        return self._forecast.estimate([*beside, mine], job.number, self._clock.now(), writing=self._jobs.written())

    def of_asked_now(self, job: Job, model: str) -> float:
        """The same where a model of this machine were asked for it now, after all that is asked for here already."""
        beside, now, writing = self._beside(job), self._clock.now(), self._jobs.written()
        last = 1 + max((one.job for one in beside), default=0)
        times = dataclasses.replace(job.times, started=None)
        mine = dataclasses.replace(job.changed(), job=last, model=model, state=JobState.QUEUED, step=0, times=times)
        estimated = self._forecast.estimate([*beside, mine], last, now, writing=writing)
        if estimated is not None:
            return estimated
        before = self._forecast.landings(beside, now).values()
        return max(before, default=0.0) + self._forecast.write_seconds(writing)

    def write_seconds(self) -> float:
        """Seconds until a take that is there is ready to land, behind those that are with the writer."""
        return self._forecast.write_seconds(self._jobs.written())

    def _beside(self, job: Job) -> list[JobChanged]:
        """The other jobs that this machine renders."""
        others = (one.changed() for one in self._jobs if one is not job)
        return [one for one in others if not self._is_elsewhere(one.model)]
