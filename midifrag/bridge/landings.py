"""The second half of a job's way: takes that are with the writer, until their fragment lies in a slot."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from midifrag.audio import Audio
from midifrag.bridge.jobs import Job, JobTable, Origin, RenderJob, take_record
from midifrag.bridge.telling import Telling
from midifrag.clock import Clock
from midifrag.engine.messages import EngineInfo, Rendered
from midifrag.events import JobTimes
from midifrag.fragment import messages as writer
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.options import FragmentOptions
from midifrag.states import JobKind, JobState, NoticeLevel
from midifrag.timeline import Timeline


class Landings:
    """Hands takes to the writer, and takes in what becomes of them.

    ``info`` tells what made them, by model; ``time`` is the line by which their bars and beats are cut.
    """

    def __init__(
        self,
        jobs: JobTable,
        telling: Telling,
        write: Callable[[writer.WriterCommand], None],
        info: Callable[[str], EngineInfo | None],
        clock: Clock,
        time: Callable[[], Timeline] = lambda: Timeline(120, 0.0),
    ) -> None:
        self._jobs = jobs
        self._telling = telling
        self._write = write
        self._info = info
        self._clock = clock
        self._time = time

    def land(self, job: RenderJob, take: Rendered) -> None:
        """Have a take written into its slot."""
        job.notes, job.used, job.engine_seconds = (*job.notes, *take.notes), dict(take.used), take.engine_seconds
        # RENDERING is over for the engine, but nothing has landed: the pad keeps its state until the file is in place.
        job.state = JobState.RENDERING if not job.spare else JobState.QUEUED
        job.writing, job.stalled, job.text = True, False, "writing"
        record = take_record(job, take, self._info(job.model), self._clock)
        now, length = self._time(), job.length
        if isinstance(length, MusicalLength):
            length = length.at(now.bpm, now.signature)
        self._write(writer.LandTake(job.number, take.audio, take.sample_rate, record, job.options, job.slot, length))

    def archive(self, job: RenderJob, audio: Audio, sample_rate: int, reason: str, take: Rendered | None) -> None:
        """Keep audio that must not land, with the ``reason``; ``take`` is what it came with, if it is whole."""
        record = take_record(job, take, self._info(job.model), self._clock)
        self._write(writer.ArchiveOnly(job.number, audio, sample_rate, record, reason))

    def land_archived(self, take: int, slot: int | None, bank: str, options: FragmentOptions) -> None:
        """Put an archived take into a slot again."""
        number, label = self._jobs.next_number(), f"take {take}"
        job = Job(
            number=number,
            origin=Origin(JobKind.TAKE, bank, label),
            prompt=label,
            slot=slot,
            times=JobTimes(self._clock.now()),
            state=JobState.RENDERING,
            writing=True,
        )
        self._jobs.add(job)
        now = self._time()
        self._write(writer.LandArchived(number, take, options, slot, now.bpm, now.signature))

    def on_writer(self, event: writer.LandingEvent) -> None:
        """Take in what became of a take's files."""
        match event:
            case writer.TakeArchived(number, take, file):
                if job := self._jobs.get(number):
                    job.take, job.archived = take, file
            case writer.Landed():
                self._landed(event)
            case writer.LandFailed(number, reason, take) | writer.GivenUp(number, reason, take):
                if job := self._jobs.get(number):
                    job.take = take or job.take
                    self._telling.end(job, JobState.FAILED, reason)
                elif take is None:
                    # Its press is over, so that nobody else would tell.
                    self._telling.notice(NoticeLevel.ERROR, f"the take of job {number} is lost: {reason}")
            case writer.Held(number, reason, _):
                self._telling.notice(NoticeLevel.ERROR, reason)
                if (job := self._jobs.get(number)) and job.state is not JobState.HELD:
                    job.state, job.text = JobState.HELD, reason
                    self._telling.tell(job)
            case writer.Refused(_, reason):
                self._telling.notice(NoticeLevel.WARNING, reason)
            case _:
                assert_never(event)

    def _landed(self, event: writer.Landed) -> None:
        job = self._jobs.get(event.job)
        if job is None:
            return
        job.slot, job.file, job.take = event.slot, str(event.file), event.take or job.take
        job.reached(landed=self._clock.now())
        job.fragment_seconds, job.write_seconds = event.seconds, event.write_seconds
        said = job.notes if isinstance(job, RenderJob) else ()
        self._telling.end(job, JobState.LANDED, "; ".join((*said, *event.notes)))
