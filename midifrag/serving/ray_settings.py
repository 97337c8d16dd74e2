"""How Ray is started: closed, telling nobody, and quick to notice what died. Read before Ray is imported."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

#: Bytes of one batch of a socket's messages between Ray's processes; beyond its own 4 MiB, the socket dies.
GRPC_BYTES = 64 << 20
#: How many calls one replica takes at once: jobs that are followed, and the short ones about them.
MOST_CALLS = 1024
#: How many jobs one replica has before others come first.
FULL = 16


def environment(token_path: Path) -> Mapping[str, str]:
    """Variables of a Ray that is started here, whose token is in a file.

    Its ports listen on all addresses, whatever it is told, so nobody gets in without the token.
    """
    return {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token_path),
        "RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH": str(GRPC_BYTES),
        "RAY_SERVE_FORCE_STOP_UNHEALTHY_REPLICAS": "1",
        "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1",
        "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "2",
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
