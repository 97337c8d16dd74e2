"""JACK, by way of a process of its own (`midifrag.midi.jack_process`) that is replaced when its server ends or hangs.

libjack does not survive its server in one process, and waits for ever for one that is stopped. Here everything has a
time limit, and the next process waits for the next server: `JackBackend` is the same all along.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO, cast

import mido

from midifrag.errors import MidiGoneError, NoMidiError, PortError
from midifrag.midi.protocol import Direction, InputPort, OutputPort, Receive

#: JACK loses what is sent in the first cycles of a connection.
SETTLE_SECONDS = 0.1
#: How long a Python process may take to start, on a machine as busy as one can be, in seconds.
START_SECONDS = 30.0
#: How long a server may take to let a client in, and how long to answer anything else, in seconds.
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 2.0
#: How long an attempt to find a server may take before it is given up for a new one, in seconds.
ATTEMPT_SECONDS = 4.0
#: How long the process may take to end by itself, in seconds.
END_SECONDS = 2.0

_NO_SERVER = "no JACK server answers"
_STUCK = "the JACK server does not answer: it is stopped, or it hangs"
_MIXED_UP = "JACK mixed up its programs when one of them left, and one hears nothing of us"
_log = logging.getLogger(__name__)


def command() -> tuple[str, ...]:
    """What starts it. -P: the folder that midifrag was started in is the performer's, and no place to import from."""
    return (sys.executable, "-P", "-m", "midifrag.midi.jack_process")


class JackProcess:
    """The process for one server's life. ``on_end`` is called once when it is over, on a thread of its own.

    ``patience``: what it does where there is no server: ``once`` ends, ``wait`` waits for one.
    """

    def __init__(self, client: str, patience: str, on_end: Callable[[JackProcess], None]) -> None:
        #: None until there is a server; then whether that has real-time scheduling.
        self.realtime: bool | None = None
        self.broken: frozenset[int] = frozenset()
        self.receivers: dict[int, Receive] = {}
        #: Why it is over; empty while it is not.
        self.over = ""
        self._on_end = on_end
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._answers: dict[int, dict[str, Any]] = {}
        self._asked = 0
        self._tried: float | None = None
        self._process = subprocess.Popen(
            [*command(), client, patience],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # So that Ctrl-C in the terminal is ours alone.
            start_new_session=True,
        )
        self._commands = cast("TextIO", self._process.stdin)
        threading.Thread(target=self._listen, name="midi jack", daemon=True).start()

    def wait_until_ready(self) -> None:
        """Wait for the server, as long as that may take. Raises `MidiGoneError` that says why there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._tried is not None or self.over, START_SECONDS)
            self._changed.wait_for(lambda: self.ready or self.over, CONNECT_SECONDS)
        if not self.ready:
            reason = self.over or _STUCK
            self.kill(reason)
            raise MidiGoneError(reason)

    @property
    def ready(self) -> bool:
        """Whether it serves a server that lives."""
        return self.realtime is not None and not self.over

    def is_stuck(self, seconds: float) -> bool:
        """Whether it has been in one attempt to find a server for ``seconds``."""
        return not self.ready and self._tried is not None and time.monotonic() - self._tried > seconds

    def ask(self, do: str, **what: object) -> dict[str, Any]:
        """Have it do something, and return its answer. Raises OSError where that fails, `MidiGoneError` at the end."""
        with self._changed:
            self._asked += 1
            number = self._asked
        if not self._say(json.dumps({"id": number, "do": do, **what})):
            self.kill(_STUCK)
        with self._changed:
            self._changed.wait_for(lambda: number in self._answers or self.over, ANSWER_SECONDS)
            answer = self._answers.pop(number, None)
        if answer is None:
            self.kill(self.over or _STUCK)
            raise MidiGoneError(self.over)
        if "error" in answer:
            raise OSError(answer["error"])
        return answer

    def send(self, number: int, message: mido.Message) -> None:
        """Send on port ``number``. Raises OSError when it is over."""
        if self.over or not self._say(f"s {number} {message.bin().hex()}", timeout=-1):
            raise OSError(self.over)

    def close_port(self, number: int) -> None:
        """Close port ``number`` once all that was sent before is out; does not wait for it."""
        self.receivers.pop(number, None)
        if not self.over:
            self._say(json.dumps({"id": 0, "do": "close", "number": number}), timeout=-1)

    def end(self) -> None:
        """Have it close what is open and end; after `END_SECONDS` it is ended."""
        is_asked = self._say(json.dumps({"id": 0, "do": "end"}))
        with self._changed:
            self.over = self.over or "closed"
        if is_asked:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
        self.kill("closed")

    def kill(self, reason: str) -> None:
        """End it at once."""
        with self._changed:
            self.over = self.over or reason
        self._process.kill()
        self._process.wait()

    def _say(self, line: str, timeout: float = ANSWER_SECONDS) -> bool:
        """Whether that got through to it; a pipe that is full for ``timeout`` seconds (-1: any time) is none."""
        if not self._writing.acquire(timeout=timeout):
            return False
        try:
            self._commands.write(line + "\n")
            self._commands.flush()
        except (OSError, ValueError):
            return False
        else:
            return True
        finally:
            self._writing.release()

    def _listen(self) -> None:
        with cast("TextIO", self._process.stdout) as lines:
            for line in lines:
                if line.startswith("m "):
                    _, number, data = line.split()
                    receive = self.receivers.get(int(number))
                    if receive is not None:
                        receive(bytes.fromhex(data))
                else:
                    self._heard(json.loads(line))
        self._process.wait()
        with self._changed:
            self.over = self.over or "MIDI's own process ended"
            self._changed.notify_all()
        with contextlib.suppress(OSError):
            self._commands.close()
        self._on_end(self)

    def _heard(self, said: dict[str, Any]) -> None:
        with self._changed:
            match said:
                case {"id": int(number)}:
                    if number:
                        self._answers[number] = said
                case {"trying": True}:
                    self._tried = time.monotonic()
                case {"ready": True, "realtime": bool(realtime)}:
                    self.realtime = realtime
                case {"broken": list(broken)}:
                    self.broken = frozenset(broken)
                case {"none": str(reason)}:
                    self.over = reason
                case {"mixed_up": True}:
                    self.over = _MIXED_UP
                case {"gone": str(reason)}:
                    self.over = reason
            self._changed.notify_all()


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
        try:
            self._process = JackProcess(client, "wait" if wait else "once", self._ended)
            if not wait:
                self._process.wait_until_ready()
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
        if process.is_stuck(ATTEMPT_SECONDS):
            process.kill(_STUCK)
        if process.is_stuck(CONNECT_SECONDS):
            self._last_words = _STUCK
        if process.over:
            self._renew(process)
        if not process.ready:
            raise MidiGoneError(f"{_sentence(self._last_words)}. {_way_out(self._last_words)}.")
        return process

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
                self._process = JackProcess(self._client, "wait", self._ended)
            except OSError as error:
                self._last_words = f"MIDI's own process cannot be started ({error})"


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
    if reason == _MIXED_UP:
        return "Its ports are opened anew"
    return f"{'End it and start it again' if reason == _STUCK else 'Start it'}: midifrag goes on with it by itself"


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}"
