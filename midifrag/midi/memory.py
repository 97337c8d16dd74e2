"""A MIDI system in memory: for the demo, for playing clips, and for tests. No thread, no driver, no hardware."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import mido

from midifrag.clock import monotonic
from midifrag.config.ports import VirtualPort
from midifrag.config.settings import Settings
from midifrag.errors import PortError
from midifrag.midi.messages import MidiEvent, PortChanged
from midifrag.midi.ports import Ports
from midifrag.midi.protocol import Direction, InputPort, OutputPort, Receive


class MemoryBackend:
    """Ports that are there because somebody plugged them in (`plug`) or made them (virtual ones).

    ``sent`` holds what went out: port name and message, in order. ``tells`` is whether a port knows that it lost its
    device, as on JACK and ALSA; ``loses`` whether messages may get lost.
    """

    name = "memory"
    settle_seconds = 0.0

    def __init__(self, names: Sequence[str] = (), *, tells: bool = False, loses: bool = False) -> None:
        self.sent: list[tuple[str, mido.Message]] = []
        self.tells = tells
        self.loses = loses
        self._there: dict[Direction, list[str]] = {"in": list(names), "out": list(names)}
        self._ports: list[_MemoryPort] = []
        self._changed = threading.Condition()

    def plug(self, name: str) -> None:
        """A device with an input and an output appears."""
        for there in self._there.values():
            there.append(name)

    def unplug(self, name: str) -> None:
        """The device disappears; what is open on it hears and says nothing any more, also when it comes back."""
        for there in self._there.values():
            there.remove(name)
        self.cut(name)

    def cut(self, name: str) -> None:
        """What is open on the device loses its connection."""
        for port in self._ports:
            if port.name == name:
                port.alive = False

    def play(self, name: str, message: mido.Message | Sequence[int]) -> None:
        """``message`` (or raw bytes) arrives on every open input called ``name``, on the caller's thread."""
        data = message.bytes() if isinstance(message, mido.Message) else message
        for port in tuple(self._ports):
            if port.receive is not None and port.name == name and port.alive:
                port.receive(data)

    def wait_for(self, condition: Callable[[list[tuple[str, mido.Message]]], bool], timeout: float) -> bool:
        """Wait up to ``timeout`` seconds until ``condition`` holds for ``sent``."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self.sent), timeout)

    def names(self, direction: Direction) -> list[str]:
        """The devices that are plugged in."""
        return list(self._there[direction])

    def open_input(self, name: str, *, virtual: bool, receive: Receive, client: str = "") -> InputPort:
        """Open an input."""
        return self._open(name, "in", virtual, client, receive)

    def open_output(self, name: str, *, virtual: bool, client: str = "") -> OutputPort:
        """Open an output."""
        return self._open(name, "out", virtual, client, None)

    def close(self) -> None:
        """Nothing to give up."""

    def record(self, name: str, message: mido.Message) -> None:
        """Take down what an output sends."""
        with self._changed:
            self.sent.append((name, message))
            self._changed.notify_all()

    def closed(self, port: _MemoryPort) -> None:
        """Forget a port."""
        if port in self._ports:
            self._ports.remove(port)

    def _open(
        self, name: str, direction: Direction, virtual: bool, client: str, receive: Receive | None
    ) -> _MemoryPort:
        if not virtual and name not in self._there[direction]:
            raise PortError(f"{name!r} went away while it was opened.")
        port = _MemoryPort(self, name, client, receive)
        self._ports.append(port)
        return port


class _MemoryPort:
    """In either direction."""

    def __init__(self, backend: MemoryBackend, name: str, client: str, receive: Receive | None) -> None:
        self.name = name
        self.client = client
        self.receive = receive
        self.alive = True
        self._backend = backend
        self._closed = False

    @property
    def connected(self) -> bool | None:
        return self.alive if self._backend.tells else None

    def send(self, message: mido.Message) -> None:
        if self._closed:
            raise OSError(f"{self.name} is closed")
        if self.alive:
            self._backend.record(self.name, message)

    def close(self) -> None:
        self._closed = True
        self._backend.closed(self)


def memory_ports(
    settings: Settings,
    on_event: Callable[[MidiEvent], None],
    on_change: Callable[[PortChanged], None] = lambda _change: None,
    clock: Callable[[], float] = monotonic,
) -> tuple[Ports, MemoryBackend]:
    """``show``'s ports without any device: `MemoryBackend.play` with a port's configured name presses its pads.

    Every configured port gets an input and an output; its surface and rules stay as they are, but what is played is
    never an echo: nothing that goes out comes back.
    """
    ports = {
        name: settings.model_copy(
            update={
                "input": VirtualPort(virtual=name),
                "output": VirtualPort(virtual=name),
                "ignore_echo": False,
            }
        )
        for name, settings in settings.ports.items()
    }
    backend = MemoryBackend()
    return Ports(settings.model_copy(update={"ports": ports}), on_event, on_change, backend, clock), backend
