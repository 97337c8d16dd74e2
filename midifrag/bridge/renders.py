"""The first half of a job's way: from a resolved preset through an engine, or from a spare, to a take."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import assert_never

from midifrag.bridge.absences import Absences
from midifrag.bridge.beginnings import Beginnings, notes_of
from midifrag.bridge.boundaries import Boundaries
from midifrag.bridge.job_table import JobTable
from midifrag.bridge.jobs import Origin, RenderJob
from midifrag.bridge.landings import Landings
from midifrag.bridge.outages import Outages
from midifrag.bridge.source_book import LastBegin, SourceBook
from midifrag.bridge.spare_making import SpareMaking
from midifrag.bridge.spares import Coming, Spare, SpareRack
from midifrag.bridge.telling import Telling
from midifrag.bridge.wishes import Wishes
from midifrag.clock import Clock
from midifrag.config.engines import SpareSettings
from midifrag.config.lengths import Limits
from midifrag.config.parameters import Preset
from midifrag.config.press_request import WHEN_READY, LandRequest
from midifrag.config.sound_in import USUAL_HEARD
from midifrag.engine import messages as engine
from midifrag.engine.protocol import Engines
from midifrag.events import JobTimes, StateChange
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import CANCELLED
from midifrag.fragment.writer_commands import WriterCommand
from midifrag.states import JobState, NoticeLevel
from midifrag.timeline import Timeline


class Renders:
    """All jobs and spares: asks engines for takes, and hands what comes to ``landings``.

    ``outages`` looks after those whose engine does not answer now, which ``absences`` knows; ``line`` is musical time,
    ``limits`` says what the set knows of how long a model's takes may be, and ``bpm`` the tempo that prompts are told.
    ``folder`` is that of the set, whose sounds pads may begin from, and ``heard`` how many seconds of an input do.
    """

    def __init__(
        self,
        engines: Engines,
        write: Callable[[WriterCommand], None],
        publish: Callable[[StateChange], None],
        clock: Clock,
        spares: SpareSettings,
        absences: Absences,
        line: Callable[[], Timeline],
        limits: Callable[[str], Limits],
        bpm: Callable[[], float],
        seeds: random.Random | None = None,
        folder: Callable[[], Path] = Path,
        heard: Callable[[], float] = lambda: USUAL_HEARD,
    ) -> None:
        self.jobs = JobTable()
        self.spares = SpareRack(spares)
        self.telling = Telling(self.jobs, publish, clock)
        self.boundaries = Boundaries(
            self.jobs, self.telling, write, clock, line, absences.silence, absences.is_elsewhere
        )
        self.landings = Landings(self.jobs, self.telling, write, engines.info, clock, self.boundaries, line)
        self.telling.after_failure = self.landings.land_instead
        self.outages = Outages(
            self.jobs, self.telling, self.spares, engines, absences, clock, self.boundaries.is_quicker
        )
        self.sources = SourceBook(write, folder)
        self.wishes = Wishes(engines, self.sources, line, limits, bpm, heard, seeds)
        self.beginnings = Beginnings(
            self.jobs, self.telling, self.sources, engines, self.wishes.limits_of, clock, self._go_on
        )
        self.spare_making = SpareMaking(
            self.spares, self.jobs, self.wishes, self.sources, self.beginnings, engines, write, clock
        )
        self._engines = engines
        self._clock = clock
        self._absences = absences

    # --- from presses ------------------------------------------------------------------------------------------------

    def submit(
        self,
        origin: Origin,
        preset: Preset,
        model: str,
        options: FragmentOptions,
        slot: int | None,
        pressed: float,
        landing: LandRequest = WHEN_READY,
        last: LastBegin | None = None,
    ) -> int:
        """Queue a render; a ready spare lands at once, one on its way becomes this press. Returns its job's number.

        ``last`` is what it is to begin from once more, see `SourceBook.meant`.
        """
        wish = self.wishes.of(*origin.place, preset, model, options, last)
        self.spares.encourage(wish.place)
        spare = self.spares.take(wish)
        coming = self.spares.take_over(wish) if spare is None else None
        made = spare or coming
        begin = None if made is None else made.begin
        if coming is None:
            render = self.wishes.render(self.jobs.next_number(), wish.preset, begin=begin)
        else:
            render = dataclasses.replace(coming.render, spare=False)
            if begin is not None:
                # As long and as changed as it has been asked for, should another engine have to make it.
                asked = dataclasses.replace(wish.preset, seconds=render.seconds, strength=render.strength)
                wish = dataclasses.replace(wish, preset=asked)
        job = RenderJob(
            number=render.job,
            origin=origin,
            prompt=preset.prompt,
            model=wish.model,
            preset=wish.preset,
            render=render,
            options=options,
            loop=options.loop,
            length=wish.length if made is None else made.wish.length_as(wish),
            begin=begin,
            notes=notes_of(begin),
            slot=slot,
            times=JobTimes(pressed, queued=self._clock.now()),
            landing=landing,
        )
        self.jobs.add(job)
        if spare is not None:
            # Before it is told: who presses waits for the file.
            self._land_spare(job, spare)
        elif coming is None:
            if wish.sound is not None and not self.beginnings.begin(job, wish.sound):
                return job.number
            if job.reading is None:
                self.outages.find_substitute(job)
        self.outages.mark(job)
        self.boundaries.promise(job)
        self.telling.tell(job)
        if spare is None and job.reading is None:
            self._ask_engine(job, coming)
        return job.number

    def _go_on(self, job: RenderJob) -> None:
        """What a job begins from has been read."""
        self.outages.find_substitute(job)
        self.outages.mark(job)
        self.boundaries.promise(job)
        self.telling.tell(job)
        self._ask_engine(job, None)

    def _ask_engine(self, job: RenderJob, coming: Coming | None) -> None:
        """Have an engine render a job, or go on with the spare that has become one."""
        if coming is not None:
            self._engines.send(job.model, engine.Promote(job.number))
            if coming.started is not None:
                self._started(job)
        else:
            # Its own engine lets a press go first; another model's would go on beside it, on the same device.
            self.spare_making.cancel([one for one in self.spares.coming if one.wish.model != job.model])
            self._engines.send(job.model, job.render)

    def cancel(self, jobs: Iterable[RenderJob], *, at_once: bool = False) -> None:
        """Drop jobs that an engine still works for; what has been rendered already is kept.

        Each ends when its engine has let go of it; ``at_once``, or where that engine does not answer, right away.
        """
        for job in list(jobs):
            if not job.pending:
                continue
            if job.reading is not None:
                # No engine knows of it.
                job.reading = None
                self.telling.end(job, JobState.CANCELLED, "cancelled")
                continue
            if not job.cancelling:
                job.cancelling = True
                self._engines.send(job.model, engine.Cancel(job.number))
            if at_once or not self._absences.answers(job.model):
                self.telling.let_go(job)

    def panic(self) -> None:
        """Drop everything, spares too; each press has its outcome at once, whatever its engine does."""
        self.cancel((job for job in self.jobs if isinstance(job, RenderJob)), at_once=True)
        self.boundaries.cancel(self.jobs.awaiting())
        self.spare_making.drop()

    def end(self) -> None:
        """The engines are closed: say of everything that waited for one that nothing will come of it."""
        for job in self.jobs.unrendered():
            self.telling.end(job, JobState.CANCELLED, "cancelled: the show ended")

    # --- from engines ------------------------------------------------------------------------------------------------

    def on_engine(self, model: str, event: engine.JobEvent) -> Spare | None:
        """Take in what the engine of ``model`` says of a job. Returns a spare that has just become ready."""
        job = self.jobs.render_job(event.job)
        if job is not None and job.model != model:
            # Another one renders it by now.
            return None
        match event:
            case engine.Started(number):
                if job is not None:
                    self._started(job)
                else:
                    self.spares.began(number, self._clock.now())
            case engine.Progress(_, step, of):
                self._progressed(job, step, of)
            case engine.Rendered():
                return self._rendered(job, event)
            case engine.Failed():
                self._failed(job, event)
            case engine.Cancelled(number):
                self.spares.forget(number)
                self.jobs.recall(number)
                if job is not None:
                    self.telling.end(job, JobState.CANCELLED, "cancelled")
            case _:
                assert_never(event)
        return None

    def _started(self, job: RenderJob) -> None:
        job.state, job.text = JobState.RENDERING, ""
        job.reached(started=self._clock.now())
        self.boundaries.promise(job)
        self.telling.tell(job)

    def _progressed(self, job: RenderJob | None, step: int, of: int) -> None:
        if job is not None:
            job.step, job.of = step, of
            self.boundaries.promise(job)
            if job.times.started is not None:
                self.telling.tell(job)

    def _rendered(self, job: RenderJob | None, event: engine.Rendered) -> Spare | None:
        now = self._clock.now()
        late = self.jobs.recall(event.job)
        if late is not None:
            self._archive_cancelled(late, event)
            return None
        if job is None:
            spare = self.spares.arrived(event, now)
            if spare is not None:
                self.spare_making.prepare(spare)
            return spare
        job.reached(rendered=now)
        if job.times.started is None:
            job.reached(started=now - event.engine_seconds)
        if job.cancelling:
            self._archive_cancelled(job, event)
            self.telling.end(job, JobState.CANCELLED, "cancelled after it was rendered; the take is in the archive")
        else:
            self.landings.land(job, event)
        return None

    def _archive_cancelled(self, job: RenderJob, event: engine.Rendered) -> None:
        self.landings.archive(job, event.audio, event.sample_rate, CANCELLED, event)

    def _land_spare(self, job: RenderJob, spare: Spare) -> None:
        job.spare = True
        job.reached(started=spare.started, rendered=spare.rendered_at)
        self.landings.land(job, spare.rendered)

    def _failed(self, job: RenderJob | None, event: engine.Failed) -> None:
        spare = self.spares.failed(event.job)
        self.jobs.recall(event.job)
        if job is None:
            if spare is not None:
                text = f"a spare for pad {spare.wish.pad} failed: {event.reason}"
                self.telling.notice(NoticeLevel.WARNING, text)
            return
        if event.audio is not None and event.sample_rate is not None:
            self.landings.archive(job, event.audio, event.sample_rate, event.reason, None)
        self.telling.end(job, JobState.FAILED, event.reason)
