"""A MIDI system in memory: for the demo, for playing clips, and for tests. No thread, no driver, no hardware."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import mido

from midifrag.config.settings import Settings, VirtualPort
from midifrag.errors import PortError
from midifrag.midi.messages import MidiEvent, PortChanged
from midifrag.midi.ports import Ports
from midifrag.midi.protocol import Direction, InputPort, OutputPort, Receive


class MemoryBackend:
    """Ports that are there because somebody plugged them in (`plug`) or made them (virtual ones).

    ``sent`` holds what went out: port name and message, in order.
    """

    name = "memory"
    settle_seconds = 0.0

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.sent: list[tuple[str, mido.Message]] = []
        self._there: dict[Direction, list[str]] = {"in": list(names), "out": list(names)}
        self._gone: set[str] = set()
        self._inputs: dict[str, list[_MemoryInput]] = {}
        self._changed = threading.Condition()

    def plug(self, name: str) -> None:
        """A device with an input and an output appears."""
        self._gone.discard(name)
        for there in self._there.values():
            there.append(name)

    def unplug(self, name: str) -> None:
        """The device disappears; what is open on it hears and says nothing any more."""
        for there in self._there.values():
            there.remove(name)
        self._gone.add(name)
        self._inputs.pop(name, None)

    def play(self, name: str, message: mido.Message | Sequence[int]) -> None:
        """``message`` (or raw bytes) arrives on every open input called ``name``, on the caller's thread."""
        data = message.bytes() if isinstance(message, mido.Message) else message
        for port in tuple(self._inputs.get(name, ())):
            port.receive(data)

    def wait_for(self, condition: Callable[[list[tuple[str, mido.Message]]], bool], timeout: float) -> bool:
        """Wait up to ``timeout`` seconds until ``condition`` holds for ``sent``."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self.sent), timeout)

    def names(self, direction: Direction) -> list[str]:
        """The devices that are plugged in."""
        return list(self._there[direction])

    def open_input(self, name: str, *, virtual: bool, receive: Receive) -> InputPort:
        """Open an input."""
        self._check(name, "in", virtual)
        port = _MemoryInput(self._inputs.setdefault(name, []), receive)
        self._inputs[name].append(port)
        return port

    def open_output(self, name: str, *, virtual: bool) -> OutputPort:
        """Open an output."""
        self._check(name, "out", virtual)
        return _MemoryOutput(self, name)

    def close(self) -> None:
        """Nothing to give up."""

    def record(self, name: str, message: mido.Message) -> None:
        """Take down what an output sends."""
        with self._changed:
            if name not in self._gone:
                self.sent.append((name, message))
                self._changed.notify_all()

    def _check(self, name: str, direction: Direction, virtual: bool) -> None:
        if not virtual and name not in self._there[direction]:
            raise PortError(f"{name!r} went away while it was opened.")


class _MemoryInput:
    def __init__(self, siblings: list[_MemoryInput], receive: Receive) -> None:
        self.receive = receive
        self._siblings = siblings

    def close(self) -> None:
        if self in self._siblings:
            self._siblings.remove(self)


class _MemoryOutput:
    def __init__(self, backend: MemoryBackend, name: str) -> None:
        self._backend = backend
        self._name = name
        self.closed = False

    def send(self, message: mido.Message) -> None:
        if self.closed:
            raise OSError(f"{self._name} is closed")
        self._backend.record(self._name, message)

    def close(self) -> None:
        self.closed = True


def memory_ports(
    settings: Settings,
    on_event: Callable[[MidiEvent], None],
    on_change: Callable[[PortChanged], None] = lambda _change: None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Ports, MemoryBackend]:
    """``show``'s ports without any device: `MemoryBackend.play` with a port's configured name presses its pads.

    Every configured port gets an input and an output; its surface and rules stay as they are.
    """
    ports = {
        name: settings.model_copy(update={"input": VirtualPort(virtual=name), "output": VirtualPort(virtual=name)})
        for name, settings in settings.ports.items()
    }
    backend = MemoryBackend()
    return Ports(settings.model_copy(update={"ports": ports}), on_event, on_change, backend, clock), backend
