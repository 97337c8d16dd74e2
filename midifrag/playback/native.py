"""The callback as machine code, which needs no interpreter: compiled by numba, once, and kept in the user's cache."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

from midifrag.machine_code import kept_as
from midifrag.playback import barrier, limiter, memory, mixing
from midifrag.playback.memory import (
    CHUNK,
    COMMANDS,
    EVENTS,
    LOOK_AHEAD,
    SOUNDING_VOICES,
    TIMES,
    Command,
    Event,
    Head,
    Single,
    State,
    Voice,
    Whole,
)


def _name() -> str:
    """For this very code: numba looks at the file that a function stands in, not at what that imports."""
    digest = hashlib.sha256()
    for module in (barrier, limiter, memory, mixing):
        digest.update(Path(str(module.__file__)).read_bytes())
    return f"callback-{digest.hexdigest()[:16]}"


#: What its machine code is kept as.
KEPT = _name()


def _process(state: State, out: Single, now: int, flags: int) -> None:
    """`mixing.process` alone, for calls from Python."""
    mixing.process(state, out, now, flags)


# --- for the device alone: pointers, and the system's clock ----------------------------------------------------------


@intrinsic
def _pointer(_typing: Any, _address: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), build


# What `midifrag.clock.monotonic` reads.
if sys.platform == "win32":
    import ctypes

    from llvmlite import binding

    _address = ctypes.cast(ctypes.windll.kernel32.QueryPerformanceCounter, ctypes.c_void_p).value
    binding.add_symbol("QueryPerformanceCounter", _address)
    _counter = types.ExternalFunction("QueryPerformanceCounter", types.int32(types.voidptr))

    @register_jitable
    def _now(scratch: Whole, per_second: int) -> int:
        _counter(scratch.ctypes)
        return int(scratch[0] // per_second * 1_000_000_000 + scratch[0] % per_second * 1_000_000_000 // per_second)

elif sys.platform == "darwin":
    _uptime = types.ExternalFunction("clock_gettime_nsec_np", types.uint64(types.int32))

    @register_jitable
    def _now(scratch: Whole, per_second: int) -> int:  # noqa: ARG001 — another system's needs it
        return int(_uptime(8))  # CLOCK_UPTIME_RAW

else:
    _gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.voidptr))

    @register_jitable
    def _now(scratch: Whole, per_second: int) -> int:  # noqa: ARG001 — another system's needs it
        _gettime(1, scratch.ctypes)  # CLOCK_MONOTONIC
        return int(scratch[0] * 1_000_000_000 + scratch[1])


#: The numbers of `user_data`: an address for each array, three sizes, the clock's ticks a second, room to read it into.
_ARRAYS = len(State._fields)
_TABLE = _ARRAYS + 6
_HEAD, _COMMAND, _EVENT, _VOICE = len(Head), len(Command), len(Event), len(Voice)
#: C's unsigned long.
_LONG = types.uint32 if sys.platform == "win32" else types.uint64
_SIGNATURE = types.int32(types.voidptr, types.voidptr, _LONG, types.voidptr, _LONG, types.voidptr)


#: Where a ``ma_device`` of miniaudio keeps what it was given as user data, in bytes.
USER_DATA_AT = 48
_DEVICE_SIGNATURE = types.void(types.voidptr, types.voidptr, types.voidptr, types.uint32)

# What follows runs as machine code alone, whose lines are not counted.


@register_jitable
def _play(table: Whole, out: Any, frames: int, flags: int) -> None:  # pragma: no cover — compiled
    slots, channels, samples = table[_ARRAYS], table[_ARRAYS + 1], table[_ARRAYS + 2]
    pairs = (channels + 1) // 2
    state = State(
        numba.carray(_pointer(table[0]), (_HEAD,), np.int64),
        numba.carray(_pointer(table[1]), (COMMANDS, _COMMAND), np.int64),
        numba.carray(_pointer(table[2]), (EVENTS, _EVENT), np.int64),
        numba.carray(_pointer(table[3]), (TIMES, 2), np.int64),
        numba.carray(_pointer(table[4]), (slots, SOUNDING_VOICES + 1, _VOICE), np.int64),
        numba.carray(_pointer(table[5]), (slots + 1, 4), np.float32),
        numba.carray(_pointer(table[6]), (slots, 2), np.int64),
        numba.carray(_pointer(table[7]), (slots + 1, 2), np.float32),
        numba.carray(_pointer(table[8]), (CHUNK, channels), np.float32),
        numba.carray(_pointer(table[9]), (LOOK_AHEAD, channels), np.float32),
        numba.carray(_pointer(table[10]), (pairs, LOOK_AHEAD), np.float32),
        numba.carray(_pointer(table[11]), (pairs, LOOK_AHEAD), np.float32),
        numba.carray(_pointer(table[12]), (pairs, 4), np.float64),
        numba.carray(_pointer(table[13]), (samples, 2), np.float32),
    )
    now = _now(table[_ARRAYS + 4 :], table[_ARRAYS + 3])
    block = numba.carray(out, (np.int64(frames), state.head[Head.CHANNELS]), np.float32)
    mixing.process(state, block, now, np.int64(flags))


def _stream_callback(
    _ins: Any, out: Any, frames: int, _times: Any, flags: int, user: Any
) -> int:  # pragma: no cover — compiled
    """A ``PaStreamCallback`` of PortAudio; ``user`` is what `user_data` made."""
    _play(numba.carray(user, (_TABLE,), np.int64), out, frames, flags)
    return 0


def _device_callback(device: Any, out: Any, _ins: Any, frames: int) -> None:  # pragma: no cover — compiled
    """A ``ma_device_data_proc`` of miniaudio, whose user data is what `user_data` made."""
    user = numba.carray(device, (USER_DATA_AT // 8 + 1,), np.int64)[USER_DATA_AT // 8]
    _play(numba.carray(_pointer(user), (_TABLE,), np.int64), out, frames, 0)


with kept_as(KEPT):
    process_natively = numba.njit(cache=True, error_model="numpy")(_process)
    stream_callback = numba.cfunc(_SIGNATURE, nopython=True, cache=True, error_model="numpy")(_stream_callback)
    device_callback = numba.cfunc(_DEVICE_SIGNATURE, nopython=True, cache=True, error_model="numpy")(_device_callback)


def user_data(state: State) -> Whole:
    """What a stream gives its callback each time; it lives as long as the stream."""
    per_second = 1
    if sys.platform == "win32":
        read = ctypes.c_int64()
        ctypes.windll.kernel32.QueryPerformanceFrequency(ctypes.byref(read))
        per_second = read.value
    place = [array.ctypes.data for array in state]
    sizes = [len(state.routes), state.delay.shape[1], len(state.audio)]
    return np.array([*place, *sizes, per_second, 0, 0], np.int64)
