"""The way of a job: from a resolved preset through an engine and the writer to its slot. Owned by the bridge alone."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Collection, Iterable

from midifrag.bridge.jobs import Job, JobTable, Origin, request, take_record
from midifrag.bridge.spares import Coming, Spare, SpareRack, Wish
from midifrag.clock import Clock
from midifrag.config.banks import Preset
from midifrag.config.settings import SpareSettings
from midifrag.engine import messages as engine
from midifrag.engine.protocol import Engines
from midifrag.events import Notice, PadChanged, PadState, StateChange
from midifrag.fragment import messages as writer
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord


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
    ) -> Job:
        """Queue a render; a ready spare lands at once, one on its way becomes this press."""
        model = self._engines.effective(model)
        wish = Wish(origin.bank, origin.pad or "", model, preset, options)
        self.spares.encourage(wish.place)
        coming = self.spares.take_over(wish)
        render = coming.render if coming is not None else self._render(self.jobs.next_number(), preset)
        job = Job(
            number=render.job,
            origin=origin,
            preset=preset,
            model=model,
            render=dataclasses.replace(render, spare=False),
            options=options,
            slot=slot,
            times={"pressed": pressed, "queued": self._clock.now()},
        )
        self.jobs.add(job)
        spare = self.spares.take(wish)
        if spare is not None:
            # Before it is told: who presses waits for the file.
            self._land_spare(job, spare)
        self._tell(job)
        if job.spare:
            return job
        if coming is not None:
            self._engines.send(model, engine.Promote(job.number))
            if coming.started is not None:
                self._started(job)
        else:
            # Its own engine lets a press go first; another model's would go on beside it, on the same device.
            self._cancel_spares([one for one in self.spares.coming if one.wish.model != model])
            self._engines.send(model, job.render)
        return job

    def land_archived(self, take: int, slot: int | None, origin: Origin, options: FragmentOptions) -> None:
        """Put an archived take into a slot again."""
        now = self._clock.now()
        number = self.jobs.next_number()
        render = engine.Render(number, origin.label, 1.0, 0)
        job = Job(number, origin, Preset(prompt=origin.label), "archive", render, options, slot, {"pressed": now})
        job.state, job.writing = PadState.RENDERING, True
        self.jobs.add(job)
        self._write(writer.LandArchived(number, take, options, slot))

    def cancel(self, jobs: list[Job]) -> None:
        """Drop jobs that an engine still works for; what has been rendered already is kept."""
        for job in jobs:
            if job.pending and not job.cancelling:
                job.cancelling = True
                self._engines.send(job.model, engine.Cancel(job.number))

    def panic(self) -> None:
        """Drop everything, spares too."""
        self.cancel(self.jobs.pending())
        self.drop_spares()

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

    def wish(self, bank: str, pad: str, preset: Preset, model: str, options: FragmentOptions) -> Wish:
        """What a press on ``pad`` would ask for now."""
        return Wish(bank, pad, self._engines.effective(model), preset, options)

    def _render(self, number: int, preset: Preset, *, spare: bool = False) -> engine.Render:
        seed = self._seeds.randrange(2**32) if preset.seed == "random" else preset.seed
        return request(preset, number, seed, spare=spare)

    # --- from engines ------------------------------------------------------------------------------------------------

    def on_engine(self, model: str, event: engine.EngineEvent) -> Spare | None:
        """Take in what an engine says of a job. Returns a spare that has just become ready."""
        match event:
            case engine.Started(number) if job := self.jobs.get(number):
                self._started(job)
            case engine.Started(number):
                self.spares.began(number, self._clock.now())
            case engine.Progress(number, step, of) if job := self.jobs.get(number):
                job.step, job.of = step, of
                if "started" in job.times:
                    self._tell(job)
            case engine.Rendered():
                return self._rendered(event)
            case engine.Failed():
                self._failed(event)
            case engine.Cancelled(number):
                self.spares.forget(number)
                if job := self.jobs.get(number):
                    self._end(job, PadState.IDLE, "cancelled")
            case engine.Died(reason, numbers, _):
                for number in numbers:
                    self._lost(model, number, reason)
            case _:
                pass
        return None

    def _started(self, job: Job) -> None:
        job.state, job.text = PadState.RENDERING, ""
        job.times["started"] = self._clock.now()
        self._tell(job)

    def _rendered(self, event: engine.Rendered) -> Spare | None:
        now = self._clock.now()
        job = self.jobs.get(event.job)
        if job is None:
            spare = self.spares.arrived(event, now)
            if spare is not None:
                self._prepare(spare)
            return spare
        job.times["rendered"] = now
        job.times.setdefault("started", now - event.engine_seconds)
        if job.cancelling:
            record = self._record(job, event)
            self._write(
                writer.ArchiveOnly(job.number, event.audio, event.sample_rate, record, "cancelled while rendering")
            )
            self._end(job, PadState.IDLE, "cancelled after it was rendered; the take is in the archive")
        else:
            self._land(job, event)
        return None

    def _land_spare(self, job: Job, spare: Spare) -> None:
        job.spare = True
        job.times |= {"started": spare.started, "rendered": spare.rendered_at}
        self._land(job, spare.rendered)

    def _land(self, job: Job, event: engine.Rendered) -> None:
        job.notes = event.notes
        job.details |= {"used": dict(event.used), "engine_seconds": event.engine_seconds}
        # RENDERING is over for the engine, but nothing has landed: the pad keeps its state until the file is in place.
        job.state = PadState.RENDERING if not job.spare else PadState.QUEUED
        job.writing, job.text = True, "writing"
        self._write(
            writer.LandTake(job.number, event.audio, event.sample_rate, self._record(job, event), job.options, job.slot)
        )

    def _failed(self, event: engine.Failed) -> None:
        spare = self.spares.failed(event.job)
        job = self.jobs.get(event.job)
        if job is None:
            if spare is not None:
                self._publish(Notice("warning", f"a spare for pad {spare.wish.pad} failed: {event.reason}"))
            return
        if event.audio is not None and event.sample_rate is not None:
            record = self._record(job, None)
            self._write(writer.ArchiveOnly(job.number, event.audio, event.sample_rate, record, event.reason))
        self._end(job, PadState.FAILED, event.reason)

    def _lost(self, model: str, number: int, reason: str) -> None:
        # What may have killed its engine must not kill the next one, with nobody asking for it.
        self.spares.failed(number)
        job = self.jobs.get(number)
        if job is None or not job.pending:
            return
        if job.cancelling:
            self._end(job, PadState.IDLE, "cancelled")
        elif job.origin.on_lost == "queue" and not job.retried:
            job.retried, job.state, job.step = True, PadState.QUEUED, 0
            job.times.pop("started", None)
            job.model = self._engines.effective(model)
            job.text = f"queued again: {reason}"
            self._tell(job)
            self._engines.send(job.model, job.render)
        else:
            self._end(job, PadState.FAILED, reason)

    def _record(self, job: Job, event: engine.Rendered | None) -> TakeRecord:
        return take_record(job, event, self._engines.info(job.model), self._clock)

    # --- from the writer ---------------------------------------------------------------------------------------------

    def on_writer(self, event: writer.WriterEvent) -> None:
        """Take in what became of a take's files."""
        match event:
            case writer.TakeArchived(number, take, file) if job := self.jobs.get(number):
                job.take, job.archived = take, file
            case writer.Landed() if job := self.jobs.get(event.job):
                job.slot, job.file, job.take = event.slot, str(event.file), event.take or job.take
                job.times["landed"] = self._clock.now()
                job.details |= {"fragment_seconds": event.seconds, "write_seconds": event.write_seconds}
                self._end(job, PadState.LANDED, "; ".join((*job.notes, *event.notes)))
            case writer.LandFailed(number, reason, take) | writer.GivenUp(number, reason, take) if job := self.jobs.get(
                number
            ):
                job.take = event.take or job.take
                self._end(job, PadState.FAILED, event.reason)
            case writer.GivenUp(number, reason, None) | writer.LandFailed(number, reason, None):
                # Its press is over, so that nobody else would tell.
                self._publish(Notice("error", f"the take of job {number} is lost: {reason}"))
            case writer.Held(number, reason, _):
                self._publish(Notice("error", reason))
                if (job := self.jobs.get(number)) and job.state is not PadState.HELD:
                    job.state, job.text = PadState.HELD, reason
                    self._tell(job)
            case writer.Refused(_, reason):
                self._publish(Notice("warning", reason))
            case _:
                pass

    # --- telling -----------------------------------------------------------------------------------------------------

    def refuse(self, origin: Origin, preset: Preset, reason: str, pressed: float) -> None:
        """Say on the pad, and to everyone, that a press was not taken."""
        number = self.jobs.next_number()
        render = engine.Render(number, preset.prompt, 1.0, 0)
        job = Job(number, origin, preset, "", render, FragmentOptions(), None, {"pressed": pressed})
        self._end(job, PadState.REFUSED, reason)

    def _end(self, job: Job, state: PadState, text: str) -> None:
        job.state, job.text = state, text
        self._publish(job.changed())
        self.jobs.drop(job)
        # A pad is not at rest while another press of it is on its way.
        other = self.busy_with(job.origin.bank, job.origin.pad) if state is PadState.IDLE else None
        self.show(other or job)

    def busy_with(self, bank: str, pad: str | None) -> Job | None:
        """The job that a pad is busy with: the first that renders, else the first that waits."""
        return max(self.jobs.on_pad(bank, pad), key=lambda job: job.state is PadState.RENDERING, default=None)

    def show(self, job: Job) -> None:
        """Publish what its pad shows of ``job``."""
        pad: PadChanged | None = job.pad_changed(self._clock.now())
        if pad is not None:
            self._publish(pad)

    def _tell(self, job: Job) -> None:
        self._publish(job.changed())
        self.show(job)
