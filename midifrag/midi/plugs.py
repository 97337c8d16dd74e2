"""Ports that come and go: opens what a configured port means, closes what went, and takes anew what only looks open.

A system's list of names is not enough for that. A device that was pulled and put back between two looks has the name
that it had, and so has one whose connection another program cut: the port itself says whether it still reaches its
device, where the system knows (JACK, ALSA). Where it does not, see `midifrag.midi.suspicion`.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from midifrag.errors import MidiGoneError, PortError
from midifrag.midi.endpoints import DIRECTIONS, Endpoint
from midifrag.midi.finding import ask_around, find, identity_request, missing
from midifrag.midi.messages import PortChanged
from midifrag.midi.output import OutputThread
from midifrag.midi.protocol import Backend, Direction, InputPort
from midifrag.midi.suspicion import rest_is_back, suspect_the_rest, suspect_the_silent
from midifrag.surface.families import families, is_named, model_of

#: Where messages get lost, lights are said again so soon, in seconds.
AGAIN_SECONDS = 0.15
#: Told once where they do.
LOSES = (
    "JACK runs without real-time scheduling and leaves out messages while a program is late: lights are said twice, "
    "but a press or a note about a landed fragment may get lost. Start it with jackd -R, as a user who may (group "
    "audio)"
)

_State: TypeAlias = Literal["open", "waiting", "lost"]
_log = logging.getLogger(__name__)


class Plugs:
    """Keeps ``endpoints`` open.

    ``receive(endpoint, data)`` gets what comes in, ``on_change`` what a performer is told.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        output: OutputThread,
        receive: Callable[[Endpoint, Sequence[int]], None],
        on_change: Callable[[PortChanged], None],
        clock: Callable[[], float],
        client: str,
    ) -> None:
        self._endpoints = endpoints
        self._output = output
        self._receive = receive
        self._on_change = on_change
        self._clock = clock
        self._client = client
        self._lock = threading.RLock()
        self._trouble, self._gone = "", False
        self._models: dict[str, str] = {}
        self._asked: dict[str, object] = {}
        self._told_loss = False

    def look(self, backend: Backend, *, strict: bool) -> None:
        """Open what came and close what went.

        ``strict`` raises PortError; else it is told as what is waited for, as is in any case a system that is gone and
        may come back.
        """
        with self._lock:
            names = {direction: self._names(backend, direction, strict) for direction in DIRECTIONS}
            for endpoint in self._endpoints:
                self._update(backend, endpoint, names[endpoint.direction], strict)
            self._ask_around(backend, names)
            suspect_the_silent(self._endpoints, self._clock())
            for endpoint in self._endpoints:
                if endpoint.suspect and endpoint.name is not None and rest_is_back(endpoint, self._endpoints):
                    self._refresh(backend, endpoint, endpoint.name)
            if backend.loses and not self._told_loss and self._endpoints:
                self._told_loss = True
                self._tell(self._endpoints[0], "open", LOSES)

    def close_inputs(self) -> None:
        """Close all inputs."""
        with self._lock:
            for endpoint in self._endpoints:
                _close_input(endpoint)

    def device(self, port: str) -> str:
        """What the output of ``port`` is: the model, the port's name or the pattern that it waits for; may be empty."""
        for endpoint in self._endpoints:
            if endpoint.port == port and endpoint.direction == "out":
                return self._models.get(port) or endpoint.name or endpoint.virtual or str(endpoint.wanted or "")
        return ""

    def identified(self, port: str, data: Sequence[int]) -> None:
        """A device at ``port`` said who it is. Where its port's name did not tell, its surface begins again as that."""
        for endpoint in self._endpoints:
            if endpoint.port != port or endpoint.direction != "out" or endpoint.name is None:
                continue
            model = model_of(data, endpoint.settings.models)
            if model and model != self._models.get(port) and not is_named(endpoint.settings.models, endpoint.name):
                self._models[port] = model
                self._tell(endpoint, "open", f"{port}: {endpoint.name} is a {model}")

    def send_failed(self, port: str, error: Exception) -> None:
        """Sending to ``port`` raised ``error``, and its output is closed."""
        with self._lock:
            for endpoint in self._endpoints:
                if endpoint.port == port and endpoint.direction == "out" and endpoint.name is not None:
                    suspect_the_rest(endpoint, self._endpoints)
                    endpoint.name = endpoint.open = None
                    self._tell(endpoint, "lost", f"{port}: output failed ({error}); trying again")

    def is_ours(self, name: str) -> bool:
        """Whether ``name`` is one of our virtual ports, with a client before it or, as on CoreMIDI, without."""
        virtual = (endpoint.virtual for endpoint in self._endpoints if endpoint.virtual is not None)
        client = re.escape(self._client)
        # ALSA adds a number behind.
        return any(name == own or re.match(rf"{client}[^:]*:{re.escape(own)}\b", name) for own in virtual)

    # --- one endpoint ------------------------------------------------------------------------------------------------

    def _names(self, backend: Backend, direction: Direction, strict: bool) -> list[str]:
        try:
            names = backend.names(direction)
        except PortError as error:
            is_gone = isinstance(error, MidiGoneError)
            if strict and not is_gone:
                raise
            self._trouble, self._gone = str(error), is_gone
            return []
        self._trouble, self._gone = "", False
        return [name for name in names if not self.is_ours(name)]

    def _update(self, backend: Backend, endpoint: Endpoint, names: Sequence[str], strict: bool) -> None:
        if endpoint.name is not None:
            self._look_at_open(endpoint, names)
        if endpoint.name is not None:
            return
        try:
            name = endpoint.virtual or find(endpoint, names)
        except PortError as error:
            if strict:
                raise PortError(f"ports.{endpoint.port}.{endpoint.direction}: {error}") from error
            self._wait(endpoint, str(error))
            return
        if name is None or self._gone:
            self._wait(endpoint, self._trouble or missing(endpoint, names))
            return
        try:
            self._open(backend, endpoint, name)
        except PortError as error:
            self._wait(endpoint, str(error))

    def _look_at_open(self, endpoint: Endpoint, names: Sequence[str]) -> None:
        stands = None if endpoint.open is None else endpoint.open.connected
        if self._gone:
            # Nothing is left that closing could talk to; what is told of it later is the same trouble.
            self._lose(endpoint, f"is gone: {self._trouble}")
            endpoint.told = self._trouble
        elif stands is False and (endpoint.virtual is not None or endpoint.name in names):
            self._lose(endpoint, "was cut off; taking it anew")
        elif endpoint.virtual is None and endpoint.name not in names:
            self._lose(endpoint, "went away; waiting for it")

    def _open(self, backend: Backend, endpoint: Endpoint, name: str) -> None:
        virtual = endpoint.virtual is not None
        if endpoint.direction == "in":
            endpoint.open = self._open_input(backend, endpoint, name, virtual)
        else:
            port = backend.open_output(name, virtual=virtual, client=endpoint.client)
            endpoint.open = port
            self._output.attach(endpoint.port, port, backend.settle_seconds, AGAIN_SECONDS if backend.loses else None)
        endpoint.name, endpoint.heard, endpoint.suspect = name, self._clock(), False
        self._models.pop(endpoint.port, None)
        self._tell(endpoint, "open", f"{endpoint.port}: {endpoint.direction}put {name} is open{_other_name(endpoint)}")
        if endpoint.direction == "out" and families(endpoint.settings.models):
            self._output.send(endpoint.port, [identity_request()], led=False)

    def _open_input(self, backend: Backend, endpoint: Endpoint, name: str, virtual: bool) -> InputPort:
        life = object()

        def receive(data: Sequence[int]) -> None:
            # A replaced input may still deliver while it closes.
            if endpoint.life is life:
                self._receive(endpoint, data)

        if endpoint.open is None:
            endpoint.life = life
        port = backend.open_input(name, virtual=virtual, client=endpoint.client, receive=receive)
        endpoint.life = life
        return port

    def _lose(self, endpoint: Endpoint, why: str) -> None:
        suspect_the_rest(endpoint, self._endpoints)
        lost, endpoint.name = endpoint.name, None
        if endpoint.direction == "in":
            _close_input(endpoint)
        else:
            endpoint.open = None
            self._output.detach(endpoint.port)
        self._tell(endpoint, "lost", f"{endpoint.port}: {endpoint.direction}put {lost} {why}")

    def _refresh(self, backend: Backend, endpoint: Endpoint, name: str) -> None:
        """Open again what may be dead; the old one stays until the new one is open."""
        old = endpoint.open if endpoint.direction == "in" else None
        try:
            self._open(backend, endpoint, name)
        except PortError as error:
            endpoint.suspect, endpoint.heard = False, self._clock()
            _log.debug("%s stays as it is: %s", endpoint.port, error)
            return
        if old is not None:
            old.close()

    def _ask_around(self, backend: Backend, names: dict[Direction, list[str]]) -> None:
        """Where a controller is wanted that no name tells, ask those who they are that are nobody's yet."""
        for endpoint in self._endpoints:
            wants = endpoint.settings.is_found_by_family and endpoint.direction == "out" and endpoint.name is None
            taken = {other.name for other in self._endpoints}
            free = {direction: [name for name in names[direction] if name not in taken] for direction in DIRECTIONS}
            if not wants or not all(free.values()) or self._asked.get(endpoint.port) == free:
                continue
            self._asked[endpoint.port] = free
            found = ask_around(backend, endpoint.settings.models, free, self._client)
            if found is not None:
                # The same ports, put back, are asked again.
                del self._asked[endpoint.port]
                self._open_both(backend, endpoint.port, found)

    def _open_both(self, backend: Backend, port: str, names: tuple[str, str]) -> None:
        ends = [endpoint for endpoint in self._endpoints if endpoint.port == port]
        for endpoint, name in zip(ends, names, strict=True):
            try:
                if endpoint.name is None:
                    self._open(backend, endpoint, name)
            except PortError as error:
                self._wait(endpoint, str(error))

    # --- telling -----------------------------------------------------------------------------------------------------

    def _wait(self, endpoint: Endpoint, reason: str) -> None:
        if reason != endpoint.told:
            self._tell(endpoint, "waiting", f"{endpoint.port}: waiting for its {endpoint.direction}put: {reason}")
            endpoint.told = reason

    def _tell(self, endpoint: Endpoint, state: _State, text: str) -> None:
        endpoint.told = ""
        self._on_change(PortChanged(endpoint.port, endpoint.direction, state, text))


def _close_input(endpoint: Endpoint) -> None:
    if endpoint.open is not None and endpoint.direction == "in":
        endpoint.open.close()
        endpoint.open = None


def _other_name(endpoint: Endpoint) -> str:
    """What to say of a client that did not get its own name."""
    given = endpoint.open.client if endpoint.open is not None else ""
    if given in ("", endpoint.client):
        return ""
    return (
        f" as {given}: another program has the name {endpoint.client}, so saved connections may go to the wrong one; "
        "`client:` in presets.yaml gives this set a name of its own"
    )
