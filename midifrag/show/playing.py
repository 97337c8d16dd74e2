"""Plays a MIDI clip into a running show, and waits until everything it started has landed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

import mido

from midifrag.bridge.items import Introduce
from midifrag.clock import monotonic
from midifrag.config.settings import Settings
from midifrag.events import JobChanged, StateChange
from midifrag.midi.memory import MemoryBackend, memory_ports
from midifrag.midi.messages import MidiEvent, PortChanged
from midifrag.midi.ports import Ports
from midifrag.show.runtime import Runtime

#: Seconds between two looks at whether all jobs are done.
LOOK_EVERY = 0.05


T = TypeVar("T")


class ClipPorts:
    """The ports of a show with a clip in the controller's place: give it to `Runtime`, then `send`.

    ``backend`` is what the show plays on, once the ports are made; it keeps what goes out.
    """

    def __init__(self, port: str) -> None:
        self._port = port
        self.backend: MemoryBackend | None = None

    def __call__(
        self, settings: Settings, on_event: Callable[[MidiEvent], None], on_change: Callable[[PortChanged], None]
    ) -> Ports:
        """Make the ports (`midifrag.show.runtime.MakePorts`)."""
        ports, self.backend = memory_ports(settings, on_event, on_change)
        return ports

    def send(self, message: mido.Message) -> None:
        """The message arrives as if the controller had sent it."""
        if self.backend is not None:
            self.backend.play(self._port, message)


def play(timed: Iterable[tuple[float, T]], send: Callable[[T], None]) -> None:
    """Send each item at its second, counted from now."""
    start = monotonic()
    for second, item in timed:
        time.sleep(max(0.0, start + second - monotonic()))
        send(item)


def wait_until_landed(runtime: Runtime, timeout: float) -> bool:
    """Wait until the bridge has no job left, at most ``timeout`` seconds; whether that came about."""
    deadline = monotonic() + timeout
    while monotonic() < deadline:
        jobs = _jobs(runtime)
        if jobs == 0:
            return True
        time.sleep(LOOK_EVERY)
    return False


def _jobs(runtime: Runtime) -> int | None:
    """How many jobs the bridge has once it has seen everything sent before; None if it does not answer."""
    told: list[StateChange] = []
    answered = threading.Event()

    def take(changes: list[StateChange]) -> None:
        told.extend(changes)
        answered.set()

    runtime.put(Introduce(take))
    if not answered.wait(5.0):
        return None
    return sum(isinstance(change, JobChanged) for change in told)
