"""The configured ports: their life, what comes in and what goes out.

Input callbacks only filter, timestamp and hand over; outputs belong to the output thread; `midifrag.midi.plugs` opens
ports that come and closes those that went. All that may wait for a driver has a time limit: a show ends also when a
MIDI system does not answer any more.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import mido

from midifrag.clock import monotonic
from midifrag.config.settings import Settings
from midifrag.errors import NoMidiError, PortError
from midifrag.midi.backends import awaited_backend, choose_backend
from midifrag.midi.decoding import MessageDecoder, Pair, Parameter
from midifrag.midi.endpoints import Endpoint, endpoints_of
from midifrag.midi.loops import Loops
from midifrag.midi.messages import MidiEvent, PortChanged
from midifrag.midi.output import OutputThread
from midifrag.midi.plugs import Plugs
from midifrag.midi.protocol import Backend
from midifrag.midi.thru import Thru
from midifrag.surface.families import is_identity_reply

#: Seconds between two looks for plugged and unplugged ports.
WATCH_SECONDS = 0.5
#: How long the end waits for a driver that does not come back, in seconds.
CLOSE_SECONDS = 5.0

#: Inputs that are no controller's: ALSA's loop, also as JACK shows it.
_SYSTEMS_OWN = re.compile(r"Midi[ -]Through", re.IGNORECASE)

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
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._settings = settings
        self._output = OutputThread(self._sending, self._send_failed)
        self._on_event = on_event
        self._backend = backend
        self._clock = clock
        self._endpoints = [
            endpoint
            for port, settings_of_port in settings.ports.items()
            for endpoint in endpoints_of(port, settings_of_port, settings.client)
        ]
        self._on_change = on_change
        self._plugs = Plugs(self._endpoints, self._output, self._receive, self._changed, clock, settings.client)
        watched = [endpoint for endpoint in self._endpoints if endpoint.settings.ignore_echo]
        self._loops = Loops(
            (endpoint.port for endpoint in watched if endpoint.direction == "out"),
            (endpoint.port for endpoint in watched if endpoint.direction == "in"),
            self._output,
            lambda port, text: on_change(PortChanged(port, "in", "open", text)),
        )
        self._decoders = {
            endpoint.port: MessageDecoder(endpoint.port, endpoint.settings.channel)
            for endpoint in self._endpoints
            if endpoint.direction == "in"
        }
        self._thru = Thru(
            {name: port.thru for name, port in settings.ports.items()},
            lambda port, messages: self._output.send(port, messages, led=False),
        )
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None

    # --- life cycle --------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Open what is there and wait for the rest (see `watch`).

        Raises `NoMidiError` where there is no MIDI system (one that comes later is taken then), and PortError where a
        pattern matches several ports.
        """
        self._output.start()
        if self._backend is None:
            try:
                self._backend = choose_backend(self._settings.backend, self._settings.client)
            except NoMidiError:
                self._backend = awaited_backend(self._settings.backend, self._settings.client)
                raise
        try:
            self._plugs.look(self._backend, strict=True)
        except PortError:
            self.close()
            raise

    def watch(self, seconds: float = WATCH_SECONDS) -> None:
        """Poll every ``seconds`` on a thread until `close`."""
        self._watcher = threading.Thread(target=self._watch, args=(seconds,), name="midi watch", daemon=True)
        self._watcher.start()

    def poll(self) -> None:
        """Look once for ports that came or went; never raises."""
        if self._backend is not None:
            self._plugs.look(self._backend, strict=False)
        self._loops.tick(self._clock())

    def close(self) -> None:
        """End watching, close inputs, send what waits, then close outputs; drivers get `CLOSE_SECONDS` for that."""
        self._stop.set()
        backend, self._backend = self._backend, None
        ending = threading.Thread(target=self._end, args=(backend,), name="midi end", daemon=True)
        ending.start()
        ending.join(CLOSE_SECONDS)
        self._thru.close()
        self._output.close()
        if backend is not None:
            # On a thread too: a probe client can hang as well.
            last = threading.Thread(target=backend.close, name="midi last", daemon=True)
            last.start()
            last.join(CLOSE_SECONDS)

    def _end(self, backend: Backend | None) -> None:
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        if backend is not None:
            self._plugs.close_inputs()

    # --- use ---------------------------------------------------------------------------------------------------------

    def pair(self, pairs: Iterable[Pair], nrpns: Iterable[Parameter] = ()) -> None:
        """The CCs that are 14 bit from now on, and the non-registered parameters that are mapped."""
        pairs, nrpns = tuple(pairs), tuple(nrpns)
        for decoder in self._decoders.values():
            decoder.pair(pairs, nrpns)

    def send(self, port: str, messages: Iterable[mido.Message], *, led: bool = True) -> bool:
        """Enqueue for a configured port's output; False where it is not open."""
        return self._output.send(port, messages, led=led)

    def send_now(self, port: str, messages: Iterable[mido.Message]) -> bool:
        """Send a configured port what is worth nothing later; False where it takes none now."""
        return self._output.send_now(port, messages)

    def is_out(self, port: str) -> bool:
        """Whether nothing but lights waits to be sent to a configured port, as far as that takes any."""
        return self._output.is_out(port)

    def device(self, port: str) -> str:
        """What a configured port's output is: the model that it said, its name or what it waits for; may be empty."""
        return self._plugs.device(port)

    def strangers(self) -> list[str]:
        """The inputs that are there and no port means, where no port has found its device: a new controller's."""
        devices = [one for one in self._endpoints if one.direction == "in" and one.virtual is None]
        if self._backend is None or any(one.name is not None for one in devices):
            return []
        with suppress(PortError):
            names = self._backend.names("in")
            return [name for name in names if not (_SYSTEMS_OWN.search(name) or self._plugs.is_ours(name))]
        return []

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Per port: what came in malformed, was ignored or an echo, and what was left out on the way to the output."""
        counts = {
            port: {"malformed": decoder.malformed, "ignored": decoder.ignored, "echoes": self._loops.counts[port]}
            for port, decoder in self._decoders.items()
        }
        for endpoint in self._endpoints:
            if endpoint.direction == "out":
                counts.setdefault(endpoint.port, {})["left_out"] = self._output.left_out[endpoint.port]
        return counts

    # --- in and out --------------------------------------------------------------------------------------------------

    def _receive(self, endpoint: Endpoint, data: Sequence[int]) -> None:
        # Exceptions in a callback would vanish in the driver.
        try:
            now = endpoint.heard = self._clock()
            if is_identity_reply(data):
                self._plugs.identified(endpoint.port, data)
                return
            decoder = self._decoders[endpoint.port]
            message = decoder.parse(data)
            if message is None or self._loops.is_echo(endpoint.port, message, now):
                return
            event = decoder.decode(message, now)
            if event is not None:
                self._on_event(event)
            self._thru.pass_on(endpoint.port, message)
        except Exception:
            _log.exception("a message on %s was lost", endpoint.port)

    def _sending(self, port: str, message: mido.Message) -> None:
        self._loops.sent(port, message, self._clock())

    def _changed(self, change: PortChanged) -> None:
        if change.direction == "out" and change.state == "open":
            self._loops.forget(change.port)
        if change.direction == "in" and change.state != "open":
            self._thru.lost(change.port)
        self._on_change(change)

    def _send_failed(self, port: str, error: Exception) -> None:
        self._plugs.send_failed(port, error)

    def _watch(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            self.poll()
