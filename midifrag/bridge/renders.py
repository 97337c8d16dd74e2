"""The way of a job: from a resolved preset through an engine and the writer to its slot."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Collection, Iterable
from typing import assert_never

from midifrag.bridge.jobs import Job, JobTable, Origin, RenderJob, request, take_record
from midifrag.bridge.spares import Coming, Spare, SpareRack, Wish
from midifrag.clock import Clock
from midifrag.config.parameters import Preset
from midifrag.config.settings import SpareSettings
from midifrag.engine import messages as engine
from midifrag.engine.protocol import Engines
from midifrag.events import JobTimes, Notice, PadChanged, StateChange
from midifrag.fragment import messages as writer
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState, NoticeLevel


class Renders:
    """All jobs and spares. Publishes every step of each; tells the writer what to land."""

    def __init__(
        self,
        engines: Engines,
        write: Callable[[writer.WriterCommand], None],
        publish: Callable[[StateChange], None],
        clock: Clock,
        spares: SpareSettings,
        seeds: random.Random | None = None,
    ) -> None:
        self.jobs = JobTable()
        self.spares = SpareRack(spares)
        self._engines = engines
        self._write = write
        self._publish = publish
        self._clock = clock
        self._seeds = seeds or random.SystemRandom()

    # --- from presses ------------------------------------------------------------------------------------------------

    def submit(
        self, origin: Origin, preset: Preset, model: str, options: FragmentOptions, slot: int | None, pressed: float
    ) -> None:
        """Queue a render; a ready spare lands at once, one on its way becomes this press."""
        wish = self.wish(*origin.place, preset, model, options)
        self.spares.encourage(wish.place)
        spare = self.spares.take(wish)
        coming = self.spares.take_over(wish) if spare is None else None
        if coming is None:
            render = self._render(self.jobs.next_number(), preset)
        else:
            render = dataclasses.replace(coming.render, spare=False)
        job = RenderJob(
            number=render.job,
            origin=origin,
            prompt=preset.prompt,
            model=wish.model,
            render=render,
            options=options,
            slot=slot,
            times=JobTimes(pressed, queued=self._clock.now()),
        )
        self.jobs.add(job)
        if spare is not None:
            # Before it is told: who presses waits for the file.
            self._land_spare(job, spare)
        self._tell(job)
        if coming is not None:
            self._engines.send(job.model, engine.Promote(job.number))
            if coming.started is not None:
                self._started(job)
        elif spare is None:
            # Its own engine lets a press go first; another model's would go on beside it, on the same device.
            self._cancel_spares([one for one in self.spares.coming if one.wish.model != job.model])
            self._engines.send(job.model, job.render)

    def land_archived(self, take: int, slot: int | None, bank: str, options: FragmentOptions) -> None:
        """Put an archived take into a slot again."""
        number, label = self.jobs.next_number(), f"take {take}"
        job = Job(
            number=number,
            origin=Origin(JobKind.TAKE, bank, label),
            prompt=label,
            slot=slot,
            times=JobTimes(self._clock.now()),
            state=JobState.RENDERING,
            writing=True,
        )
        self.jobs.add(job)
        self._write(writer.LandArchived(number, take, options, slot))

    def cancel(self, jobs: Iterable[RenderJob]) -> None:
        """Drop jobs that an engine still works for; what has been rendered already is kept."""
        for job in jobs:
            if job.pending and not job.cancelling:
                job.cancelling = True
                self._engines.send(job.model, engine.Cancel(job.number))

    def panic(self) -> None:
        """Drop everything, spares too."""
        self.cancel(self.jobs.pending())
        self.drop_spares()

    def end(self) -> None:
        """The engines are closed: say of everything that waited for one that nothing will come of it."""
        for job in self.jobs.unrendered():
            self._end(job, JobState.CANCELLED, "cancelled: the show ended")

    def drop_spares(self) -> None:
        """Drop ready spares and those on their way."""
        self._cancel_spares(self.spares.coming)
        self.spares.clear()

    def top_up(self, wishes: list[Wish], ready: Collection[str]) -> None:
        """Drop what has gone stale; while nothing else is to do, render the first wish that has no spare yet.

        Only for models that are ``ready``: one that is still loading would keep the others' spares waiting.
        """
        self._cancel_spares([one for one in self.spares.coming if one.wish not in wishes])
        self.spares.drop_stale(wishes)
        for spare in self.spares.adopt_options(wishes):
            self._prepare(spare)
        # What the others may have is not what an absent one leaves: that one's come back, and none would stay.
        first = wishes[: self.spares.settings.count]
        wish = self.spares.next_of([wish for wish in first if wish.model in ready])
        if wish is None or self.jobs.pending() or self.jobs.landing() or self.spares.coming:
            return
        self.spares.make_room(wishes)
        render = self._render(self.jobs.next_number(), wish.preset, spare=True)
        self.spares.expect(render, wish, self._clock.now())
        self._engines.send(wish.model, render)

    def _prepare(self, spare: Spare) -> None:
        self._write(writer.Prepare(spare.rendered.audio, spare.rendered.sample_rate, spare.wish.options))

    def _cancel_spares(self, coming: Iterable[Coming]) -> None:
        for one in coming:
            self.spares.forget(one.render.job)
            self._engines.send(one.wish.model, engine.Cancel(one.render.job))

    def wish(self, bank: str, pad: PadKey | None, preset: Preset, model: str, options: FragmentOptions) -> Wish:
        """What a press on ``pad`` (None: a typed prompt) would ask for now."""
        return Wish(bank, pad, self._engines.effective(model), preset, options)

    def _render(self, number: int, preset: Preset, *, spare: bool = False) -> engine.Render:
        seed = self._seeds.randrange(2**32) if preset.seed == "random" else preset.seed
        return request(preset, number, seed, spare=spare)

    # --- from engines ------------------------------------------------------------------------------------------------

    def on_engine(self, event: engine.JobEvent) -> Spare | None:
        """Take in what an engine says of a job. Returns a spare that has just become ready."""
        match event:
            case engine.Started(number):
                if job := self.jobs.render_job(number):
                    self._started(job)
                else:
                    self.spares.began(number, self._clock.now())
            case engine.Progress(number, step, of):
                self._progressed(number, step, of)
            case engine.Rendered():
                return self._rendered(event)
            case engine.Failed():
                self._failed(event)
            case engine.Cancelled(number):
                self.spares.forget(number)
                if job := self.jobs.render_job(number):
                    self._end(job, JobState.CANCELLED, "cancelled")
            case _:
                assert_never(event)
        return None

    def on_death(self, model: str, death: engine.Died) -> None:
        """Take in that an engine is gone, and its jobs with it."""
        for number in death.jobs:
            self._lost(model, number, death.reason)

    def _started(self, job: RenderJob) -> None:
        job.state, job.text = JobState.RENDERING, ""
        job.reached(started=self._clock.now())
        self._tell(job)

    def _progressed(self, number: int, step: int, of: int) -> None:
        job = self.jobs.render_job(number)
        if job is not None:
            job.step, job.of = step, of
            if job.times.started is not None:
                self._tell(job)

    def _rendered(self, event: engine.Rendered) -> Spare | None:
        now = self._clock.now()
        job = self.jobs.render_job(event.job)
        if job is None:
            spare = self.spares.arrived(event, now)
            if spare is not None:
                self._prepare(spare)
            return spare
        job.reached(rendered=now)
        if job.times.started is None:
            job.reached(started=now - event.engine_seconds)
        if job.cancelling:
            record = self._record(job, event)
            self._write(
                writer.ArchiveOnly(job.number, event.audio, event.sample_rate, record, "cancelled while rendering")
            )
            self._end(job, JobState.CANCELLED, "cancelled after it was rendered; the take is in the archive")
        else:
            self._land(job, event)
        return None

    def _land_spare(self, job: RenderJob, spare: Spare) -> None:
        job.spare = True
        job.reached(started=spare.started, rendered=spare.rendered_at)
        self._land(job, spare.rendered)

    def _land(self, job: RenderJob, event: engine.Rendered) -> None:
        job.notes, job.used, job.engine_seconds = event.notes, dict(event.used), event.engine_seconds
        # RENDERING is over for the engine, but nothing has landed: the pad keeps its state until the file is in place.
        job.state = JobState.RENDERING if not job.spare else JobState.QUEUED
        job.writing, job.text = True, "writing"
        self._write(
            writer.LandTake(job.number, event.audio, event.sample_rate, self._record(job, event), job.options, job.slot)
        )

    def _failed(self, event: engine.Failed) -> None:
        spare = self.spares.failed(event.job)
        job = self.jobs.render_job(event.job)
        if job is None:
            if spare is not None:
                text = f"a spare for pad {spare.wish.pad} failed: {event.reason}"
                self._publish(Notice(NoticeLevel.WARNING, text))
            return
        if event.audio is not None and event.sample_rate is not None:
            record = self._record(job, None)
            self._write(writer.ArchiveOnly(job.number, event.audio, event.sample_rate, record, event.reason))
        self._end(job, JobState.FAILED, event.reason)

    def _lost(self, model: str, number: int, reason: str) -> None:
        # What may have killed its engine must not kill the next one, with nobody asking for it.
        self.spares.failed(number)
        job = self.jobs.render_job(number)
        if job is None or not job.pending:
            return
        if job.cancelling:
            self._end(job, JobState.CANCELLED, "cancelled")
        elif job.on_lost == "queue" and not job.retried:
            job.retried, job.state, job.step = True, JobState.QUEUED, 0
            job.times = dataclasses.replace(job.times, started=None)
            job.model = self._engines.effective(model)
            job.text = f"queued again: {reason}"
            self._tell(job)
            self._engines.send(job.model, job.render)
        else:
            self._end(job, JobState.FAILED, reason)

    def _record(self, job: RenderJob, event: engine.Rendered | None) -> TakeRecord:
        return take_record(job, event, self._engines.info(job.model), self._clock)

    # --- from the writer ---------------------------------------------------------------------------------------------

    def on_writer(self, event: writer.LandingEvent) -> None:
        """Take in what became of a take's files."""
        match event:
            case writer.TakeArchived(number, take, file):
                if job := self.jobs.get(number):
                    job.take, job.archived = take, file
            case writer.Landed():
                self._landed(event)
            case writer.LandFailed(number, reason, take) | writer.GivenUp(number, reason, take):
                if job := self.jobs.get(number):
                    job.take = take or job.take
                    self._end(job, JobState.FAILED, reason)
                elif take is None:
                    # Its press is over, so that nobody else would tell.
                    self._publish(Notice(NoticeLevel.ERROR, f"the take of job {number} is lost: {reason}"))
            case writer.Held(number, reason, _):
                self._publish(Notice(NoticeLevel.ERROR, reason))
                if (job := self.jobs.get(number)) and job.state is not JobState.HELD:
                    job.state, job.text = JobState.HELD, reason
                    self._tell(job)
            case writer.Refused(_, reason):
                self._publish(Notice(NoticeLevel.WARNING, reason))
            case _:
                assert_never(event)

    def _landed(self, event: writer.Landed) -> None:
        job = self.jobs.get(event.job)
        if job is None:
            return
        job.slot, job.file, job.take = event.slot, str(event.file), event.take or job.take
        job.reached(landed=self._clock.now())
        job.fragment_seconds, job.write_seconds = event.seconds, event.write_seconds
        said = job.notes if isinstance(job, RenderJob) else ()
        self._end(job, JobState.LANDED, "; ".join((*said, *event.notes)))

    # --- telling -----------------------------------------------------------------------------------------------------

    def refuse(self, origin: Origin, prompt: str, reason: str, pressed: float) -> None:
        """Say on the pad, and to everyone, that a press was not taken."""
        job = Job(number=self.jobs.next_number(), origin=origin, prompt=prompt, times=JobTimes(pressed))
        self._end(job, JobState.REFUSED, reason)

    def _end(self, job: Job, state: JobState, text: str) -> None:
        job.state, job.text = state, text
        self._publish(job.changed())
        self.jobs.drop(job)
        # A pad is not at rest while another press of it is on its way.
        other = self.busy_with(*job.origin.place) if state is JobState.CANCELLED else None
        self.show(other or job)

    def busy_with(self, bank: str, pad: PadKey | None) -> Job | None:
        """The job that a pad is busy with: the first that renders, else the first that waits."""
        jobs = [] if pad is None else self.jobs.on_pad(bank, pad)
        return max(jobs, key=lambda job: job.state is JobState.RENDERING, default=None)

    def show(self, job: Job) -> None:
        """Publish what its pad shows of ``job``."""
        pad: PadChanged | None = job.pad_changed(self._clock.now())
        if pad is not None:
            self._publish(pad)

    def _tell(self, job: Job) -> None:
        self._publish(job.changed())
        self.show(job)
