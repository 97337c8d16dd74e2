"""All jobs that are on their way, and who asks for which of them."""

from __future__ import annotations

from collections.abc import Iterator

from midifrag.bridge.jobs import Job, RenderJob
from midifrag.pad_key import PadKey
from midifrag.states import JobState

#: Ended jobs that are remembered, see `JobTable`.
REMEMBERED = 256


class JobTable:
    """All jobs that have not ended, by number, in the order of their presses.

    Some have, and are remembered: their engine may not have let go of them yet.
    """

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._remembered: dict[int, RenderJob] = {}
        self._last = 0

    def next_number(self) -> int:
        """A number that no job of this session has had."""
        self._last += 1
        return self._last

    def add(self, job: Job) -> None:
        """Take a job in."""
        self._jobs[job.number] = job

    def get(self, number: int) -> Job | None:
        """The job, or None if it has ended or was never here."""
        return self._jobs.get(number)

    def render_job(self, number: int) -> RenderJob | None:
        """The job, if it is one that an engine renders."""
        job = self._jobs.get(number)
        return job if isinstance(job, RenderJob) else None

    def drop(self, job: Job) -> None:
        """Forget a job that has ended."""
        self._jobs.pop(job.number, None)

    def remember(self, job: RenderJob) -> None:
        """Keep a job that has ended while its engine still works for it; the oldest of many are forgotten."""
        self._remembered[job.number] = job
        for oldest in list(self._remembered)[:-REMEMBERED]:
            del self._remembered[oldest]

    def recall(self, number: int) -> RenderJob | None:
        """The remembered job, once; None if it is not."""
        return self._remembered.pop(number, None)

    def of(self, model: str) -> list[RenderJob]:
        """The jobs that the engine of ``model`` works for, those that are to be cancelled among them."""
        return [job for job in self if isinstance(job, RenderJob) and job.model == model and job.pending]

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs.values()))

    def pending(self, bank: str | None = None, pad: PadKey | None = None) -> list[RenderJob]:
        """The jobs an engine still works for, of one pad or of all."""
        jobs = [job for job in self.unrendered() if not job.cancelling]
        return jobs if pad is None else [job for job in jobs if job.origin.place == (bank, pad)]

    def unrendered(self) -> list[RenderJob]:
        """The jobs that an engine works for, also those that are being cancelled."""
        return [job for job in self if isinstance(job, RenderJob) and job.pending]

    def landing(self) -> bool:
        """Whether a take is being written, and not held back by a disk or a boundary."""
        return self.written() > 0

    def written(self) -> int:
        """How many takes are with the writer and not ready to land."""
        return sum(job.writing and job.state not in (JobState.HELD, JobState.WAITING) for job in self)

    def awaiting(self, bank: str | None = None, pad: PadKey | None = None) -> list[Job]:
        """The jobs whose takes wait for a boundary, or will, of one pad or of all."""
        jobs = [job for job in self if job.writing and job.boundary is not None]
        return jobs if pad is None else [job for job in jobs if job.origin.place == (bank, pad)]

    def on_pad(self, bank: str, pad: PadKey) -> list[Job]:
        """All jobs of one pad, in the order of their presses."""
        return [job for job in self if job.origin.place == (bank, pad)]

    def waiting(self) -> int:
        """How many wait for an engine to start on them."""
        return sum(job.state is JobState.QUEUED for job in self.pending())
