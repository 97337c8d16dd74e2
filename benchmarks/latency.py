"""What midifrag itself adds between a press and what a performer hears and sees of it.

    uv run python -m benchmarks.latency

Tables, each of one run on this machine:

- press → queued feedback over a private JACK server while a long render runs, beside a bare python-rtmidi echo in a
  process of its own, with presses to the two in turn; JACK runs in real-time mode, as on a stage, where the system
  allows it (the last line says which it was);
- where that time goes, within one process, with ports in memory in JACK's place: the port's thread, the way to the
  bridge's thread, and from there to the output's;
- press → landed with a spare ready;
- press → landed minus the engine's own time.

Needs jackd. A press is a note-on from this process; its feedback is timed when this process receives it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

import mido
import numpy as np

from benchmarks.jack_line import Line, echo
from benchmarks.pocket_shows import BUSY, PATIENCE, in_memory, on_jack, wait_until_ready
from midifrag.commands.run import SWITCH_INTERVAL
from midifrag.events import JobChanged
from midifrag.midi.messages import NoteOn
from midifrag.pad_key import PadKey
from midifrag.states import PadState
from midifrag.surface import make_surface
from midifrag.surface.driver import PadLight
from tools.jack_server import Server, realtime_allowed

QUEUED, RENDERING = (
    make_surface("echo").show(PadLight(0, 1, state))[0].velocity for state in (PadState.QUEUED, PadState.RENDERING)
)
#: Seconds between two presses: longer than any answer, short enough for hundreds, and never in step with landings.
PACE = (0.02, 0.08)


def feedback(presses: int) -> dict[str, list[float | None]]:
    """Press to queued feedback in seconds (None: lost): of midifrag during a render, and of the bare echo."""
    server = Server(realtime=realtime_allowed())
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        stack.enter_context(echo())
        said = stack.enter_context(on_jack())
        lines = {"midifrag": Line("bench in", "bench out"), "bare echo": Line("echo in", "echo out")}
        wait_until_ready(said)
        lines["midifrag"].ask([0x90, 37, 100], lambda m: m[0] == 0x90 and m[1:] == [37, RENDERING])
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


def stages(presses: int) -> dict[str, list[float | None]]:
    """What a press's time until its queued light is made of, in seconds, while a long render runs."""
    moments: dict[str, float] = {}
    lit = threading.Event()

    def noted(name: str, is_meant: Callable[..., bool], real: Callable[..., None]) -> Callable[..., None]:
        def call(*given: Any) -> None:
            if is_meant(*given):
                moments[name] = time.perf_counter()
            real(*given)
            if name == "lit" and name in moments:
                lit.set()

        return call

    def is_press(item: object) -> bool:
        return isinstance(item, NoteOn)

    def is_light(_port: str, message: mido.Message) -> bool:
        return bool(message.type == "note_on" and (message.note, message.velocity) == (36, QUEUED))

    # As `midifrag run` does.
    sys.setswitchinterval(SWITCH_INTERVAL)
    times: dict[str, list[float | None]] = {name: [] for name in ("port", "to the bridge", "to the light")}
    with in_memory(spares=False, pads=BUSY) as (runtime, _seen, ports):
        hear = noted("taken", is_press, runtime.bridge.handle)
        light = noted("lit", is_light, ports.record)
        with patch.object(runtime.bridge, "handle", hear), patch.object(ports, "record", light):
            ports.play("midifrag", [0x90, 37, 100])
            pauses = random.Random(1)
            for _ in range(presses):
                time.sleep(pauses.uniform(*PACE))
                moments.clear()
                lit.clear()
                pressed = time.perf_counter()
                ports.play("midifrag", [0x90, 36, 100])
                heard = time.perf_counter()
                if not lit.wait(PATIENCE):
                    raise RuntimeError("a press was not lit")
                times["port"].append(heard - pressed)
                # The bridge may be at it before the port's thread goes on.
                times["to the bridge"].append(max(0.0, moments["taken"] - heard))
                times["to the light"].append(moments["lit"] - moments["taken"])
    return times


def landings(presses: int, spares: bool) -> list[float]:
    """Seconds from press to landed: all of it with a spare ready, else what is not the engine's."""
    with in_memory(spares) as (runtime, seen, _ports):
        for number in range(1, presses + 1):
            if spares:
                seen.wait(lambda: seen.states.get(PadKey(36)) is PadState.READY)
            runtime.put(NoteOn("midifrag", 1, 36, 100, runtime.clock.now()))
            seen.wait_for(number)
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
    for name, seconds in stages(options.presses // 3).items():
        print(row(f"press → queued light in one process: {name}", seconds), flush=True)
    print(row("press → landed, spare ready", landings(options.landings, spares=True)), flush=True)
    print(row("press → landed minus engine time", landings(options.landings, spares=False)))
    for share in (0.5, 0.95, 0.99):
        exact, low, high = difference(times, share)
        print(f"p{share * 100:.0f} of midifrag minus that of the bare echo: {exact:.2f} ms ({low:.2f} to {high:.2f})")
    print(f"JACK ran {'in' if realtime_allowed() else 'without'} real-time mode")


if __name__ == "__main__":
    main()
