"""A show's ports over a MIDI system in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mido

from midifrag.config.settings import Settings
from midifrag.midi.memory import MemoryBackend
from midifrag.midi.messages import MidiEvent, PortChanged
from midifrag.midi.ports import Ports
from tests.support import PATIENCE

PADS = {"pads": {"in": "Launchpad", "out": "Launchpad"}}


class PortsRig:
    """Ports over a memory system with these devices plugged in, what came in and what was told."""

    def __init__(
        self, *plugged: str, ports: Any = PADS, clock: Callable[[], float] = lambda: 5.0, **system: bool
    ) -> None:
        self.events: list[MidiEvent] = []
        self.changes: list[PortChanged] = []
        self.backend = MemoryBackend(plugged, **system)
        show = Settings.model_validate({"ports": ports})
        self.ports = Ports(show, self.events.append, self.changes.append, self.backend, clock)

    def states(self) -> list[tuple[str, str]]:
        """The changes since the last call, as direction and state."""
        found = [(change.direction, change.state) for change in self.changes]
        self.changes.clear()
        return found

    def wait_sent(self, count: int) -> list[tuple[str, mido.Message]]:
        """What was sent, once it is ``count`` messages or more."""
        assert self.backend.wait_for(lambda sent: len(sent) >= count, PATIENCE)
        return self.backend.sent
