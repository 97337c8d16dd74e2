"""The least that a real-time thread can do: it wakes up for each period, in machine code, and counts when it was late.

What this misses, the machine takes from everybody; what a player misses beyond it is the player's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numba
import numpy as np
from numba import types

#: The priority of JACK's clients where its server has its usual 10.
PRIORITY = 5
_gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.voidptr))
_sleep = types.ExternalFunction("clock_nanosleep", types.int32(types.int32, types.int32, types.voidptr, types.voidptr))


@numba.njit(nogil=True)
def wake(period: int, count: int, counted: Any) -> None:
    """Wake up ``count`` times, each ``period`` nanoseconds; count into misses, and the longest gap in nanoseconds."""
    now, due = np.zeros(2, np.int64), np.zeros(2, np.int64)
    _gettime(1, due.ctypes)
    before = due[0] * 1_000_000_000 + due[1]
    next_at = before
    for _ in range(count):
        next_at += period
        due[0], due[1] = next_at // 1_000_000_000, next_at % 1_000_000_000
        _sleep(1, 1, due.ctypes, due.ctypes)
        _gettime(1, now.ctypes)
        moment = now[0] * 1_000_000_000 + now[1]
        gap = moment - before
        counted[1] = max(counted[1], gap)
        if gap > 2 * period:
            counted[0] += 1
            # As a sound card does: what was missed is not made up for.
            next_at = moment
        before = moment


def start(seconds: float, frames: int, rate: int) -> subprocess.Popen[str]:
    """A process of its own, which is ready to `count`."""
    return ready("benchmarks.bare_timer", seconds, frames, rate)


def ready(module: str, seconds: float, frames: int, rate: int) -> subprocess.Popen[str]:
    """The process of such a module, as soon as it waits for its word."""
    command = [sys.executable, "-m", module, str(seconds), str(frames), str(rate)]
    begun = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert begun.stdout is not None
    assert begun.stdout.readline() == "ready\n"
    return begun


def count(*processes: subprocess.Popen[str], patience: float) -> list[dict[str, Any]]:
    """Let them count, all at the same time; what each has counted in the end. ``patience`` is in seconds."""
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return [json.loads(one.communicate(timeout=patience)[0].splitlines()[-1]) for one in processes]


def main() -> None:
    """Count for so many seconds, for periods of so many frames at a rate."""
    seconds, frames, rate = (float(value) for value in sys.argv[1:4])
    period = round(frames / rate * 1e9)
    counted = np.zeros(2, np.int64)
    wake(1000, 2, np.zeros(2, np.int64))
    is_realtime = True
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        is_realtime = False
    print("ready", flush=True)
    sys.stdin.readline()
    wake(period, round(seconds * 1e9 / period), counted)
    told = {"misses": int(counted[0]), "worst_ms": round(counted[1] / 1e6, 2), "realtime": is_realtime}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
