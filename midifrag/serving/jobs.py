"""The jobs of a server: each known by its token and its id, detached from the connection that asked for it.

Nothing here knows of sockets, threads or Ray: requests and what engines say come in, commands to engines go out, and
who watches a job is called when it has changed. Time is what the clock says.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Literal, TypeAlias, assert_never

from midifrag.clock import Clock
from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.translating import render_of
from midifrag.errors import MidifragError
from midifrag.serving.job import Job, Outcome
from midifrag.serving.quotas import USUAL_QUOTA, Quota, Spending, seconds_of

#: Seconds that what became of a job is kept for a client that comes back.
KEEP_SECONDS = 60.0
#: Seconds since the last piece of a take, after which nobody is fetching it.
FETCHED_SECONDS = 15.0
#: Steps of a take of the archive, which no other limit holds for: what has more is none, and would fill the memory.
MOST_STEPS = 10_000

Reason: TypeAlias = Literal["quota", "moving", "model", "differs", "request"]


class RefusedError(MidifragError):
    """A job that is not taken, and why."""

    def __init__(self, why: Reason, reason: str) -> None:
        self.why: Reason = why
        super().__init__(reason)


class Jobs:
    """All jobs of a replica. ``send`` hands a command to a model's engine; ``models`` are those that there are.

    ``ended`` hears of each job that has ended, however that came.
    """

    def __init__(
        self,
        clock: Clock,
        send: Callable[[str, engine.Command], None],
        models: tuple[str, ...],
        quota: Quota = USUAL_QUOTA,
        keep: float = KEEP_SECONDS,
        ended: Callable[[Job], None] = lambda _job: None,
    ) -> None:
        self._clock, self._send, self._models = clock, send, models
        self._quota, self._keep, self._ended = quota, keep, ended
        self._jobs: dict[tuple[str, str], Job] = {}
        self._by_number: dict[int, Job] = {}
        self._numbers = itertools.count(1)
        self._spent: dict[str, Spending] = {}
        self._warmed: dict[str, Spending] = {}
        self._is_told_to_drain, self._drains_until = False, float("-inf")

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs.values()))

    @property
    def draining(self) -> bool:
        """Whether no new jobs are taken now."""
        return self._is_told_to_drain or self._clock.now() < self._drains_until

    @property
    def in_flight(self) -> int:
        """Jobs that have not ended."""
        return len(self._by_number)

    # --- from clients ------------------------------------------------------------------------------------------------

    def ask(self, owner: str, asked: line.Ask, over: str = "") -> Job:
        """The job of a request, which begins with the first one under its id. Raises `RefusedError`.

        ``over`` says what its owner has too much of at other replicas: nothing new is taken then.
        """
        model, wish = asked.model or self._models[0], _lasting(asked.wish)
        job = self._jobs.get((owner, asked.job))
        if job is not None and not job.cancelling and not isinstance(job.outcome, engine.Cancelled):
            if model != job.model or wish != _lasting(job.wish):
                raise RefusedError("differs", "another request has this id; a new one needs an id of its own.")
            if asked.wish == wish:
                # Not as a spare any more.
                self._promote(job)
            return job
        now = self._clock.now()
        self._check(owner, model, asked.wish, over)
        self._spent.setdefault(owner, Spending()).spend(now, seconds_of(asked.wish))
        job = Job(owner, asked.job, next(self._numbers), model, asked.wish, now)
        self._jobs[owner, asked.job] = job
        self._by_number[job.number] = job
        if not line.parcels_of(asked.wish):
            self.begin(job, render_of(asked.wish, job.number))
        return job

    def begin(self, job: Job, render: engine.Render, places: dict[str, str] | None = None) -> None:
        """Hand a job to its engine, once: all that it wants is there, at these ``places``."""
        if job.outcome is None and job.render is None:
            job.render, job.places = replace(render, spare=job.wish.spare), places or {}
            self._send(job.model, job.render)

    def fail(self, job: Job, reason: str) -> None:
        """What a job wants cannot be had."""
        self._end(engine.Failed(job.number, reason))

    def now(self) -> float:
        """What the clock says."""
        return self._clock.now()

    def model_of(self, named: str) -> str | None:
        """The model that a client means; None for one that is not there."""
        model = named or self._models[0]
        return model if model in self._models else None

    def may_warm(self, owner: str, count: int) -> int:
        """How many of so many renders an owner may have prepared for now; they count as spent."""
        now, spending = self._clock.now(), self._warmed.setdefault(owner, Spending())
        allowed = max(0, min(count, self._quota.warm_a_minute - round(spending.within(now))))
        if allowed:
            spending.spend(now, allowed)
        return allowed

    @property
    def unfetched(self) -> Iterator[Job]:
        """Takes that their clients have not said to have, but for those of who has gone: somebody may fetch them."""
        oldest = self._clock.now() - FETCHED_SECONDS
        return (job for job in self if job.take is not None and max(job.ended_at or 0.0, job.fetched_at) > oldest)

    def used(self, owner: str) -> tuple[int, float]:
        """How many jobs of an owner have not ended, and seconds of audio that it has asked for in the last minute."""
        spent = self._spent[owner].within(self._clock.now()) if owner in self._spent else 0.0
        return sum(job.owner == owner for job in self._by_number.values()), spent

    def find(self, owner: str, job: str) -> Job | None:
        """A job of this owner; None where there is none, be there one of another's or not."""
        return self._jobs.get((owner, job))

    def cancel(self, owner: str, job: str) -> None:
        """Drop a job, which ends when its engine has let go of it; what has ended, or was never there, is none."""
        found = self.find(owner, job)
        if found is not None and found.outcome is None and not found.cancelling:
            found.cancelling = True
            if found.render is None:
                # It waited for an upload, and no engine has heard of it.
                self._end(engine.Cancelled(found.number))
                return
            self._send(found.model, engine.Cancel(found.number))

    def promote(self, owner: str, job: str) -> None:
        """A spare became a press."""
        if (found := self.find(owner, job)) is not None:
            self._promote(found)

    def kept(self, owner: str, job: str) -> None:
        """Its client has all of it: forget a job that has ended."""
        found = self.find(owner, job)
        if found is not None and found.outcome is not None:
            del self._jobs[owner, job]

    def drain(self, seconds: float) -> None:
        """Take no new jobs for so many seconds from now on; for 0, take some again.

        Whoever wants none for longer says it again: where they die, a server that stays serves on.
        """
        self._drains_until = self._clock.now() + seconds

    def configure(self, *, draining: bool) -> None:
        """Take no new jobs as long as that is what was deployed."""
        self._is_told_to_drain = draining

    def ahead(self, job: Job) -> int:
        """How many of its model's jobs its engine has before it that have not begun."""
        mine = (one for one in self._by_number.values() if one.model == job.model)
        waiting = (one for one in mine if one.began_at is None and one.render is not None)
        spare = job.wish.spare
        return sum(one.number < job.number for one in waiting if spare or not one.wish.spare)

    # --- from engines ------------------------------------------------------------------------------------------------

    def note(self, event: engine.JobEvent | engine.Died) -> list[Job]:
        """Take in what an engine says of a job, or that it is gone with some; the jobs that ended with that."""
        ended: list[Job] = []
        match event:
            case engine.Started(number):
                if (job := self._by_number.get(number)) is not None:
                    job.began_at = self._clock.now()
                    self._tell_all(job.model)
            case engine.Progress(number, step, of):
                if (job := self._by_number.get(number)) is not None:
                    job.step, job.of = step, of
                    job.tell()
            case engine.Rendered() | engine.Failed() | engine.Cancelled():
                ended += self._end(event)
            case engine.Died(reason, numbers, restarting):
                for number in numbers:
                    ended += self._lost(number, reason, restarting=restarting)
            case _:
                assert_never(event)
        return ended

    def expire(self) -> None:
        """Forget what ended too long ago; to be called about once a second."""
        oldest = self._clock.now() - self._keep
        for key, job in tuple(self._jobs.items()):
            if job.ended_at is not None and job.ended_at <= oldest and not job.watchers:
                del self._jobs[key]
        for table in (self._spent, self._warmed):
            for owner, spending in tuple(table.items()):
                if not spending.within(self._clock.now()):
                    del table[owner]

    # --- inside ------------------------------------------------------------------------------------------------------

    def _check(self, owner: str, model: str, wish: line.Wish, over: str) -> None:
        if self.draining:
            raise RefusedError("moving", "this server ends and takes no new jobs; connect again for the one after it.")
        if model not in self._models:
            raise RefusedError("model", f"there is no model {model!r} here; there is {', '.join(self._models)}.")
        if (wish.steps or 0) > MOST_STEPS:
            raise RefusedError("request", f"steps: {wish.steps} is above {MOST_STEPS}.")
        if refusal := over or self._quota.refusal(*self.used(owner), seconds_of(wish)):
            raise RefusedError("quota", refusal)

    def _promote(self, job: Job) -> None:
        if job.wish.spare:
            job.wish = job.wish.model_copy(update={"spare": False})
            if job.render is not None:
                job.render = replace(job.render, spare=False)
                self._send(job.model, engine.Promote(job.number))

    def _end(self, outcome: Outcome) -> list[Job]:
        job = self._by_number.pop(outcome.job, None)
        if job is None:
            return []
        job.end(outcome, self._clock.now())
        self._ended(job)
        self._make_room(job.owner)
        self._tell_all(job.model)
        job.tell()
        return [job]

    def _make_room(self, owner: str) -> None:
        """Forget the oldest audio that nobody fetches now, beyond what may be kept of its owner, and in all."""
        self._forget_beyond(self._quota.kept_bytes, (job for job in self if job.owner == owner))
        self._forget_beyond(self._quota.kept_in_all, self)

    def _forget_beyond(self, most: int, jobs: Iterable[Job]) -> None:
        ended = sorted((job for job in jobs if job.ended_at is not None), key=lambda job: job.ended_at or 0.0)
        held = sum(job.held for job in ended)
        for job in ended[:-1]:
            if held <= most:
                return
            if not job.watchers:
                held -= job.held
                del self._jobs[job.owner, job.id]

    def _lost(self, number: int, reason: str, *, restarting: bool) -> list[Job]:
        job = self._by_number.get(number)
        if job is None:
            return []
        if job.cancelling:
            return self._end(engine.Cancelled(number))
        if not restarting or job.retried or job.render is None:
            return self._end(engine.Failed(number, reason))
        # Once more, from the same seed: it may not have been what ended its engine.
        job.retried, job.began_at, job.step, job.of = True, None, 0, 0
        self._send(job.model, job.render)
        job.tell()
        return []

    def _tell_all(self, model: str) -> None:
        """What waits may have become one less."""
        for job in tuple(self._by_number.values()):
            if job.model == model:
                job.tell()


def _lasting(wish: line.Wish) -> line.Wish:
    """What does not change about a request while it is on its way."""
    return wish.model_copy(update={"spare": False})
