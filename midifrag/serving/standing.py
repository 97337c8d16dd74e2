"""How a replica's models stand: loading, ready or away, and what a client hears of that."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable
from typing import Literal, assert_never

from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.translating import told_info
from midifrag.serving.job import Job

#: Takes that the times of `line.ModelStatus` look back on.
REMEMBERED = 50


class Standing:
    """One model's."""

    def __init__(self, model: str) -> None:
        self.model = model
        #: What a client that comes now hears.
        self.news: line.Info | line.Loading | line.Away = line.Loading(model=model, done=0, total=1)
        #: Its engine is gone for good, which another replica would mend.
        self.is_lost = False
        #: It was not among those that the replica began with, and has not been ready since: others go on without it.
        self._is_on_trial = False
        #: Since when, by the clock of whoever tells, it has shown no progress.
        self.stalled_since: float | None = None
        self._info: line.Info | None = None
        self._rendered = self._failed = 0
        self._steps: deque[float] = deque(maxlen=REMEMBERED)
        self._audio: deque[float] = deque(maxlen=REMEMBERED)

    def note(
        self, event: engine.Warming | engine.Ready | engine.Stalled | engine.Resumed | engine.Died, now: float
    ) -> None:
        """Take in what its engine says of itself."""
        match event:
            case engine.Warming(done, total, what, playable):
                if self._info is None:
                    self.news = line.Loading(model=self.model, done=done, total=total, what=what, playable=playable)
            case engine.Ready(info):
                self._info, self._is_on_trial = told_info(self.model, info), False
                self.news, self.stalled_since = self._info, None
            case engine.Stalled(seconds):
                self.stalled_since = now - seconds
            case engine.Resumed():
                self.stalled_since = None
            case engine.Died(reason, _jobs, restarting):
                self._info, self.stalled_since = None, None
                self.is_lost = not restarting and not self._is_on_trial
                self.news = line.Away(model=self.model, reason=reason[: line.MOST_LINE], returns=restarting)
            case _:
                assert_never(event)

    def rest(self) -> None:
        """It is not in memory now."""
        self._info, self.stalled_since, self._is_on_trial = None, None, True
        self.news = line.Loading(model=self.model, done=0, total=1, what="not in memory; loaded when it is played")

    def ended(self, job: Job) -> None:
        """Take in what became of a job of it."""
        if isinstance(job.outcome, engine.Failed):
            self._failed += 1
        if isinstance(job.outcome, engine.Rendered):
            self._rendered += 1
            if job.of:
                self._steps.append(1000 * job.outcome.engine_seconds / job.of)
            if job.ended_at is not None:
                self._audio.append(1000 * (job.ended_at - job.asked_at))

    def status(self, jobs: Iterable[Job]) -> line.ModelStatus:
        """How it stands; ``jobs`` are the replica's."""
        jobs = tuple(jobs)
        mine = [job for job in jobs if job.model == self.model and job.outcome is None]
        uploading = sum(bool(job.lacking) for job in mine)
        rendering = sum(job.began_at is not None for job in mine)
        state: Literal["loading", "ready", "away"]
        match self.news:
            case line.Info():
                state, text = "ready", f"{self.news.device}, {self.news.precision}"
            case line.Loading(what=what):
                state, text = "loading", what
            case line.Away(reason=reason):
                state, text = "away", reason
            case _:
                assert_never(self.news)
        return line.ModelStatus(
            model=self.model,
            state=state,
            replicas=1,
            queued=len(mine) - uploading - rendering,
            uploading=uploading,
            rendering=rendering,
            rendered=self._rendered,
            failed=self._failed,
            unfetched=sum(job.model == self.model and job.take is not None for job in jobs),
            text=text,
            step_ms=statistics.median(self._steps) if self._steps else None,
            audio_ms=statistics.median(self._audio) if self._audio else None,
        )


def together(parts: Iterable[line.ModelStatus]) -> tuple[line.ModelStatus, ...]:
    """What replicas say of their models, as one line a model; the best that one of them says is how it stands."""
    found: dict[str, line.ModelStatus] = {}
    order = ("ready", "loading", "away")
    for part in parts:
        other = found.get(part.model)
        if other is None:
            found[part.model] = part
            continue
        best = min((other, part), key=lambda one: order.index(one.state))
        sums = {
            name: getattr(other, name) + getattr(part, name)
            for name in ("replicas", "queued", "uploading", "rendering", "rendered", "failed", "unfetched")
        }
        found[part.model] = best.model_copy(update=sums)
    return tuple(found.values())
