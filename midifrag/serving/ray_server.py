"""One life of a server: on a Ray of its own, closed to all but the one address, or on a cluster that runs already."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import psutil

from midifrag.clock import monotonic
from midifrag.errors import ModelError
from midifrag.serving import grouping, ray_settings
from midifrag.serving.address import Address
from midifrag.serving.grouping import Group
from midifrag.serving.ingress import LOOK as LOOK_AT_MODELS
from midifrag.serving.plan import Plan
from midifrag.serving.ray_desk import RayDesk
from midifrag.serving.tokens import Tokens

if TYPE_CHECKING:
    from types import ModuleType

#: Seconds between two looks at what a server that is stopped has left to do.
LOOK = 0.25
#: Seconds for which that takes no new jobs where whoever stops it dies meanwhile, and the one after it comes up.
LEASE, UPDATE = 30.0, 600.0
#: How often Ray is started before that is given up, and seconds that its processes have to end.
STARTS, END_SECONDS = 3, 5.0
#: Bytes of Ray's store of objects: frames are small and go past it.
STORE_BYTES = 128 << 20
#: The sentence of an installation without the extra.
MISSING = "midifrag serve needs the extra serve; install it with: uv sync --extra serve"

#: Makes a plan of how many cores each machine has, how many GPUs there are in all, and whether there may be more.
Planning: TypeAlias = Callable[[list[float], float, bool], Plan]


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("ray") is not None


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is up: what clients call, and what has it finish what is in flight, and take no more.

    ``drain`` asks what it is given whether that is not waited for any longer.
    """

    url: str
    drain: Callable[[Callable[[], bool]], None]


@contextlib.contextmanager
def running(address: Address, tokens: Tokens, planning: Planning, cluster: str | None = None) -> Iterator[Served]:
    """A server, as long as this lasts.

    ``cluster`` is the address of a Ray that runs already, or ``auto``; without it, one is started. Raises `ModelError`.
    """
    life = _own_ray() if cluster is None else _of_a_cluster(cluster)
    with life as (ray, serve):
        boxes = [one["Resources"].get("CPU", 0.0) for one in ray.nodes() if one["Alive"]]
        plan = planning(boxes, ray.cluster_resources().get("GPU", 0.0), cluster is not None)
        url = address.url
        if cluster is not None:
            url = _served_at(serve, address)
        with _staying(serve) if cluster is not None else contextlib.nullcontext():
            if cluster is not None:
                _drain(serve, plan.drain_seconds)
            _run(serve, address, plan, tokens)
        ours = _deployed_at(serve)
        try:
            yield Served(url, lambda hurries: _drain(serve, plan.drain_seconds, ours, hurries))
        finally:
            # One that took its place is somebody else's.
            if cluster is not None:
                with contextlib.suppress(Exception):
                    if _deployed_at(serve) == ours:
                        _delete(serve)


@contextlib.contextmanager
def _own_ray() -> Iterator[tuple[Any, Any]]:
    """A Ray that is started here, and ended with all of its processes."""
    with tempfile.TemporaryDirectory(prefix="midifrag-ray-", ignore_cleanup_errors=True) as folder:
        before = _children()
        os.environ.update(ray_settings.environment(ray_settings.make_token(Path(folder))))
        ray, serve = _imported()
        try:
            _start(ray)
            yield ray, serve
        finally:
            # Else it would start one, to shut that down.
            if ray.is_initialized():
                with contextlib.suppress(Exception):
                    serve.shutdown()
            with contextlib.suppress(Exception):
                ray.shutdown()
            _end(before)


@contextlib.contextmanager
def _of_a_cluster(cluster: str) -> Iterator[tuple[Any, Any]]:
    """A Ray that runs already, and goes on when this ends."""
    os.environ.update(ray_settings.DRIVER)
    ray, serve = _imported()
    try:
        ray.init(address=cluster, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # it raises plain ones
        raise ModelError(
            f"No Ray cluster answers at {cluster}: {error}. Where it wants a token, set RAY_AUTH_MODE=token and "
            "RAY_AUTH_TOKEN_PATH here, too."
        ) from error
    try:
        yield ray, serve
    finally:
        with contextlib.suppress(Exception):
            ray.shutdown()


def _imported() -> tuple[ModuleType, ModuleType]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray
        from ray import serve

        from midifrag.serving import ray_app  # noqa: F401  # it warns, too
    for name in ("ray", "ray.serve"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return ray, serve


def _start(ray: Any) -> None:
    """Start Ray, which a busy machine may need several tries for. Raises `ModelError`."""
    for left in reversed(range(STARTS)):
        before = _children()
        try:
            ray.init(
                address="local",
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
                object_store_memory=STORE_BYTES,
                _node_ip_address="127.0.0.1",
            )
        except Exception as error:  # it raises plain ones, after waiting for as long as it does
            with contextlib.suppress(Exception):
                ray.shutdown()
            _end(before)
            if not left:
                raise ModelError(f"Ray does not start here: {error}") from error
        else:
            return


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def _end(before: set[psutil.Process]) -> None:
    """End what was started since: a start that fails leaves processes behind."""
    left = _children() - before
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(left, END_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _run(serve: Any, address: Address, plan: Plan, tokens: Tokens) -> None:
    from midifrag.serving import ray_app

    serve.start(http_options=address.http_options(), logging_config={"log_level": "ERROR"})
    try:
        serve.run(ray_app.application(plan, tokens), name=ray_app.APPLICATION, logging_config={"log_level": "ERROR"})
    except RuntimeError as error:
        raise ModelError(f"The server did not come up: {error}") from error


@contextlib.contextmanager
def _staying(serve: Any) -> Iterator[None]:
    """Where this comes to nothing, the server that was to end stays: what is left of it takes new jobs again."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(Exception):
            if (desk := _desk(serve)) is not None:
                asyncio.run(_resumed(desk))
        raise


def _served_at(serve: Any, address: Address) -> str:
    """What clients call. Raises `ModelError` where Serve has another address, which stays as it is while it runs."""
    client = serve.context._get_global_client(raise_if_no_controller_running=False)
    if client is None:
        return address.url
    there = client.http_config
    if (there.host, there.port) != (address.host, address.port):
        raise ModelError(
            f"Ray Serve runs there already, at {there.host}:{there.port}; serve with --host {there.host} "
            f"--port {there.port}, or end it with `serve shutdown`"
        )
    return replace(address, certificate=None if there.ssl_certfile is None else Path(there.ssl_certfile)).url


def _application(serve: Any) -> Any:
    from midifrag.serving import ray_app

    return serve.status().applications.get(ray_app.APPLICATION)


def _delete(serve: Any) -> None:
    from midifrag.serving import ray_app

    serve.delete(ray_app.APPLICATION)


def _deployed_at(serve: Any) -> float | None:
    application = _application(serve)
    return None if application is None else float(application.last_deployed_time_s)


def _drain(serve: Any, seconds: float, ours: float | None = None, hurries: Callable[[], bool] = lambda: False) -> None:
    """Finish what is in flight at the server that is there; its clients hear that it ends.

    Not where another one took the place of the one that was deployed at ``ours``.
    """
    desk = _desk(serve, ours)
    if desk is not None:
        asyncio.run(drained(desk, seconds, hurries))


def _desk(serve: Any, ours: float | None = None) -> RayDesk | None:
    """The engines of the server that is there; None for none, or another one than that deployed at ``ours``."""
    from midifrag.serving import ray_app

    application = _application(serve)
    if application is None or (ours is not None and application.last_deployed_time_s != ours):
        return None
    # Whatever version that is of: its models are not asked for.
    names = [name for name in application.deployments if name.startswith(grouping.SHARED)]
    handles = {name: serve.get_deployment_handle(name, ray_app.APPLICATION) for name in names}
    return RayDesk((Group(name, ()) for name in names), handles, "")


async def drained(desk: RayDesk, seconds: float, hurries: Callable[[], bool] = lambda: False) -> None:
    """Have no new jobs taken, and wait until those in flight are done and their clients have them, for so long.

    Or until somebody ``hurries``.
    """
    deadline = monotonic() + seconds
    # The first call tells this process which replicas there are.
    await desk.left()
    while True:
        # Each time: so does a replica that came meanwhile.
        await desk.drain(LEASE)
        if not any(await desk.left()) or monotonic() >= deadline or hurries():
            break
        await asyncio.sleep(LOOK)
    await desk.drain(UPDATE)
    # Connections are closed as the ways in hear of it.
    await asyncio.sleep(2 * LOOK_AT_MODELS)


async def _resumed(desk: RayDesk) -> None:
    await desk.left()
    await desk.drain(0.0)
