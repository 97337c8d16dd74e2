"""One act of a campaign: ``midifrag run`` with all that surrounds it, and the means to hurt and heal each part."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import mido
import psutil

from midifrag.states import JobState
from tests.faults.browsers import Browser
from tests.faults.disk import Disk, DiskState
from tests.faults.setting import CONTROLLER
from tests.faults.terminal import Terminal, TerminalKind
from tests.jack import Peer
from tests.support.performing import Log, session_lines
from tools.jack_server import Server, realtime_allowed

#: Seconds for what is sure to come about on a busy machine.
PATIENCE = 180.0
LOCALES = ("C.UTF-8", "C", "POSIX")


class ActError(Exception):
    """What had to come about did not."""


class Act:
    """A running show, its controller, its browsers and its disk.

    ``sent`` counts presses from the controller by note; ``lossy`` says that some may not have arrived, since a port was
    hurt. ``touched`` are the slots whose files somebody else removed. ``models`` are those that it plays with.
    """

    def __init__(
        self, folder: Path, disk: Disk, jack: Server, dice: random.Random, models: Collection[str] = ()
    ) -> None:
        self._models = models
        self.folder, self.disk, self.jack, self.dice = folder, disk, jack, dice
        self.sent: Counter[int] = Counter()
        self.lossy = False
        self.touched: set[int] = set()
        self.browsers: list[Browser] = []
        self.controller = Peer(CONTROLLER)
        self._began = time.time()
        self.terminal_kind = dice.choice(list(TerminalKind))
        self.locale = dice.choice(LOCALES)
        self.terminal = Terminal(self.terminal_kind)
        environment = {**os.environ, "LC_ALL": self.locale, "COLUMNS": "200", **disk.environment}
        environment.pop("PYTHONUTF8", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "midifrag", "run", "presets.yaml"],
            stdin=subprocess.DEVNULL,
            stdout=self.terminal.program_end,
            stderr=self.terminal.program_end,
            cwd=folder,
            env=environment,
            start_new_session=True,
            # A campaign under nohup hands on that a closed terminal is to be ignored.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        self.terminal.started()

    # --- looking -----------------------------------------------------------------------------------------------------

    @property
    def fragments(self) -> Path:
        """Where the slots lie."""
        return self.folder / "fragments"

    @property
    def archive(self) -> Path:
        """Where the takes lie."""
        return self.fragments / "archive"

    @property
    def address(self) -> str | None:
        """Where the page is, once it is."""
        found = re.search(r"http://127\.0\.0\.1:\d+/", self.terminal.text)
        return found[0] if found else None

    def log(self) -> Log:
        """What the session log of this act says so far."""
        lines = [line for path in self._logs() for line in session_lines(path) if line["at"] >= self._began]
        return Log(sorted(lines, key=lambda line: line["at"]))

    def wait_until_playable(self) -> None:
        """Wait until ports are open, the page is served and the models are ready. Raises `ActError`."""

        def ready(log: Log) -> bool:
            ports = {line["direction"]: line["state"] for line in log.lines if line["event"] == "PortChanged"}
            is_served = ports == {"in": "open", "out": "open"} and self.address is not None
            return is_served and engines_rest(log, *self._models)

        self._wait(ready, "the show did not become ready")

    def wait_until_quiet(self) -> None:
        """Wait until no job is under way, engines are ready and nothing more is said. Raises `ActError`."""
        said = -1

        def quiet(log: Log) -> bool:
            nonlocal said
            before, said = said, len(log.lines)
            return said == before and engines_rest(log) and not unended(log)

        self._wait(quiet, "what was under way did not end", every=0.8)

    def _wait(self, condition: object, otherwise: str, every: float = 0.2) -> None:
        assert callable(condition)
        deadline = time.monotonic() + PATIENCE
        while not condition(self.log()):
            if self.process.poll() is not None:
                raise ActError(f"it ended with {self.process.returncode}: {self.terminal.text[-2000:]}")
            if time.monotonic() > deadline:
                raise ActError(
                    f"{otherwise} within {PATIENCE:.0f} s: {unended(self.log())}, {self.terminal.text[-2000:]}"
                )
            time.sleep(every)

    def children(self, kind: str) -> list[psutil.Process]:
        """The show's processes of one kind: ``page``, ``engine``, ``player`` or ``midi``."""
        with contextlib.suppress(psutil.Error):
            return [one for one in psutil.Process(self.process.pid).children() if _kind_of(one) == kind]
        return []

    def _logs(self) -> Iterator[Path]:
        found = (self.archive / "sessions").glob("*.jsonl*")
        return (path for path in found if path.stat().st_mtime >= self._began)

    def controller_stands(self) -> str:
        """What the controller got and what JACK has connected, for who looks into a light that is wrong."""
        lines = subprocess.run(
            ["jack_lsp", "-c"],
            env={**os.environ, "JACK_DEFAULT_SERVER": self.jack.name, "JACK_NO_START_SERVER": "1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        ).stdout
        received = self.controller.received
        got = f"the controller got {len(received)} messages, {self.controller.standing}; last {received[-3:]}"
        return f"{got}; JACK has {' '.join(lines.split())}"

    # --- playing -----------------------------------------------------------------------------------------------------

    def play(self, *notes: int, velocity: int = 100) -> None:
        """Press these notes on the controller, at once."""
        with contextlib.suppress(OSError):
            self.controller.send(*(mido.Message("note_on", note=note, velocity=velocity) for note in notes))
            self.sent.update(notes)

    def send(self, *messages: mido.Message | list[int]) -> None:
        """Send something else from the controller."""
        with contextlib.suppress(OSError):
            self.controller.send(*messages)

    def replug(self) -> None:
        """Pull the controller's plug and put it back."""
        self.lossy = True
        self.controller.kill()
        time.sleep(self.dice.choice([0.0, 0.1, 0.6, 1.5]))
        self.controller = Peer(CONTROLLER)

    def restart_jack(self, pause: float) -> None:
        """End JACK as a crash does, and start it again after so many seconds."""
        self.lossy = True
        # The server first: one that is killed while it sees a client off leaves a database locked for all servers.
        self.jack.kill()
        self.controller.kill()
        time.sleep(pause)
        self.jack = _started_again(self.jack.name)
        self.controller = Peer(CONTROLLER)

    # --- hurting and healing -----------------------------------------------------------------------------------------

    def heal(self) -> None:
        """Undo all that was done: nothing is stopped, the disk is well, what stood in the way is gone."""
        self.disk.set(DiskState.WELL)
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.resume()
        for path in self.fragments.glob("output*.wav"):
            if not path.is_file():
                path.unlink()

    def end(self, how: signal.Signals) -> int:
        """End the show by a signal, healed before; returns its exit code. Raises `ActError` if it does not end."""
        if how is signal.SIGHUP:
            self.terminal.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(how)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise ActError(f"it did not end within {PATIENCE:.0f} s of {how.name}") from None
        finally:
            self.leave()

    def leave(self) -> None:
        """Let nothing of this act stay behind."""
        for browser in self.browsers:
            browser.close()
        self.browsers.clear()
        left = [self.process.pid] if self.process.poll() is None else []
        for pid in left:
            with contextlib.suppress(psutil.Error):
                for child in psutil.Process(pid).children(recursive=True):
                    child.kill()
            self.process.kill()
            self.process.wait()
        self.controller.kill()
        self.terminal.close()


def _started_again(name: str) -> Server:
    """A server in the place of one that was killed. It may find what that one left, and start only the next time."""
    for _ in range(2):
        with contextlib.suppress(RuntimeError):
            return Server(realtime=realtime_allowed(), name=name)
    return Server(realtime=realtime_allowed(), name=name)


def unended(log: Log) -> dict[int, str]:
    """The jobs that are still under way, with their states."""
    states = {line["job"]: line["state"] for line in log.lines if line["event"] == "JobChanged"}
    return {job: state for job, state in states.items() if not JobState(state).ended}


def engines_rest(log: Log, *models: str) -> bool:
    """Whether every engine that said something is ready, and one is; of ``models`` also those that said nothing yet."""
    states: dict[str, str | None] = dict.fromkeys(models)
    states |= {line["model"]: line["state"] for line in log.lines if line["event"] == "EngineChanged"}
    return bool(states) and set(states.values()) == {"ready"}


def _kind_of(process: psutil.Process) -> str | None:
    with contextlib.suppress(psutil.Error):
        command = " ".join(process.cmdline())
        if "jack_process" in command:
            return "midi"
        if "spawn_main" in command:
            if any("portaudio" in one.path for one in process.memory_maps()):
                return "player"
            return "page" if process.net_connections("tcp") else "engine"
    return None
