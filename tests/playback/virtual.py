"""A device that is none: it calls the callback whenever a test says so, on a clock that the test owns."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from midifrag.machine_code import kept_as
from midifrag.playback import mixing, native
from midifrag.playback.memory import UNIT, Command, Event, Happened, Head, Kind, Memory, Single, events, push
from midifrag.playback.process import Opened

RATE = 44100
#: Bytes of memory for samples: twenty seconds.
SAMPLES = 20 * 8 * RATE


@functools.cache
def _natively() -> Callable[..., None]:
    """The callback as machine code, compiled by one worker at a time."""
    device = Device(is_native=False)
    with kept_as(native.KEPT):
        native.process_natively(device.state, np.zeros((1, device.channels), np.float32), 0, 0)
    process: Callable[..., None] = native.process_natively
    return process


class Device:
    """``native`` runs the callback as machine code, else it is the same as plain Python."""

    def __init__(
        self,
        slots: int = 3,
        channels: int = 2,
        rate: int = RATE,
        block: int = 256,
        *,
        is_native: bool = True,
        memory: Memory | None = None,
    ) -> None:
        self.memory = memory or Memory(slots, channels, SAMPLES)
        self.memory.reset(rate, channels)
        self.state = self.memory.state
        self.rate, self.block, self.channels = rate, block, channels
        self.opened = Opened("virtual", rate, block, channels, 0.0, True)
        #: Monotonic seconds of the next callback.
        self.now = 1000.0
        self.late: Callable[[], float] = lambda: 0.0
        self._process = _natively() if is_native else mixing.process
        self._pushed = self._told = 0

    @property
    def frame(self) -> int:
        return int(self.state.head[Head.FRAME])

    def put(self, offset: int, samples: Any) -> int:
        """Samples of shape (frames) or (frames, 2) into the memory; how many there are."""
        samples = np.asarray(samples, np.float32)
        self.memory.write(offset, samples if samples.ndim == 2 else np.stack((samples, samples), axis=1))
        return len(samples)

    def push(self, kind: Kind, **values: int) -> None:
        row = {Command.KIND: int(kind)} | {Command[name.upper()]: value for name, value in values.items()}
        assert push(self.state, self._pushed, row)
        self._pushed += 1

    def start(self, serial: int, offset: int, length: int, frame: int = -1, slot: int = 0, **more: int) -> None:
        values = {"loop": 0, "position": 0, "choke": 0, "left": UNIT} | more
        self.push(Kind.START, serial=serial, offset=offset, length=length, frame=frame, slot=slot, **values)

    def run(self, frames: int, flags: int = 0) -> Single:
        """What the device gets for so many frames, of shape (frames, channels), asked for block by block."""
        blocks = []
        while frames > 0:
            count = min(self.block, frames)
            out = np.full((count, self.channels), np.nan, np.float32)
            self._process(self.state, out, round((self.now + self.late()) * 1e9), flags)
            blocks.append(out)
            self.now += count / self.rate
            frames -= count
        return np.concatenate(blocks)

    def happened(self) -> list[tuple[str, int, int, int]]:
        """What has happened since this was asked: what, slot, serial, frame."""
        rows = events(self.state, self._told)
        self._told += len(rows)
        return [(Happened(row[Event.KIND]).name, row[Event.SLOT], row[Event.SERIAL], row[Event.FRAME]) for row in rows]


def noise(frames: int, seed: int, level: float = 0.1) -> Single:
    return np.random.default_rng(seed).uniform(-level, level, (frames, 2)).astype(np.float32)
