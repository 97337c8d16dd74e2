"""Hears all inputs that there are, whether a set names them or not, and asks devices who they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

from midifrag.clock import monotonic
from midifrag.config.settings import Settings
from midifrag.errors import PortError
from midifrag.midi.decoding import MessageDecoder
from midifrag.midi.endpoints import endpoints_of
from midifrag.midi.finding import ASKED_AT_MOST, REPLY_SECONDS, find, identity_request
from midifrag.midi.messages import MidiEvent, Tick, TransportChange
from midifrag.midi.port_names import device_of
from midifrag.midi.protocol import Backend, InputPort
from midifrag.surface import SURFACES
from midifrag.surface.families import families, is_identity_reply, model_of, ports_of


@dataclass(frozen=True, slots=True)
class Plugged:
    """What a look found: inputs that came and that went, and why there is nothing to be looked at."""

    came: Sequence[str] = ()
    went: Sequence[str] = ()
    trouble: str = ""


class Listening:
    """All inputs of ``backend``, open until `close`. Events have the port's name in the set, else the input's.

    ``on_event`` gets what hands do, each on the port's own thread, and no clocks.
    """

    def __init__(self, backend: Backend, settings: Settings, on_event: Callable[[MidiEvent], None]) -> None:
        self._backend = backend
        self._client = settings.client
        self._on_event = on_event
        self._open: dict[str, InputPort] = {}
        self._made: dict[str, InputPort] = {}
        self._clients = 0
        #: By input, what it said that it is: surface, model and the output that was asked.
        self._told: dict[str, tuple[str, str, str]] = {}
        #: The output that is asked, and the inputs that have answered it.
        self._asked = ""
        self._answered: set[str] = set()
        self._known_outputs: set[str] = set()
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        #: By input, the port of the set that it is.
        self.ports: dict[str, str] = {}
        #: Inputs that another program holds; each look tries them again.
        self.refused: list[str] = []
        self._virtual = _virtual(settings)
        for wanted in self._virtual:
            with suppress(PortError):
                self._made[wanted] = self._opened(wanted, virtual=True)
        self.look(settings)

    def look(self, settings: Settings) -> Plugged:
        """Hear what was plugged in since, and forget what was pulled; ``settings`` call them."""
        try:
            inputs, outputs = self._backend.names("in"), self._backend.names("out")
        except PortError as error:
            return Plugged(trouble=str(error))
        went = [name for name in self.inputs if name not in inputs]
        for name in went:
            self._told.pop(name, None)
        self._known_outputs &= set(outputs)
        came = [name for name in inputs if name not in self.inputs]
        self.inputs, self.outputs = inputs, outputs
        self.call(settings)
        for name, port in list(self._open.items()):
            if name not in inputs or port.connected is False:
                self._open.pop(name).close()
        self.refused = []
        for name in inputs:
            if name not in self._open:
                try:
                    self._open[name] = self._opened(name, virtual=False)
                except PortError:
                    self.refused.append(name)
        return Plugged(came, went)

    def call(self, settings: Settings) -> None:
        """Call inputs from now on as ``settings`` do."""
        self.ports = _ports(settings, self.inputs) | self._virtual

    def ask(
        self, seconds: float = REPLY_SECONDS, sleep: Callable[[float], None] = time.sleep, most: int = ASKED_AT_MOST
    ) -> None:
        """Have the device of each output that has not been asked say who it is; ``most`` of them, the others later."""
        new = [name for name in self.outputs if name not in self._known_outputs][:most]
        self._known_outputs.update(new)
        before = ""
        for name in new:
            answered = self._asked_one(name, seconds, sleep)
            # What has the name of one that said nothing may be that one's, and late: one that is right comes again.
            late = [one for one in answered if before and device_of(one) == device_of(before) != device_of(name)]
            again = self._asked_one(name, seconds, sleep) if late else set()
            for one in late:
                if one not in again:
                    self._told[one] = (*self._told[one][:2], before)
            before = "" if answered - set(late) else name
        self._asked = ""

    def _asked_one(self, name: str, seconds: float, sleep: Callable[[float], None]) -> set[str]:
        """Ask the device at one output; the inputs that something came from meanwhile."""
        self._asked, self._answered = name, set()
        with suppress(PortError, OSError), ExitStack() as asking:
            self._clients += 1
            client = f"{self._client}-learns-{self._clients}-out"
            output = self._backend.open_output(name, virtual=False, client=client)
            asking.callback(output.close)
            sleep(self._backend.settle_seconds)
            output.send(identity_request())
            sleep(seconds)
        return set(self._answered)

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
        """The output of an input's device: the one that was answered there, one of the same name, or its only one."""
        if name in self._told and self._told[name][2]:
            return self._told[name][2]
        if name in self.outputs:
            return name
        device = device_of(name)
        if [device_of(one) for one in self.inputs].count(device) > 1:
            return None
        found = [one for one in self.outputs if device_of(one) == device]
        return found[0] if len(found) == 1 else None

    def close(self) -> None:
        """Close all inputs."""
        for opened in (self._open, self._made):
            while opened:
                opened.popitem()[1].close()

    def _opened(self, name: str, *, virtual: bool) -> InputPort:
        decoder = MessageDecoder(name)

        def receive(data: Sequence[int]) -> None:
            if is_identity_reply(data):
                self._identified(name, data)
                return
            message = decoder.parse(data)
            event = None if message is None else decoder.decode(message, monotonic())
            if event is not None and not isinstance(event, Tick | TransportChange):
                self._on_event(replace(event, port=self.ports.get(name, name)))

        self._clients += 1
        client = f"{self._client}-learns-{self._clients}-in"
        return self._backend.open_input(name, virtual=virtual, client=client, receive=receive)

    def _identified(self, name: str, data: Sequence[int]) -> None:
        self._answered.add(name)
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


def _virtual(settings: Settings) -> dict[str, str]:
    """The port of the set for each input that it makes itself."""
    return {
        endpoint.virtual: port
        for port, of_port in settings.ports.items()
        for endpoint in endpoints_of(port, of_port, settings.client)
        if endpoint.direction == "in" and endpoint.virtual is not None
    }
