"""Which boundary each press makes: promised before it is rendered, kept while time moves, told when it is missed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator

from midifrag.boundary import Boundary, length_of
from midifrag.bridge.estimates import Estimates
from midifrag.bridge.forecast import Forecast
from midifrag.bridge.job_table import JobTable
from midifrag.bridge.jobs import Job, RenderJob
from midifrag.bridge.telling import Telling
from midifrag.clock import Clock
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.writer_commands import CancelLanding, Recut, Retime, WriterCommand
from midifrag.fragment.writer_events import Missed, Waits
from midifrag.states import JobState, NoticeLevel
from midifrag.timeline import Timeline

#: Seconds before a boundary, and its lead, in which nothing is promised for it any more.
SURE = 0.005
#: Quarter notes by which a line may be corrected; what is more is a jump to another place.
JUMP = 0.25
#: Seconds before a boundary at which a jump does not take it away: a loop's end is a boundary and a jump.
NEAR = 0.05
#: A boundary that has moved by so many seconds is told again; by less than so many, nobody notices.
TOLD, NOTICED = 0.05, 0.0002


class Boundaries:
    """The boundaries of ``jobs`` on the present ``line`` of time; ``write`` moves what waits with the writer.

    ``silence`` says why the engine of a model does not answer now; empty where it does. A model that ``is_elsewhere``
    is a server's.
    """

    def __init__(
        self,
        jobs: JobTable,
        telling: Telling,
        write: Callable[[WriterCommand], None],
        clock: Clock,
        line: Callable[[], Timeline],
        silence: Callable[[str], str] = lambda _model: "",
        is_elsewhere: Callable[[str], bool] = lambda _model: False,
    ) -> None:
        self.forecast = Forecast()
        #: Called with a job whose fragment is ready, when the moment and the slot of its landing are known or change.
        self.settled: Callable[[Job], None] = lambda _job: None
        self._jobs = jobs
        self._telling = telling
        self._write = write
        self._clock = clock
        self._line = line
        self._silence = silence
        self._estimates = Estimates(self.forecast, jobs, clock, is_elsewhere)
        self._followed = line()
        self._told: dict[int, float] = {}

    # --- promising ---------------------------------------------------------------------------------------------------

    def promise(self, job: Job) -> None:
        """Promise a job that waits for its render the boundary that it will make, as soon as that can be told."""
        if job.landing.land == "now" or job.boundary is not None:
            return
        if waits := self._waits(job):
            _say_that_it_waits(job, waits)
            return
        estimated = self._estimates.of(job)
        if estimated is not None:
            job.estimated = self._clock.now(), estimated
            self._promise(job, self.forecast.careful(estimated))

    def is_quicker(self, job: RenderJob, other: str) -> bool:
        """Whether a job will miss its boundary, as far as can be told, and would make it if ``other`` rendered it.

        That is the one that was promised to it, else the first one from now on. Of who has rendered nothing yet it is
        thought that it makes it as soon as what is before it is rendered.
        """
        if job.landing.land == "now":
            return False
        estimated, now = self._estimates.of(job), self._clock.now()
        if estimated is None:
            return False
        if job.boundary is None:
            meant, ready = self._after(job, now), now + self.forecast.careful(estimated)
        else:
            # What is under way already is not taken away for a careful guess.
            meant, ready = job.boundary, now + estimated
        if self._after(job, ready).at <= meant.at:
            return False
        its = self._estimates.of_asked_now(job, other)
        return self._after(job, now + self.forecast.careful(its)).at <= meant.at

    def next(self, job: Job) -> float | None:
        """When the take of a job, which is there, is to land, in monotonic seconds; None for when it is ready.

        What was promised is kept unless it is over.
        """
        if job.landing.land == "now":
            return None
        now = self._clock.now()
        if job.boundary is None:
            self._promise(job, self._estimates.write_seconds())
        elif self._is_over(job.boundary, job, now):
            self._miss(job, now + self._estimates.write_seconds())
        job.known_at = None if job.boundary is None else job.boundary.at
        return job.known_at

    def _promise(self, job: Job, seconds: float) -> None:
        job.ready_at = self._clock.now() + seconds
        job.boundary = job.promised = self._after(job, job.ready_at)

    def _after(self, job: Job, moment: float) -> Boundary:
        """The first boundary that a fragment ready at ``moment`` makes."""
        line = self._line()
        length = length_of(job.landing.land, line.signature) or line.signature.beat
        return Boundary.on(line, line.boundary(moment + job.landing.lead + SURE, length))

    # --- keeping -----------------------------------------------------------------------------------------------------

    def on_waits(self, event: Waits) -> None:
        """A fragment lies beside its slot."""
        job = self._jobs.get(event.job)
        if job is None or job.called_off:
            self._write(CancelLanding(event.job))
            return
        now = self._clock.now()
        if job.estimated is not None:
            began, estimated = job.estimated
            self.forecast.review(estimated, now - began)
            job.estimated = None
        job.slot, job.take = event.slot, event.take or job.take
        job.fragment_seconds, job.write_seconds, job.ready_at = event.seconds, event.write_seconds, now
        job.state, job.gives_way = JobState.WAITING, event.gives_way
        line = self._line()
        if event.gives_way:
            job.boundary = Boundary.on(line, line.position_at(event.at))
        said = f"lands at {job.boundary.name}" if job.boundary is not None else ""
        job.text = "; ".join(filter(None, (job.reason, said, *event.notes)))
        self._telling.tell(job)
        if job.boundary is not None and not self._is_over(job.boundary, job, now):
            self.settled(job)

    def on_missed(self, event: Missed) -> None:
        """A fragment was not ready for its boundary: it takes the next one."""
        job = self._jobs.get(event.job)
        if job is None or job.called_off:
            self._write(CancelLanding(event.job))
            return
        job.gives_way = False
        now = self._clock.now()
        if job.boundary is not None and not self._is_over(job.boundary, job, now) and event.at < job.boundary.at:
            # It has been moved since.
            self._retime(job, job.boundary.at)
            return
        self._miss(job, now)
        if job.boundary is not None:
            self._retime(job, job.boundary.at)
            self.settled(job)

    def look(self) -> None:
        """Tell of the jobs that cannot make the boundary any more that was promised to them.

        One whose engine does not answer is told of once, and promised another when it does.
        """
        self._told = {number: at for number, at in self._told.items() if self._jobs.get(number)}
        now = self._clock.now()
        for job in self._bound():
            if not job.writing and job.boundary is not None and self._is_over(job.boundary, job, now):
                left = self._estimates.of(job)
                if left is None or self._waits(job):
                    self._miss(job, None)
                else:
                    self._miss(job, now + self.forecast.careful(left))
        for job in self._jobs:
            if job.waits and not self._waits(job):
                _say_that_it_waits(job, "")
                self.promise(job)
                self._telling.tell(job)

    def late(self) -> Iterator[Job]:
        """The jobs that are not rendered though the boundary that was promised to them first is over by a bar.

        Where none could be promised, it is the first one after the press.
        """
        now, line = self._clock.now(), self._line()
        for job in self._jobs:
            if job.writing or job.called_off or job.landing.land == "now":
                continue
            if isinstance(job, RenderJob) and job.cancelling:
                # Nobody wants it any more, though its engine has not let go of it yet.
                continue
            first = job.promised or self._after(job, job.times.pressed)
            if now >= first.at + line.seconds(line.signature.bar):
                yield job

    def follow(self) -> None:
        """Time may go on along another line now: boundaries stay where they are on it, unless it has jumped."""
        line, before = self._line(), self._followed
        if line is before:
            return
        self._followed = line
        now = self._clock.now()
        away = abs(line.position_at(now) - before.position_at(now))
        jumps = away > JUMP or line.signature != before.signature
        for job in self._bound():
            was = job.boundary
            if was is None or job.gives_way:
                continue
            if not jumps:
                if job.promised is not None:
                    job.promised = Boundary.on(line, job.promised.position)
                self._move(job, was, Boundary.on(line, was.position))
            elif was.at - job.landing.lead - now > NEAR:
                job.text = f"time jumped from {was.name}"
                self._move(job, was, self._after(job, max(now, job.ready_at)), tell=True)
                # Nothing of what was promised on the other line can be missed on this one.
                job.promised = job.boundary
            else:
                # It stays at its moment, which has another place on this line.
                job.boundary = dataclasses.replace(was, position=line.position_at(was.at))

    def cancel(self, jobs: Iterable[Job]) -> None:
        """Call off what waits for a boundary, or will; each ends when the writer says what has become of it."""
        for job in jobs:
            job.called_off = True
            self._write(CancelLanding(job.number))

    def _bound(self) -> list[Job]:
        return [job for job in self._jobs if job.boundary is not None]

    def _is_over(self, boundary: Boundary, job: Job, now: float) -> bool:
        return boundary.at - job.landing.lead - SURE < now

    def _waits(self, job: Job) -> str:
        """For what a job waits that its engine must do first; empty where that is at work."""
        if not isinstance(job, RenderJob) or not job.pending:
            return ""
        why = self._silence(job.model)
        return f"waits for {job.model}, which {why}" if why else ""

    def _miss(self, job: Job, ready_at: float | None) -> None:
        """A job has missed its boundary; it takes one after ``ready_at``, or none until that is known."""
        was = job.boundary
        job.missed += 1
        missed = "missed its moment" if was is None else f"missed {was.name}"
        if ready_at is None:
            job.boundary = None
            waits = self._waits(job)
            job.waits, text = waits, "; ".join(filter(None, (missed, waits)))
        else:
            job.ready_at, job.boundary = ready_at, self._after(job, ready_at)
            job.promised = job.promised or job.boundary
            text = f"{missed}, lands at {job.boundary.name}"
        if job.state is not JobState.HELD:
            job.text = text
        if job.missed == 1:
            # What else it misses stands at its pad: an engine that is away misses bar after bar.
            self._telling.notice(NoticeLevel.WARNING, f"{job.origin.label}: {text}")
        self._telling.tell(job)

    def _retime(self, job: Job, at: float) -> None:
        """Have the writer land a job at another moment, and in the time of now."""
        line, job.known_at = self._line(), at
        self._write(Retime(job.number, at))
        if isinstance(job.length, MusicalLength) or not isinstance(job, RenderJob):
            self._write(Recut(job.number, line.bpm, line.signature))

    def _move(self, job: Job, was: Boundary, to: Boundary, *, tell: bool = False) -> None:
        job.boundary = to
        # Many small steps are a large one.
        if job.writing and abs(to.at - (was.at if job.known_at is None else job.known_at)) > NOTICED:
            self._retime(job, to.at)
            if job.state is JobState.WAITING:
                self.settled(job)
        told = self._told.get(job.number, was.at)
        if tell or abs(to.at - told) > TOLD:
            self._told[job.number] = to.at
            self._telling.tell(job)
        elif job.number not in self._told:
            self._told[job.number] = was.at


def _say_that_it_waits(job: Job, waits: str) -> None:
    """Say what a job waits for beside what it says already, or (empty) no more."""
    said = [part for part in job.text.split("; ") if part != job.waits]
    job.waits, job.text = waits, "; ".join(filter(None, (*said, waits)))
