"""What a show hears of a job that is on its way at a server."""

from __future__ import annotations

from typing import TypeAlias, assert_never

from midifrag.clock import Clock
from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.remote.far_jobs import FarJob

#: How a server says how far one is.
OnItsWay: TypeAlias = line.Queued | line.Began | line.Progress


def how_far_it_is(told: OnItsWay, job: FarJob, clock: Clock, *, is_ready: bool) -> list[engine.EngineEvent]:
    """The events of a job, which keeps what was told of it; ``is_ready`` is whether its engine is, to the show."""
    match told:
        case line.Queued(place=place):
            if place:
                job.place = place
            is_new, job.is_known = not job.is_known, True
            # A sign of life: it waits, and is not forgotten.
            return [engine.Resumed()] if is_ready and not is_new else []
        case line.Began():
            # Told again after a drop, and where its engine there died.
            is_new, job.began_at = job.began_at is None, clock.now()
            return [engine.Started(job.render.job)] if is_new else []
        case line.Progress(step=step, of=of):
            return [engine.Progress(job.render.job, step, of)]
        case _:
            assert_never(told)
