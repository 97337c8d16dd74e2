"""One direction of a configured port, and what the ports' owner knows about it."""

from __future__ import annotations

from dataclasses import dataclass

from midifrag.config.ports import PortSettings, VirtualPort
from midifrag.midi.protocol import Direction, InputPort, OutputPort

DIRECTIONS: tuple[Direction, ...] = ("in", "out")


@dataclass
class Endpoint:
    """One direction of a configured port."""

    port: str
    direction: Direction
    settings: PortSettings
    #: What our client at its open port is called.
    client: str
    #: The name of the port that is open; None while none is.
    name: str | None = None
    told: str = ""
    #: Another port of this device went away: what is open here may be dead, also under the same name.
    suspect: bool = False
    open: InputPort | OutputPort | None = None
    #: Which opening of the input counts.
    life: object = None
    #: When something was last heard from it, or it was opened, in seconds of the ports' clock.
    heard: float = 0.0
    #: How long it may be silent while others of its device are heard, in seconds; grows with each time in vain.
    patience: float = 30.0

    @property
    def virtual(self) -> str | None:
        """The name of the virtual port to make, None where a device is wanted."""
        wanted = self.wanted
        return wanted.virtual if isinstance(wanted, VirtualPort) else None

    @property
    def wanted(self) -> VirtualPort | str | None:
        """What the configuration says; None where the surface knows its controllers' names."""
        return self.settings.input if self.direction == "in" else self.settings.output


def endpoints_of(port: str, settings: PortSettings, client: str) -> list[Endpoint]:
    """The endpoints that ``settings`` asks for; their clients are called after ``client``, the port and the direction.

    Names that stay the same however many programs and ports there are: what connects ports again, by name, at the next
    start finds the same ones.
    """
    endpoints = [
        Endpoint(port, direction, settings, f"{client}-{port.replace(':', '_')[:30]}-{direction}")
        for direction in DIRECTIONS
    ]
    return [one for one in endpoints if one.wanted is not None or settings.is_found_by_family]
