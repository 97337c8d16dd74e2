"""Which processes JACK's clients are in, as Linux tells: JACK tells that to its server alone."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

PROC = Path("/proc")


def owners(client: str) -> list[int]:
    """The processes that are told, as ``client``, what happens on a JACK server; none where that cannot be known."""
    name = re.escape(client.replace("/", "_").replace("\\", "_"))
    path = re.compile(rf"\S*/jack_{name}_\d+_\d+")
    try:
        lines = (PROC / "net" / "unix").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    # Number, references, protocol, flags, type, state, inode, and the path, which may have spaces.
    fields = [line.split(maxsplit=7) for line in lines]
    sockets = {f"socket:[{one[6]}]" for one in fields if len(one) == 8 and path.fullmatch(one[7])}
    if not sockets:
        return []
    return [int(process.name) for process in PROC.glob("[0-9]*") if _holds(process, sockets)]


def _holds(process: Path, sockets: set[str]) -> bool:
    # Of others' processes, and of what ends meanwhile, nothing can be known.
    with contextlib.suppress(OSError):
        for held in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                if os.readlink(held) in sockets:  # noqa: PTH115 — a socket is no path
                    return True
    return False
