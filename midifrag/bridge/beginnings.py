"""Presses whose renders begin from a sound: they wait until that has been read, and then go to their engine with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from midifrag.bridge.job_table import JobTable
from midifrag.bridge.jobs import RenderJob, request
from midifrag.bridge.source_book import PATIENCE, Begin, Meant, SourceBook, begun
from midifrag.bridge.spares import Wish
from midifrag.bridge.telling import Telling
from midifrag.clock import Clock
from midifrag.config.lengths import Limits
from midifrag.config.parameters import Preset
from midifrag.config.sound_in import SoundWanted
from midifrag.engine.protocol import Engines
from midifrag.fragment.writer_events import SoundRead
from midifrag.states import JobState


class Beginnings:
    """Gives jobs what they begin from, of ``sources``; with one that had to be read, ``go_on`` is called then.

    ``limits`` says how long the takes of a model may be.
    """

    def __init__(
        self,
        jobs: JobTable,
        telling: Telling,
        sources: SourceBook,
        engines: Engines,
        limits: Callable[[str], Limits],
        clock: Clock,
        go_on: Callable[[RenderJob], None],
    ) -> None:
        self._jobs = jobs
        self._telling = telling
        self._sources = sources
        self._engines = engines
        self._limits = limits
        self._clock = clock
        self._go_on = go_on

    def trouble(self, wanted: SoundWanted | None, model: str) -> str | None:
        """Why a press of ``model`` cannot begin from what it wants; what stands in for a lost one does without."""
        if wanted is None or self._engines.effective(model) != model:
            return None
        return self._sources.trouble(wanted, model, self._engines.info(model))

    def begin(self, job: RenderJob, meant: Meant) -> bool:
        """Have a job begin from a sound, now or when it has been read; False where it is over."""
        known = self._sources.known(meant)
        if known is not None:
            return self._begin_with(job, meant, known)
        job.reading, job.reading_since = self._sources.read(meant), self._clock.now()
        job.text = f"reading {meant.told}"
        return True

    def _begin_with(self, job: RenderJob, meant: Meant, read: SoundRead) -> bool:
        try:
            job.preset, job.length, job.begin = begun(job.preset, meant, read, job.length, self._limits(job.model))
        except ValueError as error:
            self._telling.end(job, JobState.FAILED, str(error))
            return False
        job.notes = notes_of(job.begin)
        job.render = request(job.preset, job.number, job.render.seed, bpm=job.render.bpm, begin=job.begin)
        return True

    def of_spare(self, wish: Wish) -> tuple[Wish, Preset, Begin | None] | None:
        """What a spare for a wish is asked for, and begins from; None where it cannot."""
        read = None if wish.sound is None else self._sources.known(wish.sound)
        if wish.sound is None or read is None:
            return wish, wish.preset, None
        try:
            preset, length, begin = begun(wish.preset, wish.sound, read, wish.length, self._limits(wish.model))
        except ValueError:
            return None
        return dataclasses.replace(wish, length=length), preset, begin

    def heard(self, event: SoundRead) -> None:
        """Take in a sound that was read: what waited for it goes on."""
        meant = self._sources.heard(event)
        job = next((job for job in self._jobs.unrendered() if job.reading == event.request), None)
        if job is None or meant is None:
            return
        job.reading, job.text = None, ""
        if self._begin_with(job, meant, event):
            self._go_on(job)

    def look(self) -> None:
        """Give up what has waited for its sound for too long: its drive does not answer."""
        late = self._clock.now() - PATIENCE
        for job in [job for job in self._jobs.unrendered() if job.reading is not None and job.reading_since < late]:
            what, job.reading = job.text.removeprefix("reading "), None
            self._telling.end(job, JobState.FAILED, f"{what} could not be read in time: its drive does not answer")


def notes_of(begin: Begin | None) -> tuple[str, ...]:
    """What is told of a take that begins from a sound."""
    return () if begin is None else (f"from {begin.told}", *begin.notes)
