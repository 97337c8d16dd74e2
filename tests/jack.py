"""The JACK server of a test run, and an independent MIDI client in its own process, for tests over real ports."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import mido
import pytest

from midifrag.midi.jack_client import server_name
from midifrag.midi.jack_waking import memory_maps, wakes
from tests.support import PATIENCE
from tools.jack_server import BACKEND, Server, realtime_allowed

#: Seconds that a message which JACK may have left out has to arrive, before it is sent again.
EACH = 5.0


def again_and_again(attempt: Callable[[], bool]) -> bool:
    """Whether ``attempt`` succeeds at last.

    When a client is late, as all are on a busy machine, JACK leaves out a cycle with all that is in it: so what has to
    arrive is sent until it does.
    """
    deadline = time.monotonic() + PATIENCE
    while not attempt():
        if time.monotonic() > deadline:
            return False
    return True


class Peer:
    """A MIDI program in its own process with a virtual output and a virtual input, both called ``name``.

    It knows nothing of midifrag. ``received`` has every message that came in, in order.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.received: list[mido.Message] = []
        self._changed = threading.Condition()
        self._process = self._begun()
        while not self._is_woken():
            self._end()
            self._process = self._begun()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _begun(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.jack_peer", self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        return process

    def _is_woken(self) -> bool:
        """Whether JACK wakes both of its clients: one that came while another program left may never be."""
        maps = memory_maps(self._process.pid)
        return all(wakes(maps, server_name(), f"{self.name}{end}") is not False for end in ("", "-01"))

    def send(self, *messages: mido.Message | list[int]) -> None:
        """Send messages or raw bytes, in order."""
        data = [message.bytes() if isinstance(message, mido.Message) else message for message in messages]
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(data) + "\n")
        self._process.stdin.flush()

    def wait_for(self, condition: Callable[[list[mido.Message]], bool], timeout: float = PATIENCE) -> bool:
        """Wait until ``condition`` holds for what was received."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self.received), timeout)

    @property
    def standing(self) -> str:
        """Whether it lives, and whether what it says is still read."""
        return f"exit {self._process.poll()}, {'read' if self._reader.is_alive() else 'not read any more'}"

    def kill(self) -> None:
        """Die at once, as a pulled plug does."""
        self._end()
        self._reader.join()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _read(self) -> None:
        with contextlib.suppress(ValueError):
            for line in self._process.stdout or ():
                message = mido.Message.from_bytes(json.loads(line))
                with self._changed:
                    self.received.append(message)
                    self._changed.notify_all()


@pytest.fixture(scope="session")
def jack_server() -> Iterator[str]:
    """The name of the mido backend on a running private JACK server."""
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed (Debian: apt install jackd2)")
    # In real-time mode where this machine allows it, as on a stage: else JACK drops what comes while a program is late.
    server = Server(realtime=realtime_allowed())
    yield BACKEND
    server.stop()


@pytest.fixture
def peer(jack_server: str) -> Iterator[Callable[[str], Peer]]:
    """Makes peers; those still alive at the end are ended."""
    peers: list[Peer] = []

    def make(name: str) -> Peer:
        peers.append(Peer(name))
        return peers[-1]

    yield make
    for made in peers:
        made.kill()
