"""``midifrag run`` as its own process over real JACK ports, with an independent MIDI program at the other end."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from midifrag.show.session_log import read_session
from tests.support import PATIENCE
from tools.jack_server import BACKEND

BANK = """
name: Opening
program: 1
pads:
  36: {prompt: "short kick", seconds: 0.5}
  37: {prompt: "rain", seconds: 4}
  38: {prompt: "rim", seconds: 0.3, on_repress: ignore}
"""
SECOND_BANK = """
name: Second
program: 2
pads: {36: {prompt: "bell", seconds: 1}}
"""


def write_show(folder: Path, peer: str, extra: str = "") -> Path:
    """A show whose only device is the peer."""
    (folder / "presets").mkdir(parents=True, exist_ok=True)
    show = f"""
    model: sketch
    backend: {BACKEND}
    ports:
      pads: {{in: "{peer} out", out: "{peer} in"}}
    set_list: [opening, second]
    engine: {{spares: {{enabled: false}}}}
    """
    # Not Link, unless a test says so: other shows on this machine are in its session.
    time = "" if "time:" in extra else "time: {source: midi}\n"
    (folder / "presets.yaml").write_text(textwrap.dedent(show) + time + textwrap.dedent(extra), encoding="utf-8")
    (folder / "presets" / "opening.yaml").write_text(BANK, encoding="utf-8")
    (folder / "presets" / "second.yaml").write_text(SECOND_BANK, encoding="utf-8")
    return folder / "presets.yaml"


def session_lines(path: Path) -> list[dict[str, Any]]:
    """All events of one session log."""
    return list(read_session(path))


@dataclass(frozen=True)
class Log:
    """What a session log says so far."""

    lines: list[dict[str, Any]]

    def heard(self, note: int) -> int:
        """How often a note was pressed."""
        return sum(line["event"] == "NoteOn" and line["note"] == note for line in self.lines)

    def jobs(self, note: int) -> list[str]:
        """How far the jobs of a pad are, in the order of their presses."""
        changes = [line for line in self.lines if line["event"] == "JobChanged" and line["pad"] == str(note)]
        return list({line["job"]: line["state"] for line in changes}.values())

    def has_landed(self, note: int) -> bool:
        """Whether every press of a pad that found room in the queue has landed, and there was one."""
        states = self.jobs(note)
        return len(states) == self.heard(note) and set(states) - {"refused"} == {"landed"}


class Performance:
    """A running ``midifrag run`` or another command; its lines are collected as they come."""

    def __init__(self, folder: Path, *flags: str, command: tuple[str, ...] = ("run", "--no-page")) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "midifrag", *command, *flags],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Performance:
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self._over()

    def wait_for_line(self, part: str, count: int = 1, seconds: float = PATIENCE) -> None:
        """Wait until so many of its lines have ``part`` in them."""
        assert self.says(part, count, seconds), f"no line with {part!r} {count} times in {self.lines}"

    def line_with(self, *parts: str) -> str:
        """The first line that has any of these parts in it, once there is one."""

        def found() -> str | None:
            return next((line for line in self.lines if any(part in line for part in parts)), None)

        with self._news:
            line = self._news.wait_for(found, PATIENCE)
        assert line is not None, f"no line with any of {parts} in {self.lines}"
        return line

    def says(self, part: str, count: int = 1, seconds: float = PATIENCE) -> bool:
        """Whether so many of its lines have ``part`` in them within that time."""
        with self._news:
            return self._news.wait_for(lambda: sum(part in line for line in self.lines) >= count, seconds)

    def wait_for_log(self, condition: Callable[[Log], Any], seconds: float = PATIENCE) -> bool:
        """Whether ``condition`` holds for the newest session log within that time."""
        deadline = time.monotonic() + seconds
        while not condition(self.log()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self._over()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self._over()

    @property
    def fragments(self) -> Path:
        return self.folder / "fragments"

    def log(self) -> Log:
        """The newest session log as far as it is written, which is a little behind what pads show."""
        logs = (self.fragments / "archive" / "sessions").glob("*.jsonl")
        newest = max(logs, key=lambda path: path.stat().st_mtime_ns, default=None)
        return Log(session_lines(newest) if newest else [])

    def _read(self) -> None:
        for line in self.process.stdout or ():
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()

    def _over(self) -> int:
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code
