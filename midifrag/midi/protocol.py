"""What the ports' owner asks of a MIDI system; `midifrag.midi.backends` and `midifrag.midi.memory` have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeAlias

import mido

Direction: TypeAlias = Literal["in", "out"]
#: Called from the port's own thread with the bytes of one message.
Receive: TypeAlias = Callable[[Sequence[int]], None]


class Port(Protocol):
    """An open port, in either direction."""

    @property
    def connected(self) -> bool | None:
        """Whether it still reaches what it was opened for; None where the system does not tell."""

    @property
    def client(self) -> str:
        """What the system calls its client; empty where there is no such thing."""


class InputPort(Port, Protocol):
    """An open input; messages come by callback."""

    def close(self) -> None:
        """Stop the callbacks and close."""


class OutputPort(Port, Protocol):
    """An open output; used and closed by one thread only."""

    def send(self, message: mido.Message) -> None:
        """Send one message; may block, may raise OSError."""

    def close(self) -> None:
        """Close; what was sent before still goes out."""


class Backend(Protocol):
    """A MIDI system. Everything may raise PortError."""

    @property
    def name(self) -> str:
        """What it is called in messages to the performer."""

    @property
    def settle_seconds(self) -> float:
        """How long a new output connection needs before its first message arrives."""

    @property
    def loses(self) -> bool:
        """Whether a message may get lost on the way now, so that what can be said again should be."""

    def names(self, direction: Direction) -> list[str]:
        """The ports that can be opened now, without our own connection ends."""

    def open_input(self, name: str, *, virtual: bool, client: str, receive: Receive) -> InputPort:
        """Open the input ``name``, or make a virtual one, by a client called ``client``."""

    def open_output(self, name: str, *, virtual: bool, client: str) -> OutputPort:
        """Open the output ``name``, or make a virtual one, by a client called ``client``."""

    def close(self) -> None:
        """Give up the probe client. Ports stay open."""
