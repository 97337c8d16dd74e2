"""The least that a JACK client can do: its callback, in machine code, counts when it came late.

What this misses, the machine and the server take from each of JACK's clients: a server wakes up for a period, and its
clients after it, so that two threads must have had their turn. See `bare_timer` for one that waits for nobody.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import subprocess
import sys
import time
from typing import Any

import numba
import numpy as np
from numba import types

from benchmarks.bare_timer import ready

_NO_START_SERVER = 1
_gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.voidptr))
_signature = types.int32(types.uint32, types.voidptr)


@numba.cfunc(_signature)  # type: ignore[untyped-decorator]
def process(_frames: int, counted_at: Any) -> int:
    """Count: misses, longest gap, moment before, period, all in nanoseconds, and a place for the time."""
    counted = numba.carray(counted_at, (6,), np.int64)
    _gettime(1, counted[4:].ctypes)
    moment = counted[4] * 1_000_000_000 + counted[5]
    before, period = counted[2], counted[3]
    counted[2] = moment
    if before > 0:
        counted[1] = max(counted[1], moment - before)
        if moment - before > 2 * period:
            counted[0] += 1
    return 0


def start(seconds: float, frames: int, rate: int) -> subprocess.Popen[str]:
    """A process of its own, which is ready to count."""
    return ready("benchmarks.bare_client", seconds, frames, rate)


def main() -> None:
    """Count for so many seconds, for periods of so many frames at a rate."""
    seconds, frames, rate = (float(value) for value in sys.argv[1:4])
    counted = np.zeros(6, np.int64)
    counted[3] = round(frames / rate * 1e9)
    library = ctypes.CDLL(ctypes.util.find_library("jack"))
    library.jack_client_open.restype = ctypes.c_void_p
    client = ctypes.c_void_p(library.jack_client_open(b"bare", _NO_START_SERVER, None))
    if not client:
        raise RuntimeError("there is no JACK server to be a client of")
    callback = ctypes.c_void_p(process.address)
    library.jack_set_process_callback(client, callback, ctypes.c_void_p(counted.ctypes.data))
    library.jack_activate(client)
    print("ready", flush=True)
    sys.stdin.readline()
    counted[:2] = 0
    time.sleep(seconds)
    misses, worst = int(counted[0]), int(counted[1])
    is_realtime = bool(library.jack_is_realtime(client))
    library.jack_client_close(client)
    print(json.dumps({"misses": misses, "worst_ms": round(worst / 1e6, 2), "realtime": is_realtime}), flush=True)


if __name__ == "__main__":
    main()
