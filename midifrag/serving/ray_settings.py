"""How Ray is started: closed, telling nobody, and quick to notice what died. Read before Ray is imported."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from midifrag.serving.grouping import Share

#: Bytes of one batch of a socket's messages between Ray's processes; beyond its own 4 MiB, the socket dies.
GRPC_BYTES = 64 << 20
#: How many calls one replica takes at once: jobs that are followed, and the short ones about them.
MOST_CALLS = 1024
#: How many jobs one replica has before others come first.
FULL = 16
#: Seconds between two looks at a replica's health, and that one may take.
HEALTH_PERIOD, HEALTH_TIMEOUT = 1.0, 5.0
#: Seconds that Ray gives what it stops, and that is well, to finish what it is at.
GRACE_ENGINES, GRACE_WAYS_IN = 60.0, 20.0
#: Seconds that jobs in flight are averaged over, and that they are too many, or too few, before replicas come or go.
LOOK_BACK, BEFORE_MORE, BEFORE_FEWER = 12.0, 5.0, 600.0

#: Variables of the process that joins a Ray, its own or a cluster's. Where that runs under ``uv run``, Ray would take
#: along all that lies in its folder, and have uv start each of its processes, which may want the network.
DRIVER: Mapping[str, str] = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
#: Variables that every machine of a cluster has, before Ray is started there.
CLUSTER: Mapping[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH": str(GRPC_BYTES),
    "RAY_SERVE_FORCE_STOP_UNHEALTHY_REPLICAS": "1",
    "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "2",
    # Calls past Ray's store of objects, and no threads of their own for routing and for what waits for engines anyway:
    # half the processor time a request.
    "RAY_SERVE_USE_GRPC_BY_DEFAULT": "1",
    "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
    # Ray's processes otherwise give way to all others of their machine (15), and somebody waits for their sound.
    "RAY_worker_niceness": "0",
    # How often the jobs in flight are counted, by which replicas come and go.
    "RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S": "2",
    "RAY_SERVE_HANDLE_AUTOSCALING_METRIC_PUSH_INTERVAL_S": "2",
}


def environment(token_path: Path) -> Mapping[str, str]:
    """Variables of a Ray that is started here, whose token is in a file.

    Its ports listen on all addresses, whatever it is told, so nobody gets in without the token.
    """
    return {
        **DRIVER,
        **CLUSTER,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token_path),
        # It would kill replicas for the memory of other programs.
        "RAY_memory_monitor_refresh_ms": "0",
        # A busy machine takes longer to start than Ray waits.
        "RAY_agent_register_timeout_ms": "120000",
        "RAY_raylet_start_wait_time_s": "120",
    }


def make_token(folder: Path) -> Path:
    """Write a token for one life of Ray, readable by its owner alone, and say where."""
    path = folder / "ray-token"
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return path


def scaling(least: int, most: int, in_flight: int) -> dict[str, Any]:
    """What Serve's `AutoscalingConfig` is made of: a replica for every ``in_flight`` jobs that are on their way.

    More come within seconds, as performers wait for them; fewer after minutes, as a model takes long to load.
    """
    return {
        "min_replicas": least,
        "max_replicas": most,
        "target_ongoing_requests": in_flight,
        "look_back_period_s": LOOK_BACK,
        "upscale_delay_s": BEFORE_MORE,
        "downscale_delay_s": BEFORE_FEWER,
    }


def actor_options(share: Share) -> dict[str, Any]:
    """What Ray's ``ray_actor_options`` are for a replica that gets so much."""
    return {
        "num_cpus": share.cores,
        "num_gpus": share.gpus,
        # Ray would have one with no cores compute with one thread.
        "runtime_env": {"env_vars": {"OMP_NUM_THREADS": str(share.threads)}},
    }
