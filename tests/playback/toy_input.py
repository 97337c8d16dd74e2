"""What runs in place of the process that hears: it needs no sound system, and behaves as its device is called."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection

import numpy as np

from midifrag.playback.hearing_process import Block, Deaf, Hears

RATE = 1000


def block(number: int) -> np.ndarray:
    """A hundred frames of two channels that say where they stand."""
    first = np.arange(100, dtype=np.float32) + 100 * number
    return np.stack((first, -first), axis=1)


def serve(wanted: str, _client: str, pipe: Connection) -> None:
    if wanted == "nothing":
        pipe.send(Deaf("there is no audio input", for_good=True))
        os._exit(0)
    pipe.send(Hears(wanted, RATE, 2))
    for number in range(700):
        pipe.send(Block(block(number).tobytes()))
    if wanted == "dies":
        os._exit(3)
    time.sleep(600)
