"""A MIDI system in memory that is looked at once at a time."""

from __future__ import annotations

from midifrag.config.ports import PortSettings
from midifrag.errors import PortError
from midifrag.midi.endpoints import endpoints_of
from midifrag.midi.memory import MemoryBackend
from midifrag.midi.plugs import Plugs

PADS = {"pads": {"in": "Pads", "out": "Pads"}}


class System(MemoryBackend):
    """A MIDI system that may list nothing or refuse to open, and that may name our clients otherwise."""

    def __init__(self, *names, **options):
        super().__init__(names, **options)
        self.trouble = None
        self.refuses = set()
        self.given = None

    def names(self, direction):
        if self.trouble is not None:
            raise self.trouble
        return super().names(direction)

    def _open(self, name, direction, virtual, client, receive):
        if direction in self.refuses:
            raise PortError(f"{name} is held by another program")
        return super()._open(name, direction, virtual, self.given or client, receive)


class Output:
    """Writes down what the output thread is asked to do."""

    def __init__(self):
        self.done = []

    def attach(self, name, port, settle_seconds, again_seconds):
        self.done.append(("attach", name, port.name, settle_seconds, again_seconds))

    def detach(self, name):
        self.done.append(("detach", name))

    def send(self, name, messages, *, led):
        self.done.append(("send", name, messages, led))


class Rig:
    def __init__(self, *plugged, ports=None, **system):
        self.system = System(*plugged, **system)
        self.output, self.now, self.heard, self.changes = Output(), 0.0, [], []
        self.ends = [
            end
            for port, settings in (ports or PADS).items()
            for end in endpoints_of(port, PortSettings.model_validate(settings), "stage")
        ]
        self.plugs = Plugs(self.ends, self.output, self.receive, self.changes.append, lambda: self.now, "stage")

    def receive(self, endpoint, data):
        endpoint.heard = self.now
        self.heard.append((endpoint.port, list(data)))

    def look(self, *, strict=False):
        """Look once; what was told of it."""
        self.changes.clear()
        self.plugs.look(self.system, strict=strict)
        return [(change.port, change.direction, change.state) for change in self.changes]

    @property
    def texts(self):
        return [change.text for change in self.changes]


def pads(*states):
    """What is told of both directions of the pads, in turn."""
    return [("pads", direction, state) for direction in ("in", "out") for state in states]
