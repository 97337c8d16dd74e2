"""What is told of jobs: to everybody, and on the pads that they began on."""

from __future__ import annotations

from collections.abc import Callable

from midifrag.bridge.job_table import JobTable
from midifrag.bridge.jobs import Job, Origin, RenderJob
from midifrag.clock import Clock
from midifrag.events import JobTimes, Notice, StateChange
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState, NoticeLevel


class Telling:
    """Publishes each step of a job of ``jobs``, and what its pad shows of it."""

    def __init__(self, jobs: JobTable, publish: Callable[[StateChange], None], clock: Clock) -> None:
        self._jobs = jobs
        self._publish = publish
        self._clock = clock
        #: What is done for a press that came to nothing, and why it did, once that is told.
        self.after_failure: Callable[[Job, str], None] = lambda _job, _reason: None

    def tell(self, job: Job) -> None:
        """A job has moved on."""
        self._publish(job.changed())
        self.show(job)

    def show(self, job: Job) -> None:
        """Publish what its pad shows of ``job``."""
        pad = job.pad_changed(self._clock.now())
        if pad is not None:
            self._publish(pad)

    def end(self, job: Job, state: JobState, text: str) -> None:
        """A job is over."""
        job.state, job.text = state, text
        self._publish(job.changed())
        self._jobs.drop(job)
        # A pad is not at rest while another press of it is on its way.
        other = self.busy_with(*job.origin.place) if state is JobState.CANCELLED else None
        self.show(other or job)
        if state in (JobState.FAILED, JobState.REFUSED) and job.origin.kind is JobKind.PAD:
            self.after_failure(job, text)

    def let_go(self, job: RenderJob) -> None:
        """A job is cancelled, though its engine may still work for it: what comes of that is late."""
        self._jobs.remember(job)
        self.end(job, JobState.CANCELLED, "cancelled")

    def refuse(self, origin: Origin, prompt: str, reason: str, pressed: float) -> None:
        """Say on the pad, and to everyone, that a press was not taken."""
        job = Job(number=self._jobs.next_number(), origin=origin, prompt=prompt, times=JobTimes(pressed))
        self.end(job, JobState.REFUSED, reason)

    def busy_with(self, bank: str, pad: PadKey | None) -> Job | None:
        """The job that a pad is busy with: the first that renders, else the first that waits."""
        jobs = [] if pad is None else self._jobs.on_pad(bank, pad)
        return max(jobs, key=lambda job: job.state is JobState.RENDERING, default=None)

    def notice(self, level: NoticeLevel, text: str) -> None:
        """Something that a performer should know, of no job in particular."""
        self._publish(Notice(level, text))
