"""The player's process: it opens an output and stays out of the way; the rest is the callback's.

A stream whose device is gone hangs for ever when it is closed: then this process is killed, which only it can be.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeAlias

from midifrag.children import ignore_interrupts
from midifrag.errors import PlaybackError
from midifrag.playback.memory import Head, Memory, Whole
from midifrag.playback.outputs import Output, find_output
from midifrag.playback.sound_system import SoundSystem, Stream, sound_system

#: Frames of a block with real-time priority, and without: the gaps that a busy machine makes then are as long.
BLOCK, SAFE_BLOCK = 256, 2048
#: The priority that an audio thread asks for where its sound system gives it none: below a JACK server's.
PRIORITY = 5
#: Seconds between two looks for an output, and for one that is there to be closed.
LOOK_AGAIN, CLOSE_SECONDS = 2.0, 0.5


@dataclass(frozen=True, slots=True)
class Opening:
    """The code is ready, and an output is opened: from now on it should not take long."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Sound goes out. ``latency`` is what the device adds, in seconds: None where others share it, as with JACK."""

    device: str
    rate: int
    block: int
    channels: int
    latency: float
    realtime: bool


@dataclass(frozen=True, slots=True)
class Looking:
    """There is no output that could be opened, for this reason; it is looked for again."""

    text: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """There never will be sound from here, for this reason."""

    text: str


Said: TypeAlias = Opening | Opened | Looking | Unavailable


def serve(memory: Memory, wanted: str, client: str, pipe: Connection) -> None:
    """Play what ``memory`` says on the output ``wanted`` until the other end of ``pipe`` closes."""
    ignore_interrupts()
    _silence()
    try:
        _serve(memory, wanted, client, pipe)
    finally:
        # Nothing here is worth waiting for a library that does not let go of its device.
        os._exit(0)


def _serve(memory: Memory, wanted: str, client: str, pipe: Connection) -> None:
    threads = _threads()
    try:
        system = sound_system()
    except PlaybackError as error:
        pipe.send(Unavailable(str(error)))
        return
    from midifrag.playback import native

    user_data = native.user_data(memory.state)
    stream = None
    while stream is None:
        pipe.send(Opening())
        try:
            output = find_output(system.look(client), wanted)
            stream, opened = open_output(system, output, memory, user_data, threads)
        except (PlaybackError, system.error) as error:
            pipe.send(Looking(str(error)))
            if pipe.poll(LOOK_AGAIN):
                return
        else:
            pipe.send(opened)
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()
    closing = threading.Thread(target=stream.close, daemon=True)
    closing.start()
    closing.join(CLOSE_SECONDS)


def open_output(
    system: SoundSystem, output: Output, memory: Memory, user_data: Whole, threads: Collection[int]
) -> tuple[Stream, Opened]:
    """Open and start an output, with small blocks if that thread gets its priority; ``threads`` are others'."""
    channels = min(memory.channels, output.channels)

    def stream(block: int) -> Stream:
        made = system.open(output, channels, block, user_data)
        memory.reset(made.rate, channels)
        made.start()
        return made

    # JACK's own period is the only one without another buffer.
    made = stream(0 if output.is_jack else BLOCK)
    realtime = has_priority(_threads() - set(threads))
    if not realtime and not output.is_jack:
        made.close()
        made = stream(SAFE_BLOCK)
    block = made.blocksize or _period(memory)
    name = f"{output.name} ({output.host})"
    return made, Opened(name, made.rate, block, channels, made.latency(block), realtime)


def _period(memory: Memory) -> int:
    """The frames that the device asks for at once, when it has."""
    for _ in range(200):
        if memory.state.head[Head.LAST_FRAMES] > 0:
            break
        time.sleep(0.005)
    return int(memory.state.head[Head.LAST_FRAMES])


def has_priority(threads: Collection[int]) -> bool:
    """Whether the audio thread, one of ``threads``, runs before ordinary ones; it is helped where it does not.

    Linux only: elsewhere the sound system sees to it.
    """
    if sys.platform != "linux":
        return True
    real = (os.SCHED_FIFO, os.SCHED_RR)
    policies = {}
    for thread in threads:
        with contextlib.suppress(OSError):
            policies[thread] = os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK
    if any(policy in real for policy in policies.values()):
        return True
    raised = False
    for thread in policies:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(PRIORITY))
            raised = True
    return raised


def _threads() -> set[int]:
    """The threads of this process; empty where the system does not tell."""
    place = Path("/proc/self/task")
    return {int(one.name) for one in place.iterdir()} if place.is_dir() else set()


def _silence() -> None:
    """What the sound system's libraries print of each device they cannot open is nobody's to read."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
