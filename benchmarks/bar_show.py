"""A show whose pads land on the bar, over JACK: it follows the clock of `benchmarks.bar_recording.Client`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.bar_client import CHANNELS
from benchmarks.bar_recording import PATIENCE, Client
from midifrag.show.session_log import read_session
from tools.jack_server import BACKEND

FIRST_NOTE = 36
#: Seconds of jitter in the clock, and between two looks.
JITTER, LOOK = 0.002, 0.2
#: Seconds that a press has to arrive before it counts as lost, and between two looks for it.
ARRIVES, SOON = 5.0, 0.05


class Performance:
    """A show over JACK, its MIDI clock, and what its log says."""

    def __init__(self, folder: Path, bpm: float, *, spares: bool) -> None:
        self.folder, self.bpm = folder, bpm
        _write_show(folder, bpm, spares=spares)
        self.client = Client(folder, "midifrag-player")
        command = [sys.executable, "-u", "-m", "midifrag", "run", "--no-page"]
        self._said = (folder / "said").open("w", encoding="utf-8")
        self._show = subprocess.Popen(command, cwd=folder, stdout=self._said, stderr=subprocess.STDOUT)

    def until(self, holds: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Wait until something holds of the session log. Raises RuntimeError."""
        deadline = time.monotonic() + PATIENCE
        while not holds(self.log()):
            if time.monotonic() > deadline or self._show.poll() is not None:
                raise RuntimeError(f"it did not come about: {(self.folder / 'said').read_text()[-2000:]}")
            time.sleep(LOOK)

    def log(self) -> list[dict[str, Any]]:
        """The session log so far."""
        files = sorted((self.folder / "fragments" / "archive" / "sessions").glob("*.jsonl"))
        return list(read_session(files[0])) if files else []

    def begin(self) -> None:
        """Wait until it plays and its spares are there, and keep the clock from then on."""
        self.until(lambda log: any(one["event"] == "PlaybackChanged" and one["state"] == "playing" for one in log))
        self.until(lambda log: any(one["event"] == "EngineChanged" and one["state"] == "ready" for one in log))
        self.client.ask(clock=self.bpm, jitter=JITTER)
        self.until(lambda log: any(one["event"] == "TimeChanged" and _follows(one, self.bpm) for one in log))
        # The line through the clock's ticks, and the one through the callbacks' times, are sure by then.
        time.sleep(5)

    @property
    def underruns(self) -> int:
        """How many the player has told of."""
        return max((int(one["underruns"]) for one in self.log() if one["event"] == "PlaybackChanged"), default=0)

    def press(self, notes: Sequence[int]) -> None:
        """Press pads, once more those whose press JACK has lost."""
        before, missing = self._jobs(), list(notes)
        deadline = time.monotonic() + PATIENCE
        while missing:
            if time.monotonic() > deadline:
                raise RuntimeError(f"presses do not arrive: {(self.folder / 'said').read_text()[-2000:]}")
            self.client.ask(press=[FIRST_NOTE + note for note in missing])
            tried = time.monotonic()
            while missing and time.monotonic() < tried + ARRIVES:
                time.sleep(SOON)
                now = self._jobs()
                missing = [note for note in missing if now[note] == before[note]]

    def _jobs(self) -> Counter[int]:
        jobs = {(one["job"], int(one["prompt"].split()[-1])) for one in self.log() if one["event"] == "JobChanged"}
        return Counter(pad for _job, pad in jobs)

    def end(self) -> None:
        """End the show, and then who recorded it."""
        if self._show.poll() is None:
            self._show.send_signal(signal.SIGINT)
            try:
                self._show.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._show.kill()
        self.client.end()
        self._said.close()


@contextmanager
def performance(bpm: float, *, spares: bool) -> Iterator[Performance]:
    """A show that plays."""
    with tempfile.TemporaryDirectory() as made:
        one = Performance(Path(made), bpm, spares=spares)
        try:
            one.begin()
            yield one
        finally:
            one.end()


def landed(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a log that say what has landed."""
    return [one for one in log if one["event"] == "JobChanged" and one["state"] == "landed"]


def have_landed(count: int) -> Callable[[list[dict[str, Any]]], bool]:
    """What holds of a log once so many have landed."""
    return lambda log: len(landed(log)) >= count


def _follows(line: dict[str, Any], bpm: float) -> bool:
    time = line["timeline"]
    return bool(time["source"].startswith("midi") and time["running"] and abs(time["bpm"] / bpm - 1) < 0.01)


def _write_show(folder: Path, bpm: float, *, spares: bool) -> None:
    # A landing's samples are those of each other one of its pad: it is found by them in what was recorded.
    pads = {
        FIRST_NOTE + number: {"prompt": f"noise {number}", "seconds": 0.3}
        | ({"seed": number, "slot": 1 + number} if spares else {})
        for number in range(CHANNELS)
    }
    settings = {
        "model": "sketch",
        "backend": BACKEND,
        "ports": {"bars": {"in": "bars out", "out": "bars in"}},
        "set_list": ["bars"],
        "tempo": bpm,
        "time": {"source": "midi:bars"},
        "notify": {"port": "bars"},
        "defaults": {"land": "bar"},
        "fragments": {"count": CHANNELS if spares else 4 * CHANNELS, "trim": False, "fade_ms": 0.5},
        "playback": {"device": "default", "outputs": {1 + number: [1 + number] for number in range(CHANNELS)}},
        "engine": {"spares": {"enabled": spares}},
    }
    (folder / "presets").mkdir(parents=True)
    # JSON is YAML.
    (folder / "presets.yaml").write_text(json.dumps(settings), encoding="utf-8")
    bank = {"name": "Bars", "pads": pads}
    (folder / "presets" / "bars.yaml").write_text(json.dumps(bank), encoding="utf-8")
