"""What a client is told of one job, few items at a time: each only as it is now, and progress twenty times a second."""

from __future__ import annotations

from typing import assert_never

from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.serving.job import Job

#: Seconds between two tidings of progress, and between two of waiting.
PROGRESS_GAP, WAIT_GAP = 0.05, 2.0


class Telling:
    """One connection's account of one job at ``place``: what was told of it."""

    def __init__(self, job: Job, place: str) -> None:
        self._job, self._place = job, place
        self._ahead: int | None = None
        self._began: float | None = None
        self._step = 0
        self._lacking: tuple[int, ...] = ()
        self._queued_at = self._progress_at = float("-inf")
        self._is_in_gap = False
        self.is_over = False

    def wakes(self, now: float) -> bool:
        """Whether a change has to be looked at now; of an engine's steps, most have not."""
        job = self._job
        if job.outcome is not None or job.began_at is None or job.began_at != self._began:
            return True
        return now >= self._progress_at + PROGRESS_GAP

    def due(self, now: float, ahead: int) -> list[line.Message]:
        """What is to be told now, where ``ahead`` others wait before it."""
        job, found = self._job, list[line.Message]()
        if self._ahead is None or (job.began_at is None and self._must_tell_wait(now, ahead)):
            self._ahead, self._queued_at, self._began = ahead, now, None
            found.append(line.Queued(job=job.id, ahead=ahead, place=self._place))
        tickets = tuple(one.ticket for one in job.lacking)
        if tickets and tickets != self._lacking:
            found.append(line.Lacking(job=job.id, place=self._place, uploads=job.lacking))
        self._lacking = tickets
        if job.began_at is not None and job.began_at != self._began:
            # What is done within the gap has no progress of its own.
            self._began, self._step, self._progress_at = job.began_at, 0, now
            found.append(line.Began(job=job.id))
        if job.outcome is not None:
            self.is_over = True
            found.append(_end(job, job.outcome))
        elif job.step != self._step and now >= self._progress_at + PROGRESS_GAP:
            self._step, self._progress_at = job.step, now
            found.append(line.Progress(job=job.id, step=job.step, of=job.of))
        self._is_in_gap = now < self._progress_at + PROGRESS_GAP
        return found

    def next_at(self) -> float | None:
        """When something is due even if nothing changes; None for never."""
        if self._job.began_at is None:
            return self._queued_at + WAIT_GAP
        return self._progress_at + PROGRESS_GAP if self._is_in_gap else None

    def _must_tell_wait(self, now: float, ahead: int) -> bool:
        # One that had begun waits again where its engine died.
        return self._began is not None or ahead != self._ahead or now >= self._queued_at + WAIT_GAP


def _end(job: Job, outcome: engine.Rendered | engine.Failed | engine.Cancelled) -> line.Message:
    match outcome:
        case engine.Rendered() if job.take is not None:
            return job.take
        case engine.Rendered():
            raise ValueError(f"job {job.number} has ended without what was rendered")
        case engine.Failed(reason=reason, not_finite=not_finite):
            return line.Failed(job=job.id, reason=reason[: line.MOST_LINE], not_finite=not_finite)
        case engine.Cancelled():
            return line.Cancelled(job=job.id)
        case _:
            assert_never(outcome)
