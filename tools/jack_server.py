"""A private JACK server on the dummy device, for tests and benchmarks over real ports. Needs Debian's jackd2."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

BACKEND = "mido.backends.rtmidi/UNIX_JACK"
#: Seconds. Generous: a loaded machine may take long, a healthy one needs a fraction.
PATIENCE = 120.0
#: Seconds for the first try.
FIRST_TRY = 30.0
ANSWER = 10.0
#: JACK's own place.
SHARED = Path("/dev/shm")  # noqa: S108
#: Few and fixed: JACK keeps the names of servers that died badly, has room for eight, and forgets one only when a
#: server of the same name starts.
_NAMES = tuple(f"midifrag-{number}" for number in range(5))
#: Ends the server when its input closes, also when the process that made it was killed.
_GUARD = '"$@" & server=$!; read -r _; kill $server; wait $server'


class Server:
    """A JACK server of this process's own, on the dummy device; clients find it by the environment.

    It asks its clients for ``period`` frames at once, and has so many ``channels`` out. ``realtime`` needs
    rights that a test machine may lack; without it JACK drops a busy machine's late cycles. With ``name`` it takes the
    place of an earlier one of that name, whose clients may still wait for it.
    """

    def __init__(
        self, *, realtime: bool = False, name: str | None = None, period: int = 128, channels: int = 2
    ) -> None:
        self._period, self._channels = period, channels
        if not self._starts_within(FIRST_TRY, realtime, _NAMES if name is None else (name,)):
            self.kill()
            _forget_metadata()
            _forget_servers()
            if not self._starts_within(PATIENCE, realtime, (self.name,)):
                self.kill()
                raise RuntimeError("jackd did not start")

    def _starts_within(self, seconds: float, realtime: bool, names: Sequence[str]) -> bool:
        with _starting():
            return self._answers_within(seconds, realtime, names)

    def _answers_within(self, seconds: float, realtime: bool, names: Sequence[str]) -> bool:
        self.name, lock = _free_name(names)
        _forget_clients(self.name)
        os.environ["JACK_DEFAULT_SERVER"] = self.name
        os.environ["JACK_NO_START_SERVER"] = "1"
        mode = "--realtime" if realtime else "--no-realtime"
        command = ["jackd", mode, "--no-mlock", "-n", self.name, "-d", "dummy", "-r", "44100"]
        command += ["-p", str(self._period), "-P", str(self._channels)]
        self._guard = subprocess.Popen(
            ["sh", "-c", _GUARD, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[lock],
        )
        os.close(lock)
        deadline = time.monotonic() + seconds
        while not _answers():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    @property
    def guard(self) -> int:
        """The process whose only child is the server."""
        return self._guard.pid

    @property
    def pid(self) -> int:
        """The server itself."""
        return psutil.Process(self.guard).children()[0].pid

    def kill(self) -> None:
        """End the server as a crash does, also while it is stopped."""
        with contextlib.suppress(IndexError, ProcessLookupError, psutil.NoSuchProcess):
            os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        """End the server; clients that are still there lose it."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        try:
            self._guard.wait(ANSWER)
        except subprocess.TimeoutExpired:
            # jackd may hang at its end over a client that is gone.
            with contextlib.suppress(IndexError, ProcessLookupError, psutil.NoSuchProcess):
                os.kill(self.pid, signal.SIGKILL)
            self._guard.wait()


@contextlib.contextmanager
def _starting(*, alone: bool = False) -> Iterator[bool]:
    """While a server is started, by whom else too; ``alone``, if nobody does: whether that is so."""
    # Not on Windows, where this module is imported all the same.
    import fcntl

    with (Path(tempfile.gettempdir()) / "midifrag-starting.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        except BlockingIOError:
            yield False
            return
        yield True


def realtime_allowed() -> bool:
    """Whether a process started from this one may ask for real-time scheduling."""
    ask = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    return subprocess.run([sys.executable, "-c", ask], stderr=subprocess.DEVNULL, check=False).returncode == 0


def _free_name(names: Sequence[str]) -> tuple[str, int]:
    """One of ``names`` that no other process uses, and its lock: a file that the server's guard keeps open."""
    # Not on Windows, where this module is imported all the same.
    import fcntl

    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for name in names:
            lock = os.open(Path(tempfile.gettempdir()) / f"{name}.lock", os.O_RDWR | os.O_CREAT)
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return name, lock
            os.close(lock)
        _end_unguarded(names)
        time.sleep(0.2)
    raise RuntimeError(f"all of {', '.join(names)} are in use")


def _end_unguarded(names: Sequence[str]) -> None:
    """End servers whose guard was killed: they hang at their end over a client that is gone, and keep their name."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if command[:1] != ["jackd"] or not set(command) & set(names):
                continue
            parent = process.parent()
            if parent is None or _GUARD not in parent.cmdline():
                process.kill()
                process.wait(ANSWER)
                _forget_metadata()


def _forget_metadata() -> None:
    """Remove the database of metadata, which a server that was killed may have left locked for ever."""
    for left in SHARED.glob("jack_db-*"):
        shutil.rmtree(left, ignore_errors=True)


def _forget_servers() -> None:
    """Where no server runs, nor is started, remove what dead ones left: their names may take all the room there is."""
    with _starting(alone=True) as is_alone:
        # Anybody's server counts; one in another container that shares this folder is not seen.
        living = {
            one.info["name"]
            for one in psutil.process_iter(["name", "status"])
            if one.info["status"] != psutil.STATUS_ZOMBIE
        }
        if not is_alone or living & {"jackd", "jackdbus"}:
            return
        for left in SHARED.glob("jack-*"):
            with contextlib.suppress(OSError):
                if left.stat().st_uid == os.getuid():
                    left.unlink()


def _forget_clients(name: str) -> None:
    """Remove what killed clients left of an earlier server of this name: a new one could wait on it for ever."""
    for left in SHARED.glob(f"jack_sem.*_{name}_*"):
        left.unlink(missing_ok=True)


def _answers() -> bool:
    try:
        asked = subprocess.run(["jack_lsp"], capture_output=True, timeout=ANSWER, check=False)
    except subprocess.TimeoutExpired:
        # A client that comes while the server starts may wait for ever.
        return False
    return asked.returncode == 0
