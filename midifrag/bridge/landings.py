"""The second half of a job's way: takes that are with the writer, until their fragment lies in a slot."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from midifrag.audio import Audio
from midifrag.bridge.boundaries import Boundaries
from midifrag.bridge.job_table import JobTable
from midifrag.bridge.jobs import Job, Origin, RenderJob
from midifrag.bridge.last_landed import LastLanded
from midifrag.bridge.take_records import take_record
from midifrag.bridge.telling import Telling
from midifrag.clock import Clock
from midifrag.config.press_request import LandRequest
from midifrag.engine.messages import EngineInfo, Rendered
from midifrag.events import JobTimes
from midifrag.fragment.length import FragmentLength, MusicalLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.writer_commands import (
    ArchiveOnly,
    Arrival,
    CancelLanding,
    LandArchived,
    LandLast,
    LandTake,
    WriterCommand,
)
from midifrag.fragment.writer_events import (
    GivenUp,
    Held,
    LandCancelled,
    Landed,
    LandFailed,
    LandingEvent,
    Missed,
    Refused,
    TakeArchived,
    Waits,
)
from midifrag.states import JobKind, JobState, NoticeLevel
from midifrag.timeline import Timeline


class Landings:
    """Hands takes to the writer, and takes in what becomes of them. ``info`` tells what made them, by model.

    ``boundaries`` says when they land, ``time`` is the line by which their bars and beats are cut; ``last`` is what
    each pad landed last.
    """

    def __init__(
        self,
        jobs: JobTable,
        telling: Telling,
        write: Callable[[WriterCommand], None],
        info: Callable[[str], EngineInfo | None],
        clock: Clock,
        boundaries: Boundaries,
        time: Callable[[], Timeline] = lambda: Timeline(120, 0.0),
    ) -> None:
        self.last = LastLanded()
        self._boundaries = boundaries
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
        job.stalled, job.text = False, "writing"
        if job.replaced_by is not None:
            # It has come before the earlier take that was asked for in its place.
            self._write(CancelLanding(job.replaced_by))
            # Its own may come to nothing too: then there is another.
            job.replaced_by = None
        arrival = self._arrival(job)
        job.writing = True
        record = take_record(job, take, self._info(job.model), self._clock)
        length = self._in_time(job.length)
        self._write(
            LandTake(
                job.number,
                take.audio,
                take.sample_rate,
                record,
                job.options,
                job.slot,
                arrival,
                length,
            )
        )

    def archive(self, job: RenderJob, audio: Audio, sample_rate: int, reason: str, take: Rendered | None) -> None:
        """Keep audio that must not land, with the ``reason``; ``take`` is what it came with, if it is whole."""
        record = take_record(job, take, self._info(job.model), self._clock)
        self._write(ArchiveOnly(job.number, audio, sample_rate, record, reason))

    def land_archived(
        self, take: int, slot: int | None, bank: str, options: FragmentOptions, landing: LandRequest
    ) -> None:
        """Put an archived take into a slot again."""
        label = f"take {take}"
        job = self._take_job(Origin(JobKind.TAKE, bank, label), label, slot, landing, options)
        arrival = self._arrival(job)
        self._begin(job)
        self._write(LandArchived(job.number, take, options, slot, arrival))

    def land_again(
        self, origin: Origin, prompt: str, slot: int | None, options: FragmentOptions, landing: LandRequest
    ) -> None:
        """Land what a pad landed last once more; where that is not known, its newest take in the archive."""
        job = self._take_job(origin, prompt, slot, landing, options)
        arrival = self._arrival(job)
        self._begin(job)
        last = self.last.of(origin.place)
        if last is None:
            self._land_last(job, options, arrival)
            return
        job.length = last.length
        source, length = (last.slot, last.job), self._in_time(last.length)
        self._write(LandArchived(job.number, last.take, options, slot, arrival, source, length))

    def land_instead(self, failed: Job, reason: str) -> None:
        """Land a pad's newest take of the archive in place of a press of it that came to nothing."""
        pad = failed.origin.pad
        if pad is None or pad.fallback is None or failed.replaced_by is not None:
            return
        fallback = pad.fallback
        origin = Origin(JobKind.TAKE, failed.origin.bank, failed.origin.label, pad)
        job = self._take_job(origin, failed.prompt, fallback.slot, fallback.landing, fallback.options)
        job.instead_of, job.reason = failed.number, f"an earlier take instead: {reason}"
        failed.replaced_by = job.number
        arrival = self._arrival(job)
        self._begin(job)
        self._land_last(job, fallback.options, arrival)

    def _arrival(self, job: Job) -> Arrival:
        """When and how what there is of a job lands, in the time of now."""
        landing, now = job.landing, self._time()
        return Arrival(self._boundaries.next(job), landing.lead, landing.protect, now.bpm, now.signature, landing.among)

    def _in_time(self, length: FragmentLength | None) -> FragmentLength | None:
        """A length in the time of now."""
        now = self._time()
        return length.at(now.bpm, now.signature) if isinstance(length, MusicalLength) else length

    def _take_job(
        self, origin: Origin, prompt: str, slot: int | None, landing: LandRequest, options: FragmentOptions
    ) -> Job:
        return Job(
            number=self._jobs.next_number(),
            origin=origin,
            prompt=prompt,
            slot=slot,
            times=JobTimes(self._clock.now()),
            state=JobState.RENDERING,
            landing=landing,
            loop=options.loop,
        )

    def _begin(self, job: Job) -> None:
        job.writing = True
        self._jobs.add(job)
        if job.origin.pad is not None:
            job.text = job.reason
            self._telling.tell(job)

    def _land_last(self, job: Job, options: FragmentOptions, arrival: Arrival) -> None:
        bank, preset = job.origin.bank, job.origin.label
        self._write(LandLast(job.number, bank, preset, options, job.slot, arrival))

    def on_writer(self, event: LandingEvent) -> None:
        """Take in what became of a take's files."""
        match event:
            case TakeArchived(number, take, file):
                self.last.archived(number, take)
                if job := self._jobs.get(number):
                    job.take, job.archived = take, file
            case Waits():
                self._boundaries.on_waits(event)
                self._replace(event.job)
            case Missed():
                self._boundaries.on_missed(event)
            case LandCancelled(number, reason, take):
                if job := self._jobs.get(number):
                    job.take = take or job.take
                    kept = f"; take {job.take} is in the archive" if job.take is not None else ""
                    self._telling.end(job, JobState.CANCELLED, f"{reason}{kept}")
            case Landed():
                self._replace(event.job)
                self._landed(event)
            case LandFailed(number, reason, take) | GivenUp(number, reason, take):
                if job := self._jobs.get(number):
                    job.take = take or job.take
                    self._fail(job, reason)
                elif take is None:
                    # Its press is over, so that nobody else would tell.
                    self._telling.notice(NoticeLevel.ERROR, f"the take of job {number} is lost: {reason}")
            case Held(number, reason, _):
                self._telling.notice(NoticeLevel.ERROR, reason)
                if (job := self._jobs.get(number)) and job.state is not JobState.HELD:
                    job.state, job.text = JobState.HELD, reason
                    self._telling.tell(job)
            case Refused(_, reason):
                self._telling.notice(NoticeLevel.WARNING, reason)
            case _:
                assert_never(event)

    def _fail(self, job: Job, reason: str) -> None:
        if job.instead_of is None:
            self._telling.end(job, JobState.FAILED, reason)
            return
        press = self._jobs.get(job.instead_of)
        if press is None:
            self._telling.end(job, JobState.FAILED, f"{job.reason}; {reason}")
            return
        # The press goes on: its own take is only late.
        self._telling.end(job, JobState.CANCELLED, reason)

    def _replace(self, number: int) -> None:
        """An earlier take is sure to land in place of a press that is late: that one is over."""
        job = self._jobs.get(number)
        press = None if job is None or job.instead_of is None else self._jobs.get(job.instead_of)
        if job is not None and isinstance(press, RenderJob) and not press.writing:
            self._jobs.remember(press)
            self._telling.end(press, JobState.FAILED, "it is late by a bar; an earlier take lands instead")

    def _landed(self, event: Landed) -> None:
        job = self._jobs.get(event.job)
        if job is None:
            return
        job.slot, job.file, job.take = event.slot, str(event.file), event.take or job.take
        job.reached(landed=self._clock.now())
        job.fragment_seconds, job.write_seconds, job.fragment_bars = event.seconds, event.write_seconds, event.bars
        self.last.landed(job)
        said = job.notes if isinstance(job, RenderJob) else ()
        missed = (f"missed {job.missed} before",) if job.missed else ()
        text = "; ".join(filter(None, (job.reason, *missed, *said, *event.notes)))
        self._telling.end(job, JobState.LANDED, text)
