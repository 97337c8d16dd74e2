"""The server on Ray Serve: replicas with engines, and two thin ways in that have none. Needs the extra ``serve``."""

# No annotations from __future__ here: what is packed for another process loses the names that those only mention, and
# FastAPI reads them there.

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast
from urllib.request import urlopen

import ray
from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import PlainTextResponse
from ray import serve
from ray.serve.config import AutoscalingConfig, RequestRouterConfig
from ray.serve.handle import DeploymentHandle

from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import encode, from_client
from midifrag.engine.remote.calling import PATH
from midifrag.serving import ray_routing, ray_settings
from midifrag.serving.desk import Order
from midifrag.serving.grouping import Group
from midifrag.serving.ingress import METRICS, Ingress
from midifrag.serving.metrics import CONTENT_TYPE
from midifrag.serving.plan import Plan
from midifrag.serving.ray_desk import RayDesk
from midifrag.serving.replica import Replica
from midifrag.serving.tokens import Tokens

#: What Ray calls the application, and the deployment of its ways in.
APPLICATION, WAYS_IN = "midifrag", "ways-in"
#: How many ways in: where one dies, the other answers at once. They are not scaled: what is dear are engines.
MOST_WAYS_IN = 2
#: Where Prometheus asks for what Ray exports, and seconds that this may take.
RAY_METRICS, EXPORT_SECONDS = f"{METRICS}/ray", 5.0


class Engines:
    """A replica of a group's engines, as a deployment."""

    # Ray waits for one that is a coroutine.
    async def __init__(self, plan: Plan, group: Group) -> None:  # type: ignore[misc]  # Python knows no such one
        place = serve.get_replica_context().replica_id.unique_id
        self._replica = Replica(
            group.models, plan.engine, place, plan.quota, shelf=plan.shelf(group), limits=plan.uploads
        )
        # One that is not warm is not running: nothing is sent to it before.
        await self._replica.start()

    async def follow(self, owner: str, frame: bytes, over: str, where: tuple[str, str]) -> AsyncIterator[list[bytes]]:
        """See `Replica.tell`; ``where`` is for the router, here and below."""
        del where
        async for told in self._replica.tell(owner, cast("line.Ask", from_client(frame).message), over):
            yield [encode(message) for message in told]

    async def audio(self, owner: str, frame: bytes, start: int, size: int, where: tuple[str, str]) -> bytes:
        """See `Desk.audio`."""
        del where
        return await self._replica.audio(owner, cast("line.Ask", from_client(frame).message), start, size)

    async def upload(self, owner: str, frame: bytes, data: bytes, where: tuple[str, str]) -> None:
        """See `Desk.upload`."""
        del where
        await self._replica.upload(owner, cast("line.Upload", from_client(frame).message), data)

    async def offer(self, owner: str, frame: bytes, where: tuple[str, str]) -> bytes:
        """See `Desk.offer`; nothing where nothing is lacking."""
        del where
        lacking = await self._replica.offer(owner, cast("line.Offer", from_client(frame).message))
        return b"" if lacking is None else encode(lacking)

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

    async def drain(self, seconds: float, where: tuple[str, str]) -> None:
        """See `RayDesk.drain`."""
        del where
        self._replica.jobs.drain(seconds)

    async def used(self, owner: str, where: tuple[str, str]) -> tuple[int, float]:
        """See `Jobs.used`."""
        del where
        return self._replica.jobs.used(owner)

    async def left(self, where: tuple[str, str]) -> tuple[int, int]:
        """See `RayDesk.left`."""
        del where
        jobs = self._replica.jobs
        return jobs.in_flight, len(list(jobs.unfetched))

    def reconfigure(self, user_config: Mapping[str, Any]) -> None:
        """Take in what ``serve deploy`` says while this runs: with ``draining: true``, no new jobs are taken."""
        self._replica.jobs.configure(draining=bool(user_config.get("draining")))

    def check_health(self) -> None:
        """Raise where an engine is gone or hangs: Ray then replaces this replica."""
        self._replica.check()


def application(plan: Plan, tokens: Tokens) -> serve.Application:
    """What `serve.run` runs."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @serve.ingress(app)
    class WayIn:
        """One way in; its state is that of its connections."""

        def __init__(self, *handles: DeploymentHandle) -> None:
            names = (group.name for group in plan.groups)
            desk = RayDesk(plan.groups, dict(zip(names, handles, strict=True)), plan.models[0], plan.quota)
            self._ingress = Ingress(desk, tokens, plan.models, plan.quota, plan.drain_seconds)

        @app.websocket(PATH)
        async def connect(self, websocket: WebSocket) -> None:
            """See `Ingress.serve`."""
            await self._ingress.serve(websocket)

        @app.get(METRICS, response_model=None)
        async def metrics(self, request: Request) -> Response:
            """See `Ingress.metrics`."""
            return await self._ingress.metrics(request)

        @app.get(RAY_METRICS, response_model=None)
        async def ray_metrics(self, request: Request) -> Response:
            """What Ray exports of this machine, for who has a token."""
            refusal = self._ingress.refusal(request)
            return await asyncio.to_thread(_exported) if refusal is None else refusal

    ways_in = serve.deployment(
        WayIn,
        name=WAYS_IN,
        num_replicas=MOST_WAYS_IN,
        ray_actor_options={"num_cpus": 0},
        **_always(ray_settings.GRACE_WAYS_IN),
    )
    return ways_in.bind(*(_engines(plan, group) for group in plan.groups))


def _exported() -> Response:
    """What Ray tells at a port of its own, which nobody outside should have to reach."""
    here = ray.get_runtime_context().get_node_id()
    [node] = [one for one in ray.nodes() if one["NodeID"] == here]
    url = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    try:
        with urlopen(url, timeout=EXPORT_SECONDS) as answer:
            return Response(answer.read(), media_type=CONTENT_TYPE)
    except OSError as error:
        return PlainTextResponse(f"Ray exports nothing here: {error}\n", 503)


def _engines(plan: Plan, group: Group) -> serve.Application:
    """The deployment of a group's models, which has as many replicas as there is to do."""
    router = RequestRouterConfig(
        request_router_class=ray_routing.PATH, request_router_kwargs={"full": ray_settings.FULL}
    )
    least, most = plan.replicas
    scaling: dict[str, Any] = {"num_replicas": least}
    if most > least:
        scaling = {"autoscaling_config": AutoscalingConfig(**ray_settings.scaling(least, most, plan.in_flight))}
    return serve.deployment(
        Engines,
        name=group.name,
        ray_actor_options=ray_settings.actor_options(plan.share),
        request_router_config=router,
        # Said here, a configuration that says it no more takes it back; of one that is gone Ray tells nobody.
        user_config={"draining": False},
        **scaling,
        **_always(ray_settings.GRACE_ENGINES),
    ).bind(dataclasses.replace(plan, choices={model: plan.choices[model] for model in group.models}), group)


def _always(grace: float) -> dict[str, Any]:
    """Options of every deployment; ``grace`` is how many seconds one has to finish what it is at when it is stopped."""
    return {
        "max_ongoing_requests": ray_settings.MOST_CALLS,
        "health_check_period_s": ray_settings.HEALTH_PERIOD,
        "health_check_timeout_s": ray_settings.HEALTH_TIMEOUT,
        "graceful_shutdown_timeout_s": grace,
        "graceful_shutdown_wait_loop_s": 0.2,
    }
