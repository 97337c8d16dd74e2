"""What lands on the bar, as an independent program hears it: its audio, its note, and what was promised.

    uv run python -m benchmarks.on_the_bar --bpm 30 92.5 120 174

Over JACK's dummy server in real-time mode: `midifrag run` follows the MIDI clock of `benchmarks.bar_client`, whose
ticks are off by up to 2 ms, and eight pads with spares land on each bar, each on a channel of its own. Audio and notes
are placed by JACK's frame times. Then, without spares, presses at random moments: after ten of learning, was the
promised bar right? Needs Debian's jackd2 and libportaudio2.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bar_client import CHANNELS, HEAD
from midifrag.fragment.audio_files import read_wav
from midifrag.playback.memory import Single
from midifrag.show.session_log import read_session
from tools.jack_server import BACKEND, Server, realtime_allowed

RATE, FIRST_NOTE = 44100, 36
#: Seconds: of jitter in the clock, for what is sure to come, between two looks, and around a boundary.
JITTER, PATIENCE, LOOK, AROUND = 0.002, 120.0, 0.2, 0.25
#: Seconds that a press has to arrive before it counts as lost, and between two looks for it.
ARRIVES, SOON = 5.0, 0.05
#: Presses without spares that are learned from.
LEARNED = 10
#: Seconds of a fragment's beginning that are looked for.
BEGINNING = 0.1
#: How much of a sound's own energy must be found where it is said to be.
SURE = 0.5


@dataclass(frozen=True, slots=True)
class Landing:
    """A fragment that has landed: its slot and boundary in monotonic seconds, and in quarter notes of the clock.

    ``audio``, ``grid`` and ``note`` are seconds from the boundary to its first sample as it was recorded, to the bar of
    who sent the clock, and to its note; ``counted`` is to its first sample as the player itself has it. None: JACK lost
    it.
    """

    slot: int
    at: float
    position: float
    missed: int
    as_promised: bool
    counted: float | None
    audio: float | None
    note: float | None
    grid: float


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


def _landed(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in log if one["event"] == "JobChanged" and one["state"] == "landed"]


# --- what was heard --------------------------------------------------------------------------------------------------


def eight_a_boundary(show: Performance, boundaries: int) -> list[Landing]:
    """Land eight fragments, so many times; what became of each, as it was recorded."""
    show.until(
        lambda log: (
            len({one["pad"] for one in log if one["event"] == "PadChanged" and one["state"] == "ready"}) == CHANNELS
        )
    )
    for number in range(boundaries):
        show.press(range(CHANNELS))
        show.until(lambda log, number=number: len(_landed(log)) >= CHANNELS * (1 + number))  # type: ignore[misc]  # mypy infers no lambda's default
        # What has just landed sounds to its end, and the next presses come somewhere in the bar.
        time.sleep(0.5 + random.random() * 60 / show.bpm)
    show.end()
    sounds = {
        slot: read_wav(show.folder / "fragments" / f"output{slot:02d}.wav")[0].mean(axis=0)
        for slot in range(1, 1 + CHANNELS)
    }
    recording, log = Recording(show.client.file), show.log()
    return [_heard(show, recording, log, job, sounds[job["slot"]]) for job in _landed(log)]


def _heard(
    show: Performance, recording: Recording, log: list[dict[str, Any]], job: dict[str, Any], sound: Single
) -> Landing:
    client, boundary, slot = show.client, job["boundary"], job["slot"]
    at = boundary["at"]
    frame = client.frame_at(at)
    counted = [one["moment"] for one in log if one["event"] == "Sounding" and one["on"] and one["job"] == job["job"]]
    notes = [client.moment_of(at) for note, at in client.notes if note == slot and abs(at - frame) < AROUND * RATE]
    begins = _beginning(recording, slot - 1, frame, sound)
    promised = [
        one["boundary"]["bar"]
        for one in log
        if one["event"] == "JobChanged" and one["job"] == job["job"] and one["boundary"]
    ]
    grid = (client.start or 0) + boundary["position"] * 60 / show.bpm * RATE
    return Landing(
        slot,
        at,
        boundary["position"],
        job["missed"],
        promised[0] == boundary["bar"],
        counted[0] - at if counted else None,
        None if begins is None else client.moment_of(begins) - at,
        notes[0] - at if notes else None,
        client.moment_of(grid) - at,
    )


def _beginning(recording: Recording, channel: int, frame: int, sound: Single) -> int | None:
    """The frame that a sound begins at near another one; None where what was recorded has a hole."""
    around, part = round(AROUND * RATE), sound[: round(BEGINNING * RATE)].astype(np.float64)
    heard = recording.channel(channel, frame - around, frame + around + len(part))
    if heard is None:
        return None
    match = np.correlate(heard.astype(np.float64), part, "valid")
    best = int(np.argmax(match))
    energy = np.sqrt((heard[best : best + len(part)].astype(np.float64) ** 2).sum() * (part**2).sum())
    return frame - around + best if match[best] > SURE * energy > 0 else None


# --- what was promised -----------------------------------------------------------------------------------------------


def promises(show: Performance, presses: int) -> tuple[int, int]:
    """Press at random moments, without spares: how many promises were right, of how many after those learned from."""
    for number in range(LEARNED + presses):
        show.press([number % CHANNELS])
        time.sleep(0.2 + random.random() * 0.6)
    show.until(lambda log: len(_landed(log)) >= LEARNED + presses)
    log = show.log()
    jobs = sorted(_landed(log), key=lambda one: one["job"])[LEARNED:]
    first: dict[int, int] = {}
    for one in log:
        if one["event"] == "JobChanged" and one["boundary"]:
            first.setdefault(one["job"], one["boundary"]["bar"])
    return sum(first[one["job"]] == one["boundary"]["bar"] for one in jobs), len(jobs)


def in_ms(values: Sequence[float | None]) -> dict[str, float | int]:
    """Milliseconds: the middle one, and how far off from nothing most are."""
    there = [1000 * value for value in values if value is not None]
    off = sorted(map(abs, there))
    cuts = statistics.quantiles(off, n=100, method="inclusive")
    told = {"earliest": min(there), "median": statistics.median(there), "latest": max(there)}
    told |= {f"off_p{at}": cuts[at - 1] for at in (50, 95, 99)} | {"off_worst": off[-1]}
    return {name: round(value, 3) for name, value in told.items()} | {
        "of": len(there),
        "lost": len(values) - len(there),
    }


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bpm", type=float, nargs="+", default=[30, 92.5, 120, 174])
    parser.add_argument("--boundaries", type=int, default=8)
    parser.add_argument("--presses", type=int, default=40, help="without spares, after ten of learning")
    parser.add_argument("--period", type=int, default=256, help="frames of JACK's period")
    chosen = parser.parse_args()
    server = Server(realtime=realtime_allowed(), period=chosen.period, channels=CHANNELS)
    try:
        for bpm in chosen.bpm:
            with performance(bpm, spares=True) as show:
                landings = eight_a_boundary(show, chosen.boundaries)
                told: dict[str, object] = {"bpm": bpm, "load": round(os.getloadavg()[0], 1)}
                told |= {"underruns": show.underruns, "missed": sum(one.missed for one in landings)}
            told["with_spares_as_promised"] = f"{sum(one.as_promised for one in landings)} of {len(landings)}"
            for name in ("audio", "counted", "note", "grid"):
                told[f"{name}_ms"] = in_ms([getattr(one, name) for one in landings])
            with performance(bpm, spares=False) as show:
                right, of = promises(show, chosen.presses)
            told["without_spares_as_promised"] = f"{right} of {of}"
            print(json.dumps(told), flush=True)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
