"""A private JACK server, and an independent MIDI client in its own process, for tests over real ports."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mido
import pytest

#: Generous: a loaded machine may take long, a healthy one needs a fraction.
PATIENCE = 20.0
BACKEND = "mido.backends.rtmidi/UNIX_JACK"


class Peer:
    """A MIDI program in its own process with a virtual output and a virtual input, both called ``name``.

    It knows nothing of midifrag. ``received`` has every message that came in, in order.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.received: list[mido.Message] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.jack_peer", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "ready"
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

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

    def kill(self) -> None:
        """Die at once, as a pulled plug does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._reader.join()

    def _read(self) -> None:
        with contextlib.suppress(ValueError):
            for line in self._process.stdout or ():
                message = mido.Message.from_bytes(json.loads(line))
                with self._changed:
                    self.received.append(message)
                    self._changed.notify_all()


#: Few and fixed: JACK keeps the names of servers that died badly, has room for eight, and forgets one only when a
#: server of the same name starts.
_NAMES = tuple(f"midifrag-{number}" for number in range(5))
#: Ends the server when its input closes, also when the tests were killed.
_GUARD = '"$@" & server=$!; read -r _; kill $server; wait $server'


class Server:
    """A JACK server of this process's own, on the dummy device; clients find it by the environment.

    ``realtime`` needs rights that a test machine may lack; without it JACK drops a busy machine's late cycles.
    """

    def __init__(self, *, realtime: bool = False) -> None:
        name, lock = _free_name()
        os.environ["JACK_DEFAULT_SERVER"] = name
        os.environ["JACK_NO_START_SERVER"] = "1"
        mode = "--realtime" if realtime else "--no-realtime"
        command = ["jackd", mode, "--no-mlock", "-n", name, "-d", "dummy", "-r", "44100", "-p", "128"]
        self._guard = subprocess.Popen(
            ["sh", "-c", _GUARD, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[lock],
        )
        os.close(lock)
        deadline = time.monotonic() + PATIENCE
        while not _answers():
            if time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("jackd did not start")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server; clients that are still there lose it."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait()


def _free_name() -> tuple[str, int]:
    """A server name that no other test run uses, and its lock: a file that the server's guard keeps open."""
    for name in _NAMES:
        lock = os.open(Path(tempfile.gettempdir()) / f"{name}.lock", os.O_RDWR | os.O_CREAT)
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return name, lock
        os.close(lock)
    raise RuntimeError(f"all of {', '.join(_NAMES)} are in use")


def _answers() -> bool:
    asked = subprocess.run(["jack_lsp"], capture_output=True, timeout=PATIENCE, check=False)
    return asked.returncode == 0


@pytest.fixture(scope="session")
def jack_server() -> Iterator[str]:
    """The name of the mido backend on a running private JACK server."""
    if shutil.which("jackd") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("jackd is not installed; these tests must run in CI")
        pytest.skip("jackd is not installed (Debian: apt install jackd2)")
    server = Server()
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
