"""Hears all inputs that there are, whether a set names them or not, and asks devices who they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress

from midifrag.clock import monotonic
from midifrag.config.settings import Settings
from midifrag.errors import PortError
from midifrag.midi.decoding import MessageDecoder
from midifrag.midi.endpoints import endpoints_of
from midifrag.midi.finding import ASKED_AT_MOST, REPLY_SECONDS, find, identity_request
from midifrag.midi.messages import MidiEvent
from midifrag.midi.protocol import Backend
from midifrag.surface import SURFACES
from midifrag.surface.families import families, is_identity_reply, model_of, ports_of


class Listening:
    """All inputs of ``backend``, open until `close`. Events have the port's name in the set, else the input's.

    ``on_event`` gets each on the port's own thread.
    """

    def __init__(self, backend: Backend, settings: Settings, on_event: Callable[[MidiEvent], None]) -> None:
        self._backend = backend
        self._client = settings.client
        self._on_event = on_event
        self._opened = ExitStack()
        #: By input, what it said that it is: surface, model and the output that was asked.
        self._told: dict[str, tuple[str, str, str]] = {}
        self._asked = ""
        self.inputs = backend.names("in")
        self.outputs = backend.names("out")
        #: By input, the port of the set that it is.
        self.ports = _ports(settings, self.inputs)
        #: Inputs that another program holds, or that went.
        self.refused: list[str] = []
        for number, name in enumerate(self.inputs):
            self._open(number, name, virtual=False)
        for number, (port, wanted) in enumerate(_virtual(settings).items(), len(self.inputs)):
            self.ports[wanted] = port
            self._open(number, wanted, virtual=True)

    def ask(self, seconds: float = REPLY_SECONDS, sleep: Callable[[float], None] = time.sleep) -> None:
        """Have each output's device say who it is."""
        for number, name in enumerate(self.outputs[:ASKED_AT_MOST]):
            self._asked = name
            with suppress(PortError, OSError), ExitStack() as asking:
                client = f"{self._client}-learns-{number}-out"
                output = self._backend.open_output(name, virtual=False, client=client)
                asking.callback(output.close)
                sleep(self._backend.settle_seconds)
                output.send(identity_request())
                sleep(seconds)

    def what_is(self, name: str) -> tuple[str | None, str]:
        """The surface of the device at an input, None where it is not known, and what it is in words."""
        if name in self._told:
            surface, model, _output = self._told[name]
            return surface, f"{model} ({name})"
        for surface in SURFACES:
            if ports_of(surface, [name]):
                return surface, f"{families(surface)[0].model} ({name})" if len(families(surface)) == 1 else name
        return None, name

    def output_of(self, name: str) -> str | None:
        """The output that belongs to an input: the one that was answered there, else one of the same name."""
        if name in self._told:
            return self._told[name][2]
        return name if name in self.outputs else None

    def close(self) -> None:
        """Close all inputs."""
        self._opened.close()

    def _open(self, number: int, name: str, *, virtual: bool) -> None:
        decoder = MessageDecoder(self.ports.get(name, name))

        def receive(data: Sequence[int]) -> None:
            if is_identity_reply(data):
                self._identified(name, data)
                return
            message = decoder.parse(data)
            event = None if message is None else decoder.decode(message, monotonic())
            if event is not None:
                self._on_event(event)

        try:
            client = f"{self._client}-learns-{number}-in"
            opened = self._backend.open_input(name, virtual=virtual, client=client, receive=receive)
            self._opened.callback(opened.close)
        except PortError:
            self.refused.append(name)

    def _identified(self, name: str, data: Sequence[int]) -> None:
        found = [(surface, model) for surface in SURFACES if (model := model_of(data, surface))]
        for surface, model in found[:1]:
            self._told.setdefault(name, (surface, model, self._asked))


def _ports(settings: Settings, inputs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for port, of_port in settings.ports.items():
        for endpoint in endpoints_of(port, of_port, settings.client):
            if endpoint.direction == "in" and endpoint.virtual is None:
                with suppress(PortError):
                    name = find(endpoint, inputs)
                    if name is not None:
                        found.setdefault(name, port)
    return found


def _virtual(settings: Settings) -> Mapping[str, str]:
    """The inputs that a set makes itself, by port."""
    return {
        port: endpoint.virtual
        for port, of_port in settings.ports.items()
        for endpoint in endpoints_of(port, of_port, settings.client)
        if endpoint.direction == "in" and endpoint.virtual is not None
    }
