"""The way of a job: from a resolved preset through an engine and the writer to its slot. Owned by the bridge alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

from midifrag.banks import Preset
from midifrag.clock import Clock
from midifrag.engine import messages as engine
from midifrag.events import Notice, PadChanged, PadState, StateChange
from midifrag.fragment import messages as writer
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord
from midifrag.jobs import Job, JobTable, Origin, take_record
from midifrag.settings import SpareSettings
from midifrag.spares import Spare, SpareRack, Wish


class Engines(Protocol):
    """The engines of a show, by model."""

    def send(self, model: str, command: engine.Command) -> None:
        """Hand a command to the engine of ``model``; never blocks."""
        ...

    def effective(self, model: str) -> str:
        """The model that really renders: itself, or its fallback while it is lost."""
        ...

    def info(self, model: str) -> engine.EngineInfo | None:
        """What is loaded, once it is."""
        ...


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
        wish = Wish(origin.bank, origin.pad or "", model, preset)
        coming = next(iter(self.spares.coming(wish)), None)
        number = coming if coming is not None else self.jobs.next_number()
        job = Job(
            number=number,
            origin=origin,
            preset=preset,
            model=model,
            render=self._render(number, preset),
            options=options,
            slot=slot,
            times={"pressed": pressed, "queued": self._clock.now()},
        )
        self.jobs.add(job)
        self._tell(job)
        spare = self.spares.take(wish)
        if spare is not None:
            self._land_spare(job, spare)
        elif coming is not None:
            self.spares.forget(coming)
            self._engines.send(model, engine.Promote(coming))
        else:
            self._engines.send(model, job.render)
        return job

    def land_archived(self, take: int, slot: int | None, origin: Origin, options: FragmentOptions) -> None:
        """Put an archived take into a slot again."""
        now = self._clock.now()
        number = self.jobs.next_number()
        render = engine.Render(number, origin.label, 1.0, 0)
        job = Job(number, origin, Preset(prompt=origin.label), "archive", render, options, slot, {"pressed": now})
        job.state = PadState.RENDERING
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
        for number in self.spares.coming():
            wish = self.spares.forget(number)
            if wish is not None:
                self._engines.send(wish.model, engine.Cancel(number))
        self.spares.clear()

    def top_up(self, wishes: list[Wish]) -> list[Wish]:
        """While nothing else is to do, render the first wish that has no spare yet. Returns the wishes gone stale."""
        current = {wish.place: wish for wish in wishes}
        for number in self.spares.coming():
            if not any(number in self.spares.coming(wish) for wish in wishes):
                gone = self.spares.forget(number)
                self._engines.send(gone.model if gone else "", engine.Cancel(number))
        stale = self.spares.drop_stale(current)
        if self.jobs.pending() or self.spares.coming() or not self.spares.has_room():
            return stale
        for wish in wishes:
            if not self.spares.ready_for(wish):
                number = self.jobs.next_number()
                self.spares.expect(number, wish, self._clock.now())
                self._engines.send(wish.model, self._render(number, wish.preset, spare=True))
                break
        return stale

    def wish(self, bank: str, pad: str, preset: Preset, model: str) -> Wish:
        """What a press on ``pad`` would ask for now."""
        return Wish(bank, pad, self._engines.effective(model), preset)

    def _render(self, number: int, preset: Preset, *, spare: bool = False) -> engine.Render:
        return engine.Render(
            job=number,
            prompt=preset.prompt,
            seconds=preset.seconds,
            seed=self._seeds.randrange(2**32) if preset.seed == "random" else preset.seed,
            steps=preset.steps,
            cfg_scale=preset.cfg_scale,
            negative_prompt=preset.negative_prompt,
            sampler=preset.sampler,
            sigma_min=preset.sigma_min,
            sigma_max=preset.sigma_max,
            spare=spare,
        )

    # --- from engines ------------------------------------------------------------------------------------------------

    def on_engine(self, model: str, event: engine.EngineEvent) -> Spare | None:
        """Take in what an engine says of a job. Returns a spare that has just become ready."""
        match event:
            case engine.Started(number) if job := self.jobs.get(number):
                job.state = PadState.RENDERING
                job.times["started"] = self._clock.now()
                self._tell(job)
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

    def _rendered(self, event: engine.Rendered) -> Spare | None:
        now = self._clock.now()
        job = self.jobs.get(event.job)
        if job is None:
            return self.spares.arrived(event, now)
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
        job.details |= {"used": dict(event.used), "engine_seconds": event.engine_seconds, "notes": event.notes}
        # RENDERING is over for the engine, but nothing has landed: the pad keeps its state until the file is in place.
        job.state = PadState.RENDERING if not job.spare else PadState.QUEUED
        self._writing(job)
        self._write(
            writer.LandTake(job.number, event.audio, event.sample_rate, self._record(job, event), job.options, job.slot)
        )

    def _writing(self, job: Job) -> None:
        job.text = "writing"
        job.details["writing"] = True

    def _failed(self, event: engine.Failed) -> None:
        wish = self.spares.forget(event.job)
        job = self.jobs.get(event.job)
        if job is None:
            if wish is not None:
                self._publish(Notice("warning", f"a spare for pad {wish.pad} failed: {event.reason}"))
            return
        if event.audio is not None and event.sample_rate is not None:
            record = self._record(job, None)
            self._write(writer.ArchiveOnly(job.number, event.audio, event.sample_rate, record, event.reason))
        self._end(job, PadState.FAILED, event.reason)

    def _lost(self, model: str, number: int, reason: str) -> None:
        self.spares.forget(number)
        job = self.jobs.get(number)
        if job is None or not job.pending or "writing" in job.details:
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
                self._end(job, PadState.LANDED, "; ".join(event.notes))
            case writer.LandFailed(number, reason, take) | writer.GivenUp(number, reason, take) if job := self.jobs.get(
                number
            ):
                job.take = event.take or job.take
                self._end(job, PadState.FAILED, event.reason)
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
        self._tell(job)
        self.jobs.drop(job)

    def _tell(self, job: Job) -> None:
        self._publish(job.changed())
        pad: PadChanged | None = job.pad_changed(self._clock.now())
        if pad is not None:
            self._publish(pad)
