"""What midifrag itself adds between a press and what a performer hears and sees of it.

    uv run python -m benchmarks.latency

Three tables, each of one run on this machine:

- press → queued feedback over a private JACK server while a long render runs, beside a bare python-rtmidi echo in a
  process of its own, with presses to the two in turn; JACK runs in real-time mode, as on a stage, where the system
  allows it (the last line says which it was);
- press → landed with a spare ready;
- press → landed minus the engine's own time.

Needs jackd. A press is a note-on from this process; its feedback is timed when this process receives it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rtmidi

from midifrag.events import EngineChanged, JobChanged, PadChanged, StateChange
from midifrag.pad_key import PadKey
from midifrag.states import JobState, PadState

QUEUED = 13
#: Seconds between two presses: longer than any answer, short enough for hundreds, and never in step with landings.
PACE = (0.02, 0.08)
#: Seconds between two looks for an answer.
POLL = 0.0002
PATIENCE = 120.0
#: An answer later than this counts as lost.
ANSWER_SECONDS = 2.0
ECHO = """
import sys, time, rtmidi
source = rtmidi.MidiIn(rtapi=rtmidi.API_UNIX_JACK, name="echo")
sink = rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name="echo")
source.set_callback(lambda packet, _data: sink.send_message(packet[0]))
source.open_virtual_port("echo in"); sink.open_virtual_port("echo out")
print("ready", flush=True); sys.stdin.read()
"""


class Line:
    """A JACK output and input of this process, connected to another program's ports; times answers."""

    def __init__(self, to: str, back: str) -> None:
        self._answered = threading.Event()
        self._at = 0.0
        self._wanted: Callable[[list[int]], bool] = lambda _message: False
        self._source = rtmidi.MidiIn(rtapi=rtmidi.API_UNIX_JACK, name="bench")
        self._sink = rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name="bench")
        _connect(self._sink, to)
        _connect(self._source, back)
        # Polled: Python on JACK's thread makes this client late, and the next message, wherever from, is lost.
        threading.Thread(target=self._poll, daemon=True).start()

    def ask(self, message: Sequence[int], wanted: Callable[[list[int]], bool]) -> float | None:
        """Seconds from sending ``message`` to the first answer that is ``wanted``; None if JACK lost either."""
        self._wanted = wanted
        self._answered.clear()
        sent = time.perf_counter()
        self._sink.send_message(message)
        return self._at - sent if self._answered.wait(ANSWER_SECONDS) else None

    def _poll(self) -> None:
        while True:
            packet = self._source.get_message()
            if packet is None:
                time.sleep(POLL)
            elif not self._answered.is_set() and self._wanted(packet[0]):
                self._at = time.perf_counter()
                self._answered.set()


def _connect(client: Any, port: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = [index for index, name in enumerate(client.get_ports()) if port in name]
        if found:
            client.open_port(found[0])
            return
        time.sleep(0.1)
    raise RuntimeError(f"no JACK port with {port!r}")


def feedback(presses: int) -> dict[str, list[float | None]]:
    """Press to queued feedback in seconds (None: lost): of midifrag during a render, and of the bare echo."""
    from tests.jack import Server

    server = Server(realtime=realtime_allowed())
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        echo = stack.enter_context(_echo())
        show = stack.enter_context(_show(folder))
        del echo, show
        lines = {"midifrag": Line("bench in", "bench out"), "bare echo": Line("echo in", "echo out")}
        _wait_until_ready(folder)
        lines["midifrag"].ask([0x90, 37, 100], lambda m: m[0] == 0x90 and m[1:] == [37, 45])
        times: dict[str, list[float | None]] = {name: [] for name in lines}
        answers = {
            "midifrag": lambda m: m[0] == 0x90 and m[1:] == [36, QUEUED],
            "bare echo": lambda m: m[:2] == [0x90, 36],
        }
        pauses = random.Random(1)
        for _ in range(presses):
            for name, line in lines.items():
                times[name].append(line.ask([0x90, 36, 100], answers[name]))
                time.sleep(pauses.uniform(*PACE))
        return times


def realtime_allowed() -> bool:
    """Whether a process started from this one may ask for real-time scheduling."""
    ask = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    return subprocess.run([sys.executable, "-c", ask], stderr=subprocess.DEVNULL, check=False).returncode == 0


@contextlib.contextmanager
def _echo() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _show(folder: Path) -> Iterator[None]:
    """``midifrag run`` with a diffusion model of pocket's size; pad 37 renders long, pad 36 replaces its own press."""
    write_random_pocket(folder / "model")
    (folder / "presets").mkdir()
    (folder / "presets.yaml").write_text(
        "model: random\nmodels: {random: {folder: model}}\nset_list: [bench]\n"
        'ports: {pads: {in: {virtual: "bench in"}, out: {virtual: "bench out"}}}\n'
        "backend: mido.backends.rtmidi/UNIX_JACK\nengine: {spares: {enabled: false}}\nqueue: {size: 10000}\n"
    )
    (folder / "presets" / "bench.yaml").write_text(
        'name: Bench\npads:\n  36: {prompt: "x", seconds: 1, steps: 4, on_repress: replace}\n'
        '  37: {prompt: "y", seconds: 3, steps: 1000}\n'
    )
    log = (folder / "out.txt").open("w")
    command = [sys.executable, "-m", "midifrag", "run", str(folder / "presets.yaml"), "--no-page"]
    process = subprocess.Popen([*command, "--fragments", str(folder / "fragments")], stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()
        log.close()


def _wait_until_ready(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while " ready: " not in (folder / "out.txt").read_text():
        if time.monotonic() > deadline:
            raise RuntimeError((folder / "out.txt").read_text())
        time.sleep(0.2)


def write_random_pocket(folder: Path) -> None:
    """A model folder with the small built-in architecture and random weights."""
    from safetensors.torch import save_file

    from benchmarks.architectures import random_model, write_tokenizer

    folder.mkdir(parents=True)
    model = random_model("pocket")
    config = json.loads(json.dumps(model.config))
    write_tokenizer(folder / "tokenizer")
    for entry in config["model"]["conditioning"]["configs"]:
        if entry["type"] == "lut":
            entry["config"]["tokenizer_name"] = "tokenizer"
    (folder / "model_config.json").write_text(json.dumps(config))
    save_file({k: v.contiguous().clone() for k, v in model.module.state_dict().items()}, folder / "model.safetensors")


class _Landings:
    """Waits for what a running show does."""

    def __init__(self) -> None:
        self.landed: list[JobChanged] = []
        self.states: dict[PadKey, PadState] = {}
        self.ready = False
        self.news = threading.Condition()

    def __call__(self, change: StateChange) -> None:
        with self.news:
            match change:
                case JobChanged(state=JobState.LANDED):
                    self.landed.append(change)
                case PadChanged():
                    self.states[change.pad] = change.state
                case EngineChanged(state="ready"):
                    self.ready = True
            self.news.notify_all()

    def wait(self, condition: Callable[[], bool]) -> None:
        with self.news:
            if not self.news.wait_for(condition, PATIENCE):
                raise RuntimeError(f"nothing within {PATIENCE:.0f} s; pads: {self.states}")


def landings(presses: int, spares: bool) -> list[float]:
    """Seconds from press to landed: all of it with a spare ready, else what is not the engine's."""
    from midifrag.config.loading import load
    from midifrag.midi.messages import NoteOn
    from midifrag.show.playing import ClipPorts
    from midifrag.show.runtime import Runtime

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_random_pocket(folder / "model")
        (folder / "presets").mkdir()
        (folder / "presets.yaml").write_text(
            f"model: random\nmodels: {{random: {{folder: model}}}}\nset_list: [bench]\n"
            f"fragments: {{folder: '{folder / 'fragments'}'}}\n"
            f"engine: {{spares: {{enabled: {str(spares).lower()}}}}}\n"
        )
        (folder / "presets" / "bench.yaml").write_text('name: Bench\npads: {36: {prompt: "x", seconds: 3, steps: 8}}\n')
        runtime = Runtime(load(folder / "presets.yaml", environment={}), ClipPorts("midifrag"))
        seen = _Landings()
        runtime.start()
        try:
            runtime.watch(seen, "benchmark")
            seen.wait(lambda: seen.ready)
            for number in range(1, presses + 1):
                if spares:
                    seen.wait(lambda: seen.states.get(PadKey(36)) is PadState.READY)
                runtime.put(NoteOn("midifrag", 1, 36, 100, runtime.clock.now()))
                seen.wait(lambda number=number: len(seen.landed) >= number)
        finally:
            runtime.close()
        if spares and not all(job.spare for job in seen.landed):
            raise RuntimeError("a press was rendered although a spare was ready")
        return [_own_time(job, spares) for job in seen.landed]


def _own_time(job: JobChanged, spare: bool) -> float:
    whole = job.times.until_landed or 0.0
    return whole if spare else whole - (job.engine_seconds or 0.0)


def row(name: str, seconds: Sequence[float | None]) -> str:
    """One line of the table, in milliseconds."""
    ordered = sorted(one for one in seconds if one is not None)
    lost = len(seconds) - len(ordered)
    shares = [ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1000 for share in (0.5, 0.95, 0.99)]
    return f"| {name} | {len(seconds)} | {lost} | " + " | ".join(f"{one:.2f}" for one in shares) + " |"


def difference(times: dict[str, list[float | None]], share: float = 0.99, draws: int = 4000) -> tuple[float, ...]:
    """How much later midifrag's answer comes than the echo's at a quantile, in ms, and what 95 % of resamplings say.

    A handful of presses decides such a figure, so it is worth little without its interval.
    """
    ours, echo = (np.asarray([one for one in times[name] if one is not None]) for name in ("midifrag", "bare echo"))
    rng = np.random.default_rng(1)
    drawn = [
        np.quantile(rng.choice(ours, len(ours)), share) - np.quantile(rng.choice(echo, len(echo)), share)
        for _ in range(draws)
    ]
    exact = np.quantile(ours, share) - np.quantile(echo, share)
    return tuple(1000 * float(value) for value in (exact, *np.quantile(drawn, (0.025, 0.975))))


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--presses", type=int, default=1000)
    parser.add_argument("--landings", type=int, default=60)
    options = parser.parse_args()
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    print("| what | presses | lost | p50 ms | p95 ms | p99 ms |\n| --- | --- | --- | --- | --- | --- |")
    times = feedback(options.presses)
    for name, seconds in times.items():
        print(row(f"press → queued feedback over JACK while rendering: {name}", seconds), flush=True)
    print(row("press → landed, spare ready", landings(options.landings, spares=True)), flush=True)
    print(row("press → landed minus engine time", landings(options.landings, spares=False)))
    for share in (0.5, 0.95, 0.99):
        exact, low, high = difference(times, share)
        print(f"p{share * 100:.0f} of midifrag minus that of the bare echo: {exact:.2f} ms ({low:.2f} to {high:.2f})")
    print(f"JACK ran {'in' if realtime_allowed() else 'without'} real-time mode")


if __name__ == "__main__":
    main()
