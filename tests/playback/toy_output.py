"""Stands in for the player's process: the callback in plain Python, on a device that does what a test asks for."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from midifrag.clock import monotonic
from midifrag.playback import mixing
from midifrag.playback.memory import Memory
from midifrag.playback.process import Looking, Opened, Opening, Unavailable

RATE, BLOCK = 8000, 160


def serve(memory: Memory, wanted: str, client: str, pipe: Connection) -> None:
    """``wanted`` is what the device does in each of its lives, one word each; ``client`` a file to count them in."""
    lives = Path(client.removesuffix("-player"))
    life = len(lives.read_text()) + 1 if lives.exists() else 1
    lives.write_text("+" * life)
    words = wanted.split()
    doing = words[min(life, len(words)) - 1]
    pipe.send(Opening())
    if doing == "hangs":
        time.sleep(1000)
    if doing == "dies":
        os._exit(3)
    if doing == "missing":
        pipe.send(Unavailable("there is no PortAudio"))
        pipe.recv()
    if doing == "looks":
        pipe.send(Looking("nothing is plugged in"))
    play(memory, pipe, 10 if doing == "stops" else 10**9, realtime=doing != "slow")


def now() -> int:
    """What the callback's clock says."""
    return round(monotonic() * 1e9)


def play(memory: Memory, pipe: Connection, blocks: int, *, realtime: bool) -> None:
    memory.reset(RATE, 2)
    opened = Opened(f"toy {os.getpid()}", RATE, BLOCK, 2, 0.0, realtime)
    out = np.zeros((BLOCK, 2), np.float32)
    due = monotonic()
    for number in range(blocks):
        mixing.process(memory.state, out, now(), 0)
        if number == 0:
            pipe.send(opened)
        due += BLOCK / RATE
        if pipe.poll(max(0.0, due - monotonic())):
            return
    time.sleep(1000)
