"""The lights of a show, and what they sent."""

from __future__ import annotations

from collections.abc import Iterable

import mido

from midifrag.bridge.view import View
from midifrag.config.settings import Settings
from midifrag.events import PortChanged, StateChange
from midifrag.show.lights import Lights

PORTS = {
    "a": {"in": "A", "out": "A"},
    "b": {"in": "B", "out": "B"},
    "pad": {"out": "P", "surface": "launchpad"},
}


class LightsRig:
    """Lights on two echo ports and a Launchpad, those of ``connect`` there, and what they sent, as hexadecimal text."""

    def __init__(self, connect: Iterable[str] = ("a", "b"), **show: object) -> None:
        self.sent: list[tuple[str, str]] = []
        self.kinds: list[bool] = []
        self.view = View()
        settings = Settings.model_validate({"ports": PORTS, **show})
        self.lights = Lights(settings, self.send, self.view, {"pad": "Mini"}.get)
        self.handle(*(PortChanged(port, "out", "open", "") for port in connect))

    def send(self, port: str, messages: Iterable[mido.Message], *, led: bool = True) -> bool:
        for message in messages:
            self.sent.append((port, message.hex()))
            self.kinds.append(led)
        return True

    def handle(self, *changes: StateChange) -> list[tuple[str, str]]:
        """What ``changes`` made the lights send: the port and the bytes of each message."""
        start = len(self.sent)
        for change in changes:
            self.view.apply(change)
            self.lights.handle(change)
        return self.sent[start:]
