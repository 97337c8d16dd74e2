"""The least that a JACK client can do: its callback, in machine code, plays silence and counts when it came late.

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
from llvmlite import binding  # type: ignore[import-untyped]  # it has no types
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from benchmarks.bare_timer import ready

_NO_START_SERVER, _IS_OUTPUT = 1, 2
_jack = ctypes.CDLL(ctypes.util.find_library("jack"))
_jack.jack_client_open.restype = _jack.jack_port_register.restype = ctypes.c_void_p
binding.add_symbol("jack_port_get_buffer", ctypes.cast(_jack.jack_port_get_buffer, ctypes.c_void_p).value)
_buffer = types.ExternalFunction("jack_port_get_buffer", types.voidptr(types.voidptr, types.uint32))
_gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.voidptr))
_signature = types.int32(types.uint32, types.voidptr)


@intrinsic
def _pointer(_typing: Any, _address: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), build


@numba.cfunc(_signature)
def process(frames: int, counted_at: Any) -> int:
    """Count: misses, longest gap, moment before, period, all in nanoseconds; the port; a place for the time."""
    counted = numba.carray(counted_at, (7,), np.int64)
    _gettime(1, counted[5:].ctypes)
    moment = counted[5] * 1_000_000_000 + counted[6]
    before, period = counted[2], counted[3]
    counted[2] = moment
    if before > 0:
        counted[1] = max(counted[1], moment - before)
        if moment - before > 2 * period:
            counted[0] += 1
    numba.carray(_buffer(_pointer(counted[4]), frames), (np.int64(frames),), np.float32)[:] = 0
    return 0


def start(seconds: float, frames: int, rate: int) -> subprocess.Popen[str]:
    """A process of its own, which is ready to count."""
    return ready("benchmarks.bare_client", seconds, frames, rate)


def main() -> None:
    """Count for so many seconds, for periods of so many frames at a rate."""
    seconds, frames, rate = (float(value) for value in sys.argv[1:4])
    counted = np.zeros(7, np.int64)
    counted[3] = round(frames / rate * 1e9)
    client = ctypes.c_void_p(_jack.jack_client_open(b"bare", _NO_START_SERVER, None))
    if not client:
        raise RuntimeError("there is no JACK server to be a client of")
    sort = b"32 bit float mono audio"
    counted[4] = _jack.jack_port_register(client, b"out", sort, ctypes.c_ulong(_IS_OUTPUT), ctypes.c_ulong(0))
    _jack.jack_set_process_callback(client, ctypes.c_void_p(process.address), ctypes.c_void_p(counted.ctypes.data))
    _jack.jack_activate(client)
    _jack.jack_connect(client, b"bare:out", b"system:playback_1")
    print("ready", flush=True)
    sys.stdin.readline()
    counted[:2] = 0
    time.sleep(seconds)
    misses, worst = int(counted[0]), int(counted[1])
    is_realtime = bool(_jack.jack_is_realtime(client))
    _jack.jack_client_close(client)
    print(json.dumps({"misses": misses, "worst_ms": round(worst / 1e6, 2), "realtime": is_realtime}), flush=True)


if __name__ == "__main__":
    main()
