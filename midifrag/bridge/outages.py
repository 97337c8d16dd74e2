"""Jobs whose engine stalls, dies or stays away: marked, queued again, or given to the one that stands in.

That one also plays what a server would render too late for its boundary, where it makes it itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from midifrag.bridge.absences import Absences, as_stand_in
from midifrag.bridge.beginnings import notes_of
from midifrag.bridge.job_table import JobTable
from midifrag.bridge.jobs import RenderJob, request
from midifrag.bridge.spares import SpareRack
from midifrag.bridge.telling import Telling
from midifrag.clock import Clock
from midifrag.engine import messages as engine
from midifrag.engine.protocol import Engines
from midifrag.fragment.length import SecondsLength
from midifrag.pad_key import PadKey
from midifrag.states import JobState

#: Seconds after which a press goes to a server once more though it was too slow for its pad: that may be over.
AGAIN = 60.0


class Outages:
    """Sees to it that each job has an outcome, whatever becomes of its engine.

    ``is_quicker`` says whether another model makes the boundary that a job will miss, see `Boundaries.is_quicker`.
    """

    def __init__(
        self,
        jobs: JobTable,
        telling: Telling,
        spares: SpareRack,
        engines: Engines,
        absences: Absences,
        clock: Clock,
        is_quicker: Callable[[RenderJob, str], bool] = lambda _job, _model: False,
    ) -> None:
        self._jobs = jobs
        self._telling = telling
        self._spares = spares
        self._engines = engines
        self._absences = absences
        self._clock = clock
        self._is_quicker = is_quicker
        #: Since when who stands in has played all presses of a pad, because a server is too slow: by place and model.
        self._given: dict[tuple[tuple[str, PadKey | None], str], float] = {}

    def on_stall(self, model: str) -> None:
        """The engine of ``model`` shows no progress, or does so again: its pads say so."""
        for job in self._jobs.of(model):
            if job.cancelling and self._absences.is_stalled(model):
                self._telling.let_go(job)
            elif self.mark(job):
                self._telling.tell(job)

    def mark(self, job: RenderJob) -> bool:
        """Mark a job whose engine has stalled, and take the mark away; whether that changed anything."""
        is_stalled = job.pending and self._absences.is_stalled(job.model)
        changes = is_stalled is not job.stalled
        if changes:
            job.stalled, job.text = is_stalled, f"{job.model} shows no progress" if is_stalled else ""
        return changes

    def on_death(self, model: str, death: engine.Died) -> None:
        """Take in that an engine is gone, and its jobs with it."""
        for number in death.jobs:
            self._lost(model, number, death.reason)

    def _lost(self, model: str, number: int, reason: str) -> None:
        # What may have killed its engine must not kill the next one, with nobody asking for it.
        self._spares.failed(number)
        self._jobs.recall(number)
        job = self._jobs.render_job(number)
        if job is None or not job.pending or job.model != model:
            return
        # A line that breaks is no job's fault, however often it does; an engine that dies may be its.
        is_far = self._absences.is_elsewhere(model)
        if job.cancelling:
            self._telling.end(job, JobState.CANCELLED, "cancelled")
        elif job.on_lost == "fail" or (job.retried and not is_far):
            self._telling.end(job, JobState.FAILED, reason)
        else:
            job.retried = job.retried or not is_far
            self._queue_again(job, self._engines.effective(job.stands_in_for or model), f"queued again: {reason}")

    def hand_over(self) -> None:
        """Give presses whose engine has been away for too long, or is too slow, to the one that stands in."""
        for job in self._jobs.pending():
            if job.reading is not None:
                # No engine has it yet.
                continue
            own = job.model
            if job.state is JobState.RENDERING and self._absences.is_finishing(own):
                continue
            if self.find_substitute(job):
                self._engines.send(own, engine.Cancel(job.number))
                self._queue_again(job, job.model, f"{job.model} stands in for {own}")

    def find_substitute(self, job: RenderJob) -> bool:
        """Give a job to who plays in place of its model now; whether somebody does."""
        other = None if job.on_lost == "wait" else self._absences.substitute(job.model) or self._quicker(job)
        if other is not None:
            self._substitute(job, other)
        return other is not None

    def _quicker(self, job: RenderJob) -> str | None:
        other, given = self._absences.understudy(job.model), (job.origin.place, job.model)
        is_new = job.boundary is None
        if other is None or not self._is_quicker(job, other):
            if is_new:
                self._given.pop(given, None)
            return None
        if is_new and self._clock.now() - self._given.setdefault(given, self._clock.now()) >= AGAIN:
            del self._given[given]
            return None
        return other

    def _substitute(self, job: RenderJob, other: str) -> None:
        info = self._engines.info(other)
        preset = as_stand_in(job.preset, info)
        if info is not None and preset.seconds is not None and preset.seconds < info.min_seconds:
            job.length = job.length or SecondsLength(preset.seconds)
            preset = dataclasses.replace(preset, seconds=info.min_seconds)
        begin = None if preset.sound is None else job.begin
        if begin is not None and begin.fill is not None and preset.seconds is not None:
            # One that is made for shorter takes has no room for the part.
            begin = begin if begin.fill[1] <= preset.seconds else None
        without = f", and does not begin from {job.begin.told}" if job.begin is not None and begin is None else ""
        job.stands_in_for, job.notes = job.model, (f"{other} stood in for {job.model}{without}", *notes_of(begin))
        job.model = other
        job.render = request(preset, job.number, job.render.seed, bpm=job.render.bpm, begin=begin)

    def _queue_again(self, job: RenderJob, model: str, text: str) -> None:
        if model == job.stands_in_for:
            job.stands_in_for, job.notes, job.model = None, notes_of(job.begin), model
            job.render = request(job.preset, job.number, job.render.seed, bpm=job.render.bpm, begin=job.begin)
        elif model != job.model:
            self._substitute(job, model)
        job.state, job.step, job.stalled, job.waits, job.text = JobState.QUEUED, 0, False, "", text
        # From now on: what it waited for another engine is nothing that this one takes to begin.
        job.times = dataclasses.replace(job.times, queued=self._clock.now(), started=None)
        # Nothing is learned from what was estimated of another engine.
        job.estimated = None
        self._telling.tell(job)
        self._engines.send(job.model, job.render)
