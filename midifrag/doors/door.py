"""What a show asks of a door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from midifrag.bridge.items import Item
from midifrag.config.loading import Loaded
from midifrag.events import StateChange

#: Hands the bridge an intent or news; never blocks.
Put: TypeAlias = Callable[[Item], None]


class Door(Protocol):
    """One way into another program. What fails in it is told as a `Notice` that it puts, and ends nothing else."""

    name: str

    def start(self) -> None:
        """Begin; never raises for what the other program, a port or a folder lacks: that is told, and tried again."""
        ...

    def handle(self, change: StateChange) -> None:
        """Take in what was published, on a thread of the door's own: first how everything stands, then every change."""
        ...

    def close(self) -> None:
        """End, within seconds, whatever the other program does."""
        ...


#: Makes a door of a show where its set wants one.
MakeDoor: TypeAlias = Callable[[Loaded, Put], Door | None]
