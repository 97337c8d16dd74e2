"""Parts of a benchmark, each in a process of its own with a limit: one that fails or hangs costs the others nothing."""

from __future__ import annotations

import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, TypeAlias

#: Bytes of the card's memory that all programs together use; None where nobody tells.
Probe: TypeAlias = Callable[[], int | None]
#: Seconds between two looks at the card's memory.
_PROBE_SECONDS = 1.0


@dataclass(slots=True)
class Outcome:
    """What became of a part: ``trouble`` is empty where it came to its end. ``memory`` is the most that was seen."""

    trouble: str = ""
    seconds: float = 0.0
    memory: int | None = None


@dataclass(slots=True)
class Reading:
    """Lines of a running part; `outcome` is there once they have ended."""

    command: Sequence[str]
    limit: float
    probe: Probe
    outcome: Outcome = field(default_factory=Outcome)

    def lines(self) -> Iterator[str]:
        """Run it, and hand on what it prints as it comes. Past its limit it is killed."""
        began = time.monotonic()
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
            process = subprocess.Popen(
                self.command, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8", errors="replace"
            )
            assert process.stdout is not None
            try:
                yield from self._lines(process, began)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
            self.outcome.seconds = time.monotonic() - began
            if not self.outcome.trouble and process.returncode:
                errors.seek(0)
                last = ([line.strip() for line in errors if line.strip()] or ["it said nothing"])[-1]
                self.outcome.trouble = f"failed with {process.returncode}: {last}"

    def _lines(self, process: subprocess.Popen[str], began: float) -> Iterator[str]:
        said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process.stdout, said), name="part", daemon=True).start()
        while True:
            left = self.limit - (time.monotonic() - began)
            if left <= 0:
                self.outcome.trouble = f"out of time after {self.limit:.0f} s; what stands above it holds"
                return
            self._look()
            try:
                line = said.get(timeout=min(left, _PROBE_SECONDS))
            except queue.Empty:
                continue
            if line is None:
                process.wait(timeout=max(0.1, left))
                return
            yield line

    def _look(self) -> None:
        used = self.probe()
        if used is not None:
            self.outcome.memory = max(used, self.outcome.memory or 0)


def _read(output: IO[str], said: queue.SimpleQueue[str | None]) -> None:
    with output:
        for line in output:
            said.put(line.rstrip("\n"))
    said.put(None)


def card_memory(run: Callable[[Sequence[str]], str]) -> Probe:
    """Asks ``nvidia-smi`` for the first card's memory in use; asks no more once it has not answered."""
    gone = False

    def probe() -> int | None:
        nonlocal gone
        if gone:
            return None
        try:
            told = run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"])
            return int(told.split()[0]) << 20
        except (OSError, subprocess.SubprocessError, ValueError, IndexError):
            gone = True
            return None

    return probe


def command_for(part: str, arguments: Sequence[str]) -> list[str]:
    """What runs a part of `benchmarks.gpu`."""
    return [sys.executable, "-m", "benchmarks.gpu", "--part", part, *arguments]
