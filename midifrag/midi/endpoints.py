"""One direction of a configured port, and what the ports' owner knows about it."""

from __future__ import annotations

from dataclasses import dataclass

from midifrag.config.settings import PortSettings, VirtualPort
from midifrag.midi.protocol import Direction, InputPort

DIRECTIONS: tuple[Direction, ...] = ("in", "out")


@dataclass
class Endpoint:
    """One direction of a configured port."""

    port: str
    direction: Direction
    settings: PortSettings
    name: str | None = None
    told: str = ""
    #: The other direction of this port went away: what is open here may be dead, also under the same name.
    suspect: bool = False
    input: InputPort | None = None
    #: Which opening of the input counts.
    life: object = None

    @property
    def virtual(self) -> str | None:
        """The name of the virtual port to make, None where a device is wanted."""
        wanted = self.wanted
        return wanted.virtual if isinstance(wanted, VirtualPort) else None

    @property
    def wanted(self) -> VirtualPort | str | None:
        """What the configuration says."""
        return self.settings.input if self.direction == "in" else self.settings.output


def endpoints_of(port: str, settings: PortSettings) -> list[Endpoint]:
    """The endpoints that ``settings`` asks for."""
    endpoints = [Endpoint(port, direction, settings) for direction in DIRECTIONS]
    return [endpoint for endpoint in endpoints if endpoint.wanted is not None]
