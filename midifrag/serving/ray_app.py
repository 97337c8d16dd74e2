"""The server on Ray Serve: replicas with engines, and two thin ways in that have none. Needs the extra ``serve``."""

# No annotations from __future__ here: what is packed for another process loses the names that those only mention, and
# FastAPI reads them there.

import asyncio
import contextvars
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from fastapi import FastAPI, Request, Response, WebSocket
from ray import serve
from ray.serve.config import RequestRouterConfig
from ray.serve.handle import DeploymentHandle

from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import encode, from_client, from_server
from midifrag.engine.protocol import Engine, EngineChoice
from midifrag.engine.registry import HostKind, create_engine
from midifrag.engine.remote.calling import PATH
from midifrag.serving import ray_routing, ray_settings
from midifrag.serving.desk import News, Order
from midifrag.serving.ingress import METRICS, Ingress
from midifrag.serving.quotas import USUAL_QUOTA, Quota
from midifrag.serving.ranking import key_of
from midifrag.serving.replica import Replica
from midifrag.serving.standing import together
from midifrag.serving.tokens import Tokens

#: What Ray calls the application, and the deployments of it.
APPLICATION, ENGINES, WAYS_IN = "midifrag", "engines", "ways-in"
#: How many ways in: where one dies, the other answers at once.
MOST_WAYS_IN = 2
#: Seconds between two looks at a replica's health, and that one may take.
HEALTH_PERIOD, HEALTH_TIMEOUT = 1.0, 5.0
#: Seconds that Ray gives what it stops.
GRACE = 3.0


@dataclass(frozen=True)
class Plan:
    """What is served: ``choices`` by model, the first one is the server's own; all of them in each replica."""

    choices: Mapping[str, EngineChoice]
    host: HostKind = "process"
    replicas: int = 1
    quota: Quota = USUAL_QUOTA
    actor_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.choices)

    def engine(self, model: str) -> Engine:
        """The engine of one, not started yet."""
        return create_engine(self.choices[model], self.host)


class Engines:
    """A replica of engines, as a deployment. Frames go in and out: Ray packs bytes, and knows nothing of messages."""

    # Ray waits for one that is a coroutine.
    async def __init__(self, plan: Plan) -> None:  # type: ignore[misc]
        place = serve.get_replica_context().replica_id.unique_id
        self._replica = Replica(plan.models, plan.engine, place, plan.quota)
        # One that is not warm is not running: nothing is sent to it before.
        await self._replica.start()

    async def follow(self, owner: str, frame: bytes, where: tuple[str, str]) -> AsyncIterator[bytes]:
        """See `Desk.follow`; ``where`` is for the router, here and below."""
        del where
        async for message in self._replica.follow(owner, cast("line.Ask", from_client(frame).message)):
            yield encode(message)

    async def audio(self, owner: str, frame: bytes, start: int, size: int, where: tuple[str, str]) -> bytes:
        """See `Desk.audio`."""
        del where
        return await self._replica.audio(owner, cast("line.Ask", from_client(frame).message), start, size)

    async def order(self, owner: str, frame: bytes, where: tuple[str, str]) -> None:
        """See `Desk.order`."""
        del where
        await self._replica.order(owner, cast("Order", from_client(frame).message))

    async def news(self, where: tuple[str, str]) -> list[bytes]:
        """See `Desk.news`."""
        del where
        return [encode(one) for one in await self._replica.news()]

    async def status(self, where: tuple[str, str]) -> bytes:
        """See `Desk.status`."""
        del where
        status = line.Status(connections=0, draining=self._replica.jobs.draining, models=await self._replica.status())
        return encode(status)

    async def drain(self, where: tuple[str, str]) -> None:
        """Take no new jobs any more."""
        del where
        self._replica.drain()

    def check_health(self) -> None:
        """Raise where an engine is gone or hangs: Ray then replaces this replica."""
        self._replica.check()


class RayDesk:
    """A `Desk` whose replicas are Ray's."""

    def __init__(self, handle: DeploymentHandle) -> None:
        self._handle = handle
        self._streams = handle.options(stream=True)

    async def follow(self, owner: str, asked: line.Ask) -> AsyncIterator[line.Message]:
        """See `Desk.follow`."""
        wish: Any = asked.wish
        where = (key_of(asked.model, wish.prompt), asked.place)
        async for frame in _call(self._streams.follow, owner, encode(asked), where=where):
            yield from_server(frame).message

    async def audio(self, owner: str, asked: line.Ask, start: int, size: int) -> bytes:
        """See `Desk.audio`."""
        where = ("", asked.place)
        return bytes(await _call(self._handle.audio, owner, encode(asked), start, size, where=where))

    async def order(self, owner: str, order: Order) -> None:
        """See `Desk.order`: where a job is not known to be anywhere, each replica hears of it; so of what to warm."""
        frame = encode(order)
        place = "" if isinstance(order, line.Warm) else order.place
        if place:
            await _call(self._handle.order, owner, frame, where=("", place))
        else:
            await self._each("order", owner, frame)

    async def news(self) -> tuple[News, ...]:
        """See `Desk.news`: a model is as the best of its replicas has it."""
        told = [[from_server(frame).message for frame in frames] for frames in await self._each("news")]
        kinds = (line.Info, line.Loading, line.Away)
        best: dict[str, News] = {}
        for one in (cast("News", message) for messages in told for message in messages):
            if isinstance(one, line.Moving):
                best[""] = one
            elif one.model not in best or kinds.index(type(one)) < kinds.index(type(best[one.model])):
                best[one.model] = one
        return tuple(best.values())

    async def status(self) -> tuple[line.ModelStatus, ...]:
        """See `Desk.status`."""
        told = [cast("line.Status", from_server(frame).message) for frame in await self._each("status")]
        return together(one for status in told for one in status.models)

    async def drain(self) -> None:
        """No replica takes new jobs any more."""
        await self._each("drain")

    async def _each(self, method: str, *arguments: object) -> list[Any]:
        """Call every replica that this process knows; what the living ones say."""
        call = getattr(self._handle, method)
        places = ray_routing.replicas_of(ENGINES) or ("",)
        calls = [_call(call, *arguments, where=("", place)) for place in places]
        said = await asyncio.gather(*calls, return_exceptions=True)
        alive = [one for one in said if not isinstance(one, BaseException)]
        if not alive and said:
            raise said[0]
        return alive


def _call(method: DeploymentHandle, *arguments: object, where: tuple[str, str]) -> Any:
    """Call a method of a replica, as a request of its own.

    Within a connection, Ray has all calls be parts of that one's request, and its router mistakes one for the other.
    """
    return contextvars.Context().run(partial(method.remote, *arguments, where=where))


def application(plan: Plan, tokens: Tokens) -> serve.Application:
    """What `serve.run` runs."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @serve.ingress(app)
    class WayIn:
        """One way in; its state is that of its connections."""

        def __init__(self, handle: DeploymentHandle) -> None:
            self._ingress = Ingress(RayDesk(handle), tokens, plan.models, plan.quota)

        @app.websocket(PATH)
        async def connect(self, websocket: WebSocket) -> None:
            """See `Ingress.serve`."""
            await self._ingress.serve(websocket)

        @app.get(METRICS, response_model=None)
        async def metrics(self, request: Request) -> Response:
            """See `Ingress.metrics`."""
            return await self._ingress.metrics(request)

    router = RequestRouterConfig(
        request_router_class=ray_routing.PATH, request_router_kwargs={"full": ray_settings.FULL}
    )
    engines = serve.deployment(
        Engines,
        name=ENGINES,
        num_replicas=plan.replicas,
        ray_actor_options=dict(plan.actor_options),
        max_ongoing_requests=ray_settings.MOST_CALLS,
        health_check_period_s=HEALTH_PERIOD,
        health_check_timeout_s=HEALTH_TIMEOUT,
        graceful_shutdown_timeout_s=GRACE,
        graceful_shutdown_wait_loop_s=0.2,
        request_router_config=router,
    )
    ways_in = serve.deployment(
        WayIn,
        name=WAYS_IN,
        num_replicas=MOST_WAYS_IN,
        ray_actor_options={"num_cpus": 0},
        max_ongoing_requests=ray_settings.MOST_CALLS,
        health_check_period_s=HEALTH_PERIOD,
        health_check_timeout_s=HEALTH_TIMEOUT,
        graceful_shutdown_timeout_s=GRACE,
        graceful_shutdown_wait_loop_s=0.2,
    )
    return ways_in.bind(engines.bind(plan))
