"""JACK's process from the show's side: what it is asked, what it answers, and when it is given up."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO, cast

import mido

from midifrag.clock import monotonic
from midifrag.errors import MidiGoneError
from midifrag.midi.protocol import Receive
from midifrag.scheduling import run_before_others

#: How long a Python process may take to start, on a machine as busy as one can be, in seconds.
START_SECONDS = 30.0
#: How long a server may take to let a process in at the start of a show, when it may still be at clearing away one that
#: was killed, in seconds.
FIRST_SECONDS = 5.0
#: How long a server may take to let a client in later, and how long to answer anything else, in seconds.
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 2.0
#: How long an attempt to find a server may take before it is given up for a new one, in seconds.
ATTEMPT_SECONDS = 4.0
#: How long the process may take to end by itself, in seconds.
END_SECONDS = 2.0
STUCK = "the JACK server does not answer: it is stopped, or it hangs"
MIXED_UP = "JACK mixed up its programs when one of them left, and one is never woken"


def command() -> tuple[str, ...]:
    """What starts it. -P: the folder that midifrag was started in is the performer's, and no place to import from."""
    return (sys.executable, "-P", "-m", "midifrag.midi.jack_process")


class JackProcess:
    """The process for one server's life. ``on_end`` is called once when it is over, on a thread of its own.

    ``patience``: what it does where there is no server: ``once`` ends, ``wait`` waits for one. ``bears``: seconds in
    which it does not end where JACK has mixed up its programs.
    """

    def __init__(self, client: str, patience: str, on_end: Callable[[JackProcess], None], bears: float = 0.0) -> None:
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
            [*command(), client, patience, str(bears)],
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
        """Wait for the server, as long as one attempt may take. Raises `MidiGoneError` that says why there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._tried is not None or self.over, START_SECONDS)
            self._changed.wait_for(lambda: self.ready or self.over, FIRST_SECONDS)
        # One that has served and is over by now is replaced, as at any later moment.
        if self.realtime is None:
            reason = self.over or STUCK
            self.kill(reason)
            raise MidiGoneError(reason)

    @property
    def ready(self) -> bool:
        """Whether it serves a server that lives."""
        return self.realtime is not None and not self.over

    @property
    def is_stuck(self) -> bool:
        """Whether it has been in one attempt to find a server for longer than a server needs to let a client in."""
        return self._has_tried_for(CONNECT_SECONDS)

    @property
    def is_past_hope(self) -> bool:
        """Whether that attempt is to be given up for a new one."""
        return self._has_tried_for(ATTEMPT_SECONDS)

    def _has_tried_for(self, seconds: float) -> bool:
        return not self.ready and self._tried is not None and monotonic() - self._tried > seconds

    def ask(self, do: str, **what: object) -> dict[str, Any]:
        """Have it do something, and return its answer. Raises OSError where that fails, `MidiGoneError` at the end."""
        with self._changed:
            self._asked += 1
            number = self._asked
        if not self._say(json.dumps({"id": number, "do": do, **what})):
            self.kill(STUCK)
        with self._changed:
            self._changed.wait_for(lambda: number in self._answers or self.over, ANSWER_SECONDS)
            answer = self._answers.pop(number, None)
        if answer is None:
            self.kill(self.over or STUCK)
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
        run_before_others()
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
                    self._tried = monotonic()
                case {"ready": True, "realtime": bool(realtime)}:
                    self.realtime = realtime
                case {"broken": list(broken)}:
                    self.broken = frozenset(broken)
                case {"none": str(reason)}:
                    self.over = reason
                case {"mixed_up": True}:
                    self.over = MIXED_UP
                case {"gone": str(reason)}:
                    self.over = reason
            self._changed.notify_all()
