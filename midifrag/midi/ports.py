"""The configured ports: finds them by pattern, waits for missing ones, takes them back after a replug.

Input callbacks only filter, timestamp and hand over; outputs belong to the output thread. `poll`, called every second
or so (by `watch`), compares port names, as no MIDI system tells about plugs in a way that all share.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeAlias

import mido

from midifrag.config.settings import Settings
from midifrag.errors import MidiGoneError, PortError
from midifrag.midi.backends import CLIENT, choose_backend
from midifrag.midi.decoding import MessageDecoder, Pair
from midifrag.midi.echo_filter import EchoFilter
from midifrag.midi.endpoints import DIRECTIONS, Endpoint, endpoints_of
from midifrag.midi.messages import MidiEvent, PortChanged
from midifrag.midi.output import OutputThread
from midifrag.midi.port_names import find_port, listed
from midifrag.midi.protocol import Backend, Direction, InputPort

#: Seconds between two looks for plugged and unplugged ports.
WATCH_SECONDS = 1.0

_State: TypeAlias = Literal["open", "waiting", "lost"]
_log = logging.getLogger(__name__)


class Ports:
    """The ports of ``show``, open.

    ``on_event`` gets each event on the port's own thread and must return at once (a queue's put); ``on_change`` gets
    every `PortChanged`. ``clock`` gives monotonic seconds.
    """

    def __init__(
        self,
        settings: Settings,
        on_event: Callable[[MidiEvent], None],
        on_change: Callable[[PortChanged], None] = lambda _change: None,
        backend: Backend | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._echo = EchoFilter()
        self._output = OutputThread(self._sending, self._send_failed)
        self._on_event = on_event
        self._on_change = on_change
        self._backend = backend
        self._clock = clock
        self._lock = threading.RLock()
        self._endpoints = [
            endpoint for port, settings in settings.ports.items() for endpoint in endpoints_of(port, settings)
        ]
        self._decoders = {
            endpoint.port: MessageDecoder(endpoint.port, endpoint.settings.channel)
            for endpoint in self._endpoints
            if endpoint.direction == "in"
        }
        self._trouble, self._gone = "", False
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None

    # --- life cycle --------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Open what is there and wait for the rest (see `watch`).

        Raises `NoMidiError` where there is no MIDI system, and PortError where a pattern matches several ports.
        """
        if self._backend is None:
            self._backend = choose_backend(self._settings.backend)
        self._output.start()
        try:
            self._look(strict=True)
        except PortError:
            self.close()
            raise

    def watch(self, seconds: float = WATCH_SECONDS) -> None:
        """Poll every ``seconds`` on a thread until `close`."""
        self._watcher = threading.Thread(target=self._watch, args=(seconds,), name="midi watch", daemon=True)
        self._watcher.start()

    def poll(self) -> None:
        """Look once for ports that came or went; never raises."""
        self._look(strict=False)

    def close(self) -> None:
        """End watching, close inputs, send what waits, then close outputs."""
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        with self._lock:
            for endpoint in self._endpoints:
                self._close_input(endpoint)
        self._output.close()
        if self._backend is not None:
            self._backend.close()
            self._backend = None

    # --- use ---------------------------------------------------------------------------------------------------------

    def pair(self, pairs: Iterable[Pair]) -> None:
        """The CCs that are 14 bit from now on."""
        pairs = tuple(pairs)
        for decoder in self._decoders.values():
            decoder.pair(pairs)

    def send(self, port: str, messages: Iterable[mido.Message], *, led: bool = True) -> bool:
        """Enqueue for a configured port's output; False where it is not open."""
        return self._output.send(port, messages, led=led)

    def device(self, port: str) -> str:
        """The name of the output that a configured port has now, or the pattern it waits for; may be empty."""
        for endpoint in self._endpoints:
            if endpoint.port == port and endpoint.direction == "out":
                return endpoint.name or endpoint.virtual or str(endpoint.wanted)
        return ""

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Per port: what came in malformed, was ignored or an echo, and what was left out on the way to the output."""
        counts = {
            port: {"malformed": decoder.malformed, "ignored": decoder.ignored, "echoes": self._echo.counts[port]}
            for port, decoder in self._decoders.items()
        }
        for endpoint in self._endpoints:
            if endpoint.direction == "out":
                counts.setdefault(endpoint.port, {})["left_out"] = self._output.left_out[endpoint.port]
        return counts

    # --- inputs ------------------------------------------------------------------------------------------------------

    def _receive(self, endpoint: Endpoint, data: Sequence[int]) -> None:
        # Exceptions in a callback would vanish in the driver.
        try:
            now = self._clock()
            decoder = self._decoders[endpoint.port]
            message = decoder.parse(data)
            if message is None or (endpoint.settings.ignore_echo and self._echo.is_echo(endpoint.port, message, now)):
                return
            event = decoder.decode(message, now)
            if event is not None:
                self._on_event(event)
        except Exception:
            _log.exception("a message on %s was lost", endpoint.port)

    def _close_input(self, endpoint: Endpoint) -> None:
        if endpoint.input is not None:
            endpoint.input.close()
            endpoint.input = None

    # --- outputs -----------------------------------------------------------------------------------------------------

    def _sending(self, _port: str, message: mido.Message) -> None:
        self._echo.sent(message, self._clock())

    def _send_failed(self, port: str, error: Exception) -> None:
        with self._lock:
            for endpoint in self._endpoints:
                if endpoint.port == port and endpoint.direction == "out":
                    endpoint.name = None
                    self._tell(endpoint, "lost", f"{port}: output failed ({error}); trying again")

    # --- plugs -------------------------------------------------------------------------------------------------------

    def _watch(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            self.poll()

    def _look(self, *, strict: bool) -> None:
        with self._lock:
            backend = self._backend
            if backend is None:
                return
            names = {direction: self._names(backend, direction, strict) for direction in DIRECTIONS}
            for endpoint in self._endpoints:
                self._update(backend, endpoint, names[endpoint.direction], strict)
            for endpoint in self._endpoints:
                if endpoint.suspect and endpoint.name is not None and self._sibling_is_back(endpoint):
                    self._refresh(backend, endpoint, endpoint.name)

    def _names(self, backend: Backend, direction: Direction, strict: bool) -> list[str]:
        try:
            names = backend.names(direction)
        except PortError as error:
            if strict:
                raise
            self._trouble, self._gone = str(error), isinstance(error, MidiGoneError)
            return []
        self._trouble = ""
        return [name for name in names if not self._is_ours(name)]

    def _update(self, backend: Backend, endpoint: Endpoint, names: Sequence[str], strict: bool) -> None:
        if endpoint.name is not None and endpoint.virtual is None and endpoint.name not in names:
            self._lose(endpoint)
        elif endpoint.name is not None and self._gone:
            # Ours, which goes only with all of MIDI. There is nothing left that closing could talk to.
            endpoint.name = None
            self._tell(endpoint, "lost", f"{endpoint.port}: {endpoint.direction}put {endpoint.virtual} is gone")
        if endpoint.name is not None:
            return
        try:
            name = endpoint.virtual or find_port(str(endpoint.wanted), names)
        except PortError as error:
            if strict:
                raise PortError(f"ports.{endpoint.port}.{endpoint.direction}: {error}") from error
            self._wait(endpoint, str(error))
            return
        if name is None:
            self._wait(endpoint, self._trouble or f"no port matches {endpoint.wanted!r}; there are {listed(names)}")
            return
        try:
            self._open_endpoint(backend, endpoint, name)
        except PortError as error:
            self._wait(endpoint, str(error))

    def _open_endpoint(self, backend: Backend, endpoint: Endpoint, name: str) -> None:
        virtual = endpoint.virtual is not None
        if endpoint.direction == "in":
            endpoint.input = self._open_input(backend, endpoint, name, virtual)
        else:
            self._output.attach(endpoint.port, backend.open_output(name, virtual=virtual), backend.settle_seconds)
        endpoint.name = name
        endpoint.suspect = False
        self._tell(endpoint, "open", f"{endpoint.port}: {endpoint.direction}put {name} is open")

    def _open_input(self, backend: Backend, endpoint: Endpoint, name: str, virtual: bool) -> InputPort:
        life = object()

        def receive(data: Sequence[int]) -> None:
            # A replaced input may still deliver while it closes.
            if endpoint.life is life:
                self._receive(endpoint, data)

        if endpoint.input is None:
            endpoint.life = life
        port = backend.open_input(name, virtual=virtual, receive=receive)
        endpoint.life = life
        return port

    def _sibling_is_back(self, endpoint: Endpoint) -> bool:
        return all(other.name is not None for other in self._endpoints if other.port == endpoint.port)

    def _refresh(self, backend: Backend, endpoint: Endpoint, name: str) -> None:
        """Open again what went away and came back between two looks; the old one stays until the new one is open."""
        old = endpoint.input
        try:
            self._open_endpoint(backend, endpoint, name)
        except PortError as error:
            endpoint.suspect = False
            _log.debug("%s stays as it is: %s", endpoint.port, error)
            return
        if old is not None:
            old.close()

    def _lose(self, endpoint: Endpoint) -> None:
        lost, endpoint.name = endpoint.name, None
        for other in self._endpoints:
            if other.port == endpoint.port and other is not endpoint and other.virtual is None:
                other.suspect = True
        if endpoint.direction == "in":
            self._close_input(endpoint)
        else:
            self._output.detach(endpoint.port)
        self._tell(endpoint, "lost", f"{endpoint.port}: {endpoint.direction}put {lost} went away; waiting for it")

    def _wait(self, endpoint: Endpoint, reason: str) -> None:
        if reason != endpoint.told:
            self._tell(endpoint, "waiting", f"{endpoint.port}: waiting for its {endpoint.direction}put: {reason}")
            endpoint.told = reason

    def _tell(self, endpoint: Endpoint, state: _State, text: str) -> None:
        endpoint.told = ""
        self._on_change(PortChanged(endpoint.port, endpoint.direction, state, text))

    def _is_ours(self, name: str) -> bool:
        virtual = (endpoint.virtual for endpoint in self._endpoints if endpoint.virtual is not None)
        # JACK numbers clients of one name; ALSA adds its own numbers at the end.
        return any(name == own or re.match(rf"{CLIENT}[^:]*:{re.escape(own)}\b", name) for own in virtual)
