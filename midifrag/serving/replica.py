"""A replica: engines of one or several models as at home, their jobs, and what becomes of these, for any way in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import assert_never

from midifrag.clock import Clock, SystemClock
from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.translating import render_of
from midifrag.engine.protocol import Engine
from midifrag.errors import ModelError
from midifrag.serving.desk import News, Order
from midifrag.serving.job import Job
from midifrag.serving.jobs import Jobs, RefusedError
from midifrag.serving.quotas import USUAL_QUOTA, Quota
from midifrag.serving.shelf import Shelf
from midifrag.serving.shelved_pool import ShelvedPool
from midifrag.serving.standing import Standing
from midifrag.serving.supply import Supply
from midifrag.serving.telling import Telling
from midifrag.serving.upload_limits import USUAL_LIMITS, UploadLimits
from midifrag.serving.uploads import Uploads

#: Seconds without progress after which a replica is not sound any more: its host should have replaced the engine.
HUNG_SECONDS = 60.0
#: Seconds within which a job begins at once: each time that something is told costs more than its bytes.
AT_ONCE = 0.005
#: Seconds between two looks at what has been kept for long enough.
TIDY_SECONDS = 1.0


class Replica:
    """A `Desk` of its own. All of it belongs to the loop that `start` was called on; engines tell from their threads.

    ``create`` makes the engine of a model; ``place`` is what clients know this replica by. ``shelf`` says which models
    are in memory at once; without it, all are.
    """

    def __init__(
        self,
        models: tuple[str, ...],
        create: Callable[[str], Engine],
        place: str = "",
        quota: Quota = USUAL_QUOTA,
        clock: Clock | None = None,
        shelf: Shelf | None = None,
        limits: UploadLimits = USUAL_LIMITS,
    ) -> None:
        self.place = place
        self._models = models
        self._clock = clock or SystemClock()
        shelf = shelf or Shelf(dict.fromkeys(models, 0))
        self._pool = ShelvedPool(create, self._heard, shelf, self._later, self._rest)
        self.jobs = Jobs(self._clock, self._pool.send, models, quota, ended=self._release)
        self._uploads = Uploads(self._clock, limits)
        self._supply = Supply(self.jobs, self._uploads, self._warm)
        self._standing = {model: Standing(model) for model in models}
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tidying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load what is to be in memory; comes back when each model is ready. Raises `ModelError` where one is not."""
        self._loop = asyncio.get_running_loop()
        self._tidying = self._loop.create_task(self._tidy())
        self._pool.start(self._models)
        while self._pool.is_loading:
            self._changed.clear()
            await self._changed.wait()
            self.check()

    async def close(self) -> None:
        """Stop all engines."""
        if self._tidying is not None:
            self._tidying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._tidying
        self._loop = None
        await asyncio.to_thread(self._pool.close)
        await asyncio.to_thread(self._uploads.close)

    def check(self) -> None:
        """Raise `ModelError` where an engine is gone for good, or hangs where its host cannot help."""
        now = self._clock.now()
        for one in self._standing.values():
            if one.is_lost and isinstance(one.news, line.Away):
                raise ModelError(f"{one.model}: {one.news.reason}")
            if one.stalled_since is not None and now - one.stalled_since > HUNG_SECONDS:
                raise ModelError(f"{one.model} has shown no progress for {now - one.stalled_since:.0f} s")

    # --- a desk ------------------------------------------------------------------------------------------------------

    async def follow(self, owner: str, asked: line.Ask) -> AsyncIterator[line.Message]:
        """See `Desk.follow`."""
        async for told in self.tell(owner, asked):
            for message in told:
                yield message

    async def tell(self, owner: str, asked: line.Ask, over: str = "") -> AsyncIterator[list[line.Message]]:
        """The same, with what is told at once together; see `Jobs.ask` for ``over``."""
        try:
            job = self.jobs.ask(owner, asked, over)
        except RefusedError as error:
            yield [line.Refused(job=asked.job, reason=str(error), why=error.why)]
            return
        if job.render is None and job.outcome is None and not self._supply.knows(job):
            await self._supply.begin(job)
        telling, changed = Telling(job, self.place), asyncio.Event()

        def look() -> None:
            if telling.wakes(self._clock.now()):
                changed.set()

        with job.watched(look):
            if job.began_at is None and job.render is not None:
                # Where its engine begins it at once, that it waits is told with that.
                await self._wait(changed, self._clock.now() + AT_ONCE)
            while True:
                changed.clear()
                due = telling.due(self._clock.now(), self.jobs.ahead(job))
                if due:
                    yield [await _in_coding(job, asked, one) if isinstance(one, line.Rendered) else one for one in due]
                if telling.is_over:
                    return
                await self._wait(changed, telling.next_at())

    async def audio(self, owner: str, asked: line.Ask, start: int, size: int) -> bytes:
        """See `Desk.audio`."""
        job = self.jobs.find(owner, asked.job)
        if job is None:
            return b""
        job.fetched_at = self._clock.now()
        return job.bytes_in(asked.coding)[start : start + size]

    async def upload(self, owner: str, piece: line.Upload, data: bytes) -> None:
        """See `Desk.upload`."""
        await self._supply.put(owner, piece, data)

    async def offer(self, owner: str, offer: line.Offer) -> line.Lacking | None:
        """See `Desk.offer`."""
        if not self.jobs.may_warm(owner, 1):
            return None
        lacking = self._supply.offer(owner, offer)
        return line.Lacking(job="", place=self.place, uploads=lacking) if lacking else None

    async def order(self, owner: str, order: Order) -> None:
        """See `Desk.order`."""
        match order:
            case line.Cancel(job=job):
                self.jobs.cancel(owner, job)
            case line.Promote(job=job):
                self.jobs.promote(owner, job)
            case line.Kept(job=job):
                self.jobs.kept(owner, job)
            case line.Warm(model=named, wishes=wishes):
                model = self.jobs.model_of(named)
                plain = [wish for wish in wishes if not line.parcels_of(wish)]
                if model is not None and (plain := plain[: self.jobs.may_warm(owner, len(plain))]):
                    # Within the limits of a press: nobody needs to be quick about a take of the archive.
                    self._warm(model, *(replace(render_of(wish, 0), recorded=False) for wish in plain))
            case _:
                assert_never(order)

    async def news(self) -> tuple[News, ...]:
        """See `Desk.news`."""
        moving = (line.Moving(),) if self.jobs.draining else ()
        return (*(self._with_limits(one.news) for one in self._standing.values()), *moving)

    async def status(self) -> tuple[line.ModelStatus, ...]:
        """See `Desk.status`."""
        return tuple(one.status(self.jobs) for one in self._standing.values())

    def _with_limits(self, news: News) -> News:
        """News of a model, with what may be uploaded for it."""
        if not isinstance(news, line.Info):
            return news
        limits = self._uploads.limits
        sound, most = limits.sound if news.begins_from else 0, min(limits.kept, limits.disk)
        return news.model_copy(update={"sound_bytes": sound, "lora_bytes": limits.lora, "upload_bytes": most})

    def _warm(self, model: str, *renders: engine.Render) -> None:
        self._pool.send(model, engine.Warm(renders))

    def _release(self, job: Job) -> None:
        self._supply.release(job)

    # --- from engines ------------------------------------------------------------------------------------------------

    def _heard(self, model: str, event: engine.EngineEvent) -> None:
        self._later(lambda: self._take(model, event))

    def _later(self, what: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:
            # A loop that has ended listens to nobody.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(what)

    def _rest(self, model: str) -> None:
        self._standing[model].rest()
        self._changed.set()

    def _take(self, model: str, event: engine.EngineEvent) -> None:
        if not self._pool.note(model, event):
            return
        standing = self._standing[model]
        match event:
            case engine.Warming() | engine.Ready() | engine.Stalled() | engine.Resumed():
                standing.note(event, self._clock.now())
            case engine.Died():
                standing.note(event, self._clock.now())
                self._take_in(standing, event)
            case engine.Started() | engine.Progress() | engine.Rendered() | engine.Failed() | engine.Cancelled():
                self._take_in(standing, event)
            case _:
                assert_never(event)
        self._changed.set()

    def _take_in(self, standing: Standing, event: engine.JobEvent | engine.Died) -> None:
        for job in self.jobs.note(event):
            standing.ended(job)

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            self.jobs.expire()
            self._supply.expire()

    async def _wait(self, changed: asyncio.Event, until: float | None) -> None:
        wait = None if until is None else max(0.0, until - self._clock.now())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await changed.wait()


async def _in_coding(job: Job, asked: line.Ask, told: line.Rendered) -> line.Rendered:
    """What is told of a take whose client wants it in a coding; packing it takes time, which is a thread's."""
    if asked.coding != "flac":
        return told
    await asyncio.to_thread(job.pack)
    return job.flac_take or told
