"""JACK, by way of a process of its own (`midifrag.midi.jack_process`) that is replaced when its server ends or hangs.

libjack does not survive its server in one process, and waits for ever for one that is stopped. Here everything has a
time limit, and the next process waits for the next server: `JackBackend` is the same all along.
"""

from __future__ import annotations

import logging
import math
import threading

import mido

from midifrag.clock import monotonic
from midifrag.errors import MidiGoneError, NoMidiError, PortError
from midifrag.midi.jack_host import MIXED_UP, STUCK, JackProcess
from midifrag.midi.protocol import Direction, InputPort, OutputPort, Receive

#: JACK loses what is sent in the first cycles of a connection.
SETTLE_SECONDS = 0.1

#: Processes that try a server at the start, one after the other: one that comes while others leave may find the server
#: waiting for the rest of what it said, for ever; once it is gone, the server goes on.
FIRST_ATTEMPTS = 3

#: Seconds for which a mix-up that comes again at once is borne: the first of them, each twice the one before, and the
#: most. After as many more without one, the next is mended at once.
FIRST_PAUSE, LONGEST_PAUSE, CALM = 2.0, 60.0, 60.0

_NO_SERVER = "no JACK server answers"
_log = logging.getLogger(__name__)


class JackBackend:
    """A `midifrag.midi.protocol.Backend` on JACK that outlives its servers.

    ``client`` is what we are called there. ``wait`` makes one that waits for its first server; without it,
    `NoMidiError` is raised where there is none.
    """

    name = "mido.backends.rtmidi/UNIX_JACK"
    settle_seconds = SETTLE_SECONDS

    def __init__(self, client: str, *, wait: bool = False) -> None:
        self._client = client
        self._next = 0
        self._closing = False
        self._lock = threading.Lock()
        self._last_words = _NO_SERVER
        self._mixed_up_at, self._pause = -math.inf, 0.0
        try:
            if wait:
                self._process = JackProcess(client, "wait", self._ended)
            else:
                self._find_server()
        except (OSError, MidiGoneError) as error:
            self._closing = True
            raise NoMidiError(f"{_sentence(str(error))}.") from error

    @property
    def loses(self) -> bool:
        """Whether the server has no real-time scheduling: JACK then drops what comes while a client is late."""
        return self._process.realtime is False

    def names(self, direction: Direction) -> list[str]:
        """The ports that can be opened now. Raises `MidiGoneError` while there is no server."""
        names: list[str] = self._ready().ask("names", direction=direction)["names"]
        return names

    def open_input(self, name: str, *, virtual: bool, client: str, receive: Receive) -> InputPort:
        """Open the input ``name``, or make a virtual one."""
        port = self._port()
        port.process.receivers[port.number] = receive
        port.open("in", name, virtual, client)
        return port

    def open_output(self, name: str, *, virtual: bool, client: str) -> OutputPort:
        """Open the output ``name``, or make a virtual one."""
        port = self._port()
        port.open("out", name, virtual, client)
        return port

    def close(self) -> None:
        """End the process, and with it all that is still open."""
        with self._lock:
            self._closing = True
        self._process.end()

    def _port(self) -> JackPort:
        self._next += 1
        return JackPort(self._ready(), self._next)

    def _ready(self) -> JackProcess:
        process = self._process
        if process.is_past_hope:
            process.kill(STUCK)
        if process.is_stuck:
            self._last_words = STUCK
        if process.over:
            self._renew(process)
        if not process.ready:
            raise MidiGoneError(f"{_sentence(self._last_words)}. {_way_out(self._last_words)}.")
        return process

    def _find_server(self) -> None:
        """Start a process that finds a server now. Raises OSError and `MidiGoneError` where none does."""
        for attempt in range(FIRST_ATTEMPTS):
            self._process = JackProcess(self._client, "once", self._ended)
            try:
                self._process.wait_until_ready()
            except MidiGoneError as error:
                if str(error) != STUCK or attempt == FIRST_ATTEMPTS - 1:
                    raise
                _log.info("%s; it is tried again", error)
            else:
                return

    def _ended(self, process: JackProcess) -> None:
        # One that never saw a server is not replaced at once: what ended it would end the next one too.
        if process.realtime is not None:
            self._renew(process)

    def _renew(self, process: JackProcess) -> None:
        """Put one that waits for the next server in the place of ``process``, which is over."""
        with self._lock:
            if self._closing or process is not self._process:
                return
            _log.info("%s", process.over)
            self._last_words = process.over
            try:
                self._process = JackProcess(self._client, "wait", self._ended, self._pause_after(process.over))
            except OSError as error:
                self._last_words = f"MIDI's own process cannot be started ({error})"

    def _pause_after(self, reason: str) -> float:
        """Seconds for which the next process bears a mix-up: one that a new process does not mend must not end all."""
        if reason == MIXED_UP:
            now = monotonic()
            is_first = now - self._mixed_up_at > self._pause + CALM
            self._pause = 0.0 if is_first else min(max(FIRST_PAUSE, 2 * self._pause), LONGEST_PAUSE)
            self._mixed_up_at = now
        return self._pause


class JackPort:
    """A port in a `JackProcess`, in either direction."""

    def __init__(self, process: JackProcess, number: int) -> None:
        self.process = process
        self.number = number
        #: What the system calls its client.
        self.client = ""

    @property
    def connected(self) -> bool:
        """Whether it still is what it was opened as."""
        return not self.process.over and self.number not in self.process.broken

    def open(self, direction: Direction, name: str, virtual: bool, client: str) -> None:
        """Open it. Raises PortError."""
        what = {"number": self.number, "direction": direction, "name": name, "virtual": virtual, "client": client}
        try:
            self.client = self.process.ask("open", **what)["client"]
        except OSError as error:
            self.process.receivers.pop(self.number, None)
            raise PortError(f"{name!r} cannot be opened: {error}.") from error

    def send(self, message: mido.Message) -> None:
        """Send one message. Raises OSError when the server is gone."""
        self.process.send(self.number, message)

    def close(self) -> None:
        """Close it, once what was sent before is out."""
        self.process.close_port(self.number)


def _way_out(reason: str) -> str:
    if reason == MIXED_UP:
        return "Its ports are opened anew"
    return f"{'End it and start it again' if reason == STUCK else 'Start it'}: midifrag goes on with it by itself"


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}"
