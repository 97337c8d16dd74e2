"""What `benchmarks.bar_client` hears in a process of its own: clock and notes, as it says them, and recorded audio."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from benchmarks.bar_client import CHANNELS, HEAD
from midifrag.playback.memory import Single

RATE = 44100
#: Seconds for what is sure to come.
PATIENCE = 120.0


class Client:
    """`benchmarks.bar_client` in a process of its own, and what it says."""

    def __init__(self, folder: Path, player: str) -> None:
        self.file = folder / "recorded"
        command = [sys.executable, "-m", "benchmarks.bar_client", "bars", player, str(self.file)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert json.loads(self._process.stdout.readline()) == {"ready": True}
        self.start: int | None = None
        self.notes: list[tuple[int, int]] = []
        self._times: list[tuple[int, float]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ask(self, **asked: object) -> None:
        """Have it do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """Have it write what is left, and end."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
            self._process.wait(PATIENCE)
            self._reader.join(PATIENCE)
            if self._process.stdout is not None:
                self._process.stdout.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            told = json.loads(line)
            if "time" in told:
                self._times.append((told["time"][0], told["time"][1]))
            elif "note" in told:
                self.notes.append((told["note"], told["frame"]))
            elif "start" in told:
                self.start = told["start"]

    # --- when it was -------------------------------------------------------------------------------------------------

    def moment_of(self, frame: float) -> float:
        """When a frame was, in monotonic seconds: by the middle one of the times around it, JACK's may be off."""
        rows = np.array(self._times)
        near = rows[np.abs(rows[:, 0] - frame) < RATE / 2]
        return float(np.median(near[:, 1] - (near[:, 0] - frame) / RATE))

    def frame_at(self, moment: float) -> int:
        """The frame at a moment, nearly."""
        rows = np.array(self._times)
        row = rows[int(np.argmin(np.abs(rows[:, 1] - moment)))]
        return round(float(row[0] + (moment - row[1]) * RATE))


class Recording:
    """What a client recorded."""

    def __init__(self, file: Path) -> None:
        data = np.memmap(file, np.uint8, "r")
        self._blocks: list[tuple[int, Single]] = []
        at = 0
        while at + HEAD.size <= len(data):
            frame, count = HEAD.unpack(bytes(data[at : at + HEAD.size]))
            at += HEAD.size
            size = 4 * CHANNELS * count
            if at + size > len(data):
                break
            self._blocks.append((frame, data[at : at + size].view(np.float32).reshape(CHANNELS, count)))
            at += size
        self._begins = [frame for frame, _ in self._blocks]

    def channel(self, number: int, begin: int, end: int) -> Single | None:
        """A channel from one frame to another; None where something is missing."""
        first = max(0, int(np.searchsorted(self._begins, begin, "right")) - 1)
        parts, due = [], None
        for frame, block in self._blocks[first:]:
            if due is not None and frame != due:
                return None
            parts.append(block[number])
            due = frame + block.shape[1]
            if due >= end:
                whole = np.concatenate(parts)[begin - self._begins[first] :]
                return whole[: end - begin] if begin >= self._begins[first] else None
        return None
