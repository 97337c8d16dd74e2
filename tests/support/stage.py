"""A bridge with controllers: what is played on them comes in, and what their LEDs show is seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mido

from midifrag.config.banks import Bank
from midifrag.config.loading import Loaded
from midifrag.events import PortChanged, StateChange
from midifrag.midi.messages import ControlChange, MidiEvent, NoteOff, NoteOn
from midifrag.show.lights import Lights
from midifrag.surface.grid import Button, Grid
from tests.support.bridges import Rig
from tests.support.shows import loaded


class Stage(Rig):
    """Controllers on the ports of ``ports``; ``devices`` are what they call themselves."""

    def __init__(self, *banks: Bank, ports: dict[str, Any], devices: dict[str, str] | None = None, **show: Any) -> None:
        self.sent: list[tuple[str, mido.Message]] = []
        self._lights: Lights | None = None
        super().__init__(loaded(*banks, ports=ports, **show))
        names = devices or {}
        self._lights = Lights(self.loaded.settings, self._send, self.bridge.view, lambda port: names.get(port, ""))
        for change in self.bridge.everything():
            self._tell(change)
        for port in ports:
            self._tell(PortChanged(port, "out", "open", ""))

    @property
    def loaded(self) -> Loaded:
        return self.bridge.loaded

    @property
    def lights(self) -> Lights:
        assert self._lights is not None
        return self._lights

    def hit(self, button: Button, port: str = "pads", velocity: int = 100) -> None:
        """Press a pad or a button, and let it go."""
        self.bridge.handle(pressed(button, port, self.clock.now(), velocity))
        self.bridge.handle(released(button, port, self.clock.now()))

    def bytes_to(self, port: str = "pads") -> list[str]:
        """What went to a port since it was asked last, as hexadecimal text."""
        told = [message.hex() for to, message in self.sent if to == port]
        self.sent = [one for one in self.sent if one[0] != port]
        return told

    def _tell(self, change: StateChange) -> None:
        super()._tell(change)
        if self._lights is not None:
            self.bridge.view.apply(change)
            self._lights.handle(change)

    def _send(self, port: str, messages: Iterable[mido.Message], *, led: bool = True) -> bool:
        self.sent += [(port, message) for message in messages]
        return led or True


def pressed(button: Button, port: str = "pads", now: float = 0.0, velocity: int = 100) -> MidiEvent:
    """What a pad or button sends when it is pressed."""
    kind = NoteOn if button.kind == "note" else ControlChange
    return kind(port, button.channel or 1, button.number, velocity, now)


def released(button: Button, port: str = "pads", now: float = 0.0) -> MidiEvent:
    """What it sends when it is let go."""
    if button.kind == "note":
        return NoteOff(port, button.channel or 1, button.number, now)
    return ControlChange(port, button.channel or 1, button.number, 0, now)


def seats(grid: Grid) -> list[Button]:
    """A grid's pads, in the order of their seats."""
    return [grid.pads[seat] for seat in sorted(grid.pads)]
