"""What the show's side talks to in tests: a small script, over the real socket."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from midifrag.doors.live.meeting import Meeting
from tests.support import PATIENCE

HAS = ["replace_sample", "create_audio_clip"]


def until(condition: Callable[[], Any]) -> Any:
    """Wait until something is so, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, "did not come about"
        time.sleep(0.005)
    return found


class Peer:
    """A connection that says lines and reads some; ``hello`` as the script does."""

    def __init__(self, meeting: Meeting) -> None:
        self.meeting = meeting
        self.socket = socket.create_connection(("127.0.0.1", meeting.port), timeout=PATIENCE)
        self._file = self.socket.makefile("rb")

    @classmethod
    def at(cls, path: Path) -> Peer:
        """Connected to the show that a file names, once there is one."""
        return cls(until(lambda: Meeting.read(path)))

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def say(self, kind: str, **keys: Any) -> None:
        self.send(json.dumps({"type": kind, **keys}).encode() + b"\n")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hello(self, **keys: Any) -> Any:
        """Say who it is, and return the first answer."""
        self.say("hello", **{"token": self.meeting.token, "script": 1, "live": "12.4.1", "has": HAS, **keys})
        return self.hear()

    def hear(self, *, but: tuple[str, ...] = ("ping",)) -> Any:
        """The next message that is none of some kinds; None where the other side has closed."""
        while True:
            try:
                line = self._file.readline()
            except ConnectionError:
                return None
            if not line:
                return None
            message = json.loads(line)
            if message["type"] not in but:
                return message
