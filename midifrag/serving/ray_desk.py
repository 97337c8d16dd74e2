"""A desk whose replicas are Ray's: each model has a deployment, alone or with others, and each replica of it is asked.

Handles alone are used of Ray, whatever gives them; frames go in and out, since Ray packs bytes and knows nothing of
messages.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from midifrag.clock import Clock, SystemClock
from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import encode, from_server
from midifrag.serving import places
from midifrag.serving.allowance import Allowance, Grant
from midifrag.serving.desk import News, Order
from midifrag.serving.grouping import Group
from midifrag.serving.quotas import USUAL_QUOTA, Quota, seconds_of
from midifrag.serving.ranking import key_of
from midifrag.serving.standing import together

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

#: Seconds after which a replica that does not say how it stands counts as silent: it hangs, or is none yet.
SILENT = 2.0
#: The same where a press waits for what each has of its token: one that hangs counts as having nothing.
SOON = 0.25
_NO_ENGINE = "no engine of it answers"


class RayDesk:
    """A `Desk`. ``handles`` are those of each group's deployment, by its name; ``first`` is the server's own model."""

    def __init__(
        self,
        groups: Iterable[Group],
        handles: Mapping[str, DeploymentHandle],
        first: str,
        quota: Quota = USUAL_QUOTA,
        clock: Clock | None = None,
    ) -> None:
        self._groups, self._handles, self._first = tuple(groups), handles, first
        self._clock = clock or SystemClock()
        self._allowance = Allowance(quota, self._clock, self._used)
        self._of = {model: group for group in self._groups for model in group.models}

    async def follow(self, owner: str, asked: line.Ask) -> AsyncIterator[line.Message]:
        """See `Desk.follow`."""
        group = self._group_of(asked.model)
        if group is None:
            there = ", ".join(self._of)
            reason = f"there is no model {asked.model!r} here; there is {there}."[: line.MOST_LINE]
            yield line.Refused(job=asked.job, reason=reason, why="model")
            return
        asked = self._named(asked)
        where = (key_of(asked.model, asked.wish.prompt), asked.place)
        streams, seconds = self._handles[group.name].options(stream=True), seconds_of(asked.wish)
        # One replica alone bounds all that there is.
        is_shared = sum(len(places.of(one.name)) for one in self._groups) > 1
        grant = await self._allowance.ask(owner, seconds) if is_shared else Grant(seconds, self._clock.now())
        try:
            # Also where it is too much: a job that is there is told of all the same.
            async for frames in _call(streams.follow, owner, encode(asked), grant.over, where=where):
                for frame in frames:
                    message = from_server(frame).message
                    grant.hear(message, self._clock.now())
                    yield message
        finally:
            grant.leave(self._clock.now())

    async def audio(self, owner: str, asked: line.Ask, start: int, size: int) -> bytes:
        """See `Desk.audio`."""
        group = self._group_of(asked.model)
        if group is None:
            return b""
        call = self._handles[group.name].audio
        return bytes(await _call(call, owner, encode(self._named(asked)), start, size, where=("", asked.place)))

    async def upload(self, owner: str, piece: line.Upload, data: bytes) -> None:
        """See `Desk.upload`."""
        group = self._group_of(piece.model)
        if group is not None:
            # A frame of this kind has raw bytes; these go beside it, as many as there are.
            frame = encode(self._named(piece), b"\0")
            await _call(self._handles[group.name].upload, owner, frame, data, where=("", piece.place))

    async def offer(self, owner: str, offer: line.Offer) -> line.Lacking | None:
        """See `Desk.offer`: asked of the replica that presses like this one go to."""
        group = self._group_of(offer.model)
        if group is None:
            return None
        offer = self._named(offer)
        where = (key_of(offer.model, offer.wish.prompt), "")
        frame = await _call(self._handles[group.name].offer, owner, encode(offer), where=where)
        return cast("line.Lacking", from_server(frame).message) if frame else None

    async def order(self, owner: str, order: Order) -> None:
        """See `Desk.order`: where a job is not known to be anywhere, each replica hears of it; so of what to warm."""
        group = self._group_of(order.model)
        if group is None:
            return
        frame = encode(self._named(order))
        place = "" if isinstance(order, line.Warm) else order.place
        if place:
            await _call(self._handles[group.name].order, owner, frame, where=("", place))
        else:
            await self._each(group, "order", owner, frame)

    async def news(self) -> tuple[News, ...]:
        """See `Desk.news`: a model is as the best of its replicas has it, and away where none of them answers."""
        said = await asyncio.gather(*(self._each(group, "news") for group in self._groups))
        kinds = (line.Info, line.Loading, line.Away)
        best: dict[str, News] = {}
        for one in (from_server(frame).message for told in said for frames in told for frame in frames):
            news = cast("News", one)
            if isinstance(news, line.Moving):
                best[""] = news
            elif news.model not in best or kinds.index(type(news)) < kinds.index(type(best[news.model])):
                best[news.model] = news
        for model in self._of:
            best.setdefault(model, line.Away(model=model, reason=_NO_ENGINE))
        return tuple(best.values())

    async def status(self) -> tuple[line.ModelStatus, ...]:
        """See `Desk.status`."""
        said = await asyncio.gather(*(self._each(group, "status") for group in self._groups))
        told = [cast("line.Status", from_server(frame).message) for frames in said for frame in frames]
        parts = [one for status in told for one in status.models]
        silent = set(self._of) - {one.model for one in parts}
        none = [
            line.ModelStatus(
                model=model, state="away", replicas=0, queued=0, rendering=0, rendered=0, failed=0, text=_NO_ENGINE
            )
            for model in self._of
            if model in silent
        ]
        return together((*parts, *none))

    async def drain(self, seconds: float) -> None:
        """No replica takes new jobs for so many seconds from now on; for 0, all take some again."""
        await asyncio.gather(*(self._each(group, "drain", seconds) for group in self._groups))

    async def left(self) -> tuple[int, int]:
        """How many jobs have not ended, and how many have whose client has not said yet that it has all of it."""
        said = await asyncio.gather(*(self._each(group, "left") for group in self._groups))
        counts = [count for told in said for count in told]
        return sum(flying for flying, _kept in counts), sum(kept for _flying, kept in counts)

    async def _used(self, owner: str) -> tuple[int, float]:
        """What an owner has of all replicas that answer soon."""
        said = await asyncio.gather(*(self._each(group, "used", owner, patience=SOON) for group in self._groups))
        parts = [part for told in said for part in told]
        return sum(in_flight for in_flight, _seconds in parts), sum(seconds for _in_flight, seconds in parts)

    def _group_of(self, model: str) -> Group | None:
        return self._of.get(model or self._first)

    def _named(self, asked: Any) -> Any:
        """What is asked of the server's first model, with its name: a replica of another one has one of its own."""
        return asked if asked.model else asked.model_copy(update={"model": self._first})

    async def _each(self, group: Group, method: str, *arguments: object, patience: float | None = None) -> list[Any]:
        """Call every replica that this process knows of a group; what those say that answer, in `SILENT` seconds."""
        call = getattr(self._handles[group.name], method)
        names = places.of(group.name) or ("",)
        wait = SILENT if patience is None else patience
        said = await asyncio.gather(*(_said(call, arguments, name, wait) for name in names), return_exceptions=True)
        return [one for one in said if not isinstance(one, BaseException)]


async def _said(method: DeploymentHandle, arguments: tuple[object, ...], place: str, patience: float) -> Any:
    # One that hangs keeps nobody from hearing of the others.
    async with asyncio.timeout(patience):
        return await _call(method, *arguments, where=("", place))


def _call(method: DeploymentHandle, *arguments: object, where: tuple[str, str]) -> Any:
    """Call a method of a replica, as a request of its own.

    Within a connection, Ray has all calls be parts of that one's request, and its router mistakes one for the other.
    """
    return contextvars.Context().run(partial(method.remote, *arguments, where=where))
