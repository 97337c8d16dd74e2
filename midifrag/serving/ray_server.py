"""One life of a server on this machine: Ray is started, closed to all but the one address, and ended again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from midifrag.clock import monotonic
from midifrag.errors import ModelError
from midifrag.serving import ray_settings
from midifrag.serving.tokens import Tokens

if TYPE_CHECKING:
    from midifrag.serving.ray_app import Plan, RayDesk

#: Seconds that jobs in flight have to end when a server is stopped, and between two looks at them.
DRAIN_SECONDS, LOOK = 60.0, 0.25
#: How often Ray is started before that is given up, and seconds that its processes have to end.
STARTS, END_SECONDS = 3, 5.0
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
        before = _children()
        os.environ.update(ray_settings.environment(ray_settings.make_token(Path(folder))))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ray
            from ray import serve

            from midifrag.serving import ray_app
        for name in ("ray", "ray.serve"):
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            _start(ray)
            wanted = plan(ray.cluster_resources().get("GPU", 0) >= 1)
            threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // wanted.replicas))}
            options = {"num_cpus": 0, "runtime_env": {"env_vars": threads}, **wanted.actor_options}
            application = ray_app.application(replace(wanted, actor_options=options), tokens)
            serve.start(http_options={"host": host, "port": port}, logging_config={"log_level": "ERROR"})
            try:
                serve.run(application, name=ray_app.APPLICATION, logging_config={"log_level": "ERROR"})
            except RuntimeError as error:
                raise ModelError(f"The server did not come up: {error}") from error
            yield lambda: _drain(ray_app.RayDesk(serve.get_deployment_handle(ray_app.ENGINES, ray_app.APPLICATION)))
        finally:
            # Else it would start one, to shut that down.
            if ray.is_initialized():
                with contextlib.suppress(Exception):
                    serve.shutdown()
            with contextlib.suppress(Exception):
                ray.shutdown()
            _end(before)


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
