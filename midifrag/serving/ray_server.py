"""One life of a server on this machine: Ray is started, closed to all but the one address, and ended again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from midifrag.clock import monotonic
from midifrag.errors import ModelError
from midifrag.serving import ray_settings
from midifrag.serving.tokens import Tokens

if TYPE_CHECKING:
    from midifrag.serving.ray_app import Plan, RayDesk

#: Seconds that jobs in flight have to end when a server is stopped, and between two looks at them.
DRAIN_SECONDS, LOOK = 60.0, 0.25
#: Bytes of Ray's store of objects: frames are small and go past it.
STORE_BYTES = 128 << 20
#: The sentence of an installation without the extra.
MISSING = "midifrag serve needs the extra serve; install it with: uv sync --extra serve"


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("ray") is not None


@contextlib.contextmanager
def running(host: str, port: int, tokens: Tokens, plan: Callable[[bool], Plan]) -> Iterator[Callable[[], None]]:
    """A server that is up, as long as this lasts; what is given says to finish what is in flight, and take no more.

    ``plan`` says what is served, told whether there is a GPU. Raises `ModelError`.
    """
    with tempfile.TemporaryDirectory(prefix="midifrag-ray-", ignore_cleanup_errors=True) as folder:
        os.environ.update(ray_settings.environment(ray_settings.make_token(Path(folder))))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ray
            from ray import serve

            from midifrag.serving import ray_app
        try:
            cores = os.cpu_count() or 1
            ray.init(
                address="local",
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
                object_store_memory=STORE_BYTES,
                _node_ip_address="127.0.0.1",
            )
            wanted = plan(ray.cluster_resources().get("GPU", 0) >= 1)
            threads = {"OMP_NUM_THREADS": str(max(1, cores // wanted.replicas))}
            options = {"num_cpus": 0, "runtime_env": {"env_vars": threads}, **wanted.actor_options}
            wanted = replace(wanted, actor_options=options)
            serve.start(http_options={"host": host, "port": port}, logging_config={"log_level": "ERROR"})
            try:
                serve.run(
                    ray_app.application(wanted, tokens),
                    name=ray_app.APPLICATION,
                    route_prefix="/",
                    logging_config={"log_level": "ERROR"},
                )
            except RuntimeError as error:
                raise ModelError(f"The server did not come up: {error}") from error
            yield lambda: _drain(ray_app.RayDesk(serve.get_deployment_handle(ray_app.ENGINES, ray_app.APPLICATION)))
        finally:
            with contextlib.suppress(Exception):
                serve.shutdown()
            ray.shutdown()


def _drain(desk: RayDesk) -> None:
    """Finish what is in flight; clients have heard that this server ends."""
    asyncio.run(_drained(desk))


async def _drained(desk: RayDesk) -> None:
    # The first call tells this process which replicas there are.
    await desk.status()
    await desk.drain()
    deadline = monotonic() + DRAIN_SECONDS
    while monotonic() < deadline:
        if not any(one.queued or one.rendering for one in await desk.status()):
            break
        await asyncio.sleep(LOOK)
    # What was rendered last is on its way.
    await asyncio.sleep(1.0)
