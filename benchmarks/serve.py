"""What a server on this machine adds to its engine: processor time a request, and time to audio beside it alone.

    uv run --extra serve python -m benchmarks.serve [--requests 96] [--repeats 3] [--skip-pocket]

`midifrag serve` runs on a Ray of its own; its engine sleeps for as long as pocket takes on a card (20 ms a take, 40 for
eight) and gives 3 s of stereo, so that what is measured is Ray's and the line's. Beside it, the same worker in a thread
of this process, by turns within one run. Then pocket itself, eight in flight, direct and served, by turns on the same
cores. Requests come on one connection. Processor time is that of all the server's processes, less what they take while
nobody asks, and that of the client. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from benchmarks.crowd.served import Served, served
from benchmarks.crowd.step_times import TIMES
from benchmarks.crowd.timed_engine import TimedWorker
from benchmarks.line_load import Asked, asking, decibels, far, loaded
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.registry import create_engine

TIMED, IN_FLIGHT = "card", (1, 4, 16)
#: Seconds for which a server is left alone, to see what it takes then.
IDLE = 8.0
#: What is aimed at: processor time a request at the most in flight, audio beside direct, pocket beside direct.
MOST_MS, MOST_RATIO, MOST_POCKET = 30.0, 3.0, 1.1


@dataclass(frozen=True, slots=True)
class Row:
    """Of so many in flight: medians in seconds, and processor seconds a request."""

    in_flight: int
    direct: float
    through: float
    server: float
    client: float


def timed_rows(requests: int, repeats: int) -> list[Row]:
    """Through a server and direct, by turns."""
    direct = ThreadHost(lambda _choice: TimedWorker(TIMES[TIMED]), EngineChoice("timed"))
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), "timed", times=TIMED) as server:
        through = far(server.url, server.token_file, "timed")
        with asking([direct, through]) as (here, there):
            numbers = count(1, requests)
            loaded([there], 4, 16, next(numbers))
            idle = _idle(server)
            return [_row(in_flight, here, there, server, idle, requests, repeats, numbers) for in_flight in IN_FLIGHT]


def _row(
    in_flight: int,
    here: Asked,
    there: Asked,
    server: Served,
    idle: float,
    requests: int,
    repeats: int,
    numbers: count[int],
) -> Row:
    direct, through, processor, client = (list[float]() for _ in range(4))
    for _ in range(repeats):
        direct += loaded([here], in_flight, requests, next(numbers), seconds=0.5).seconds
        before, mine = _total(server), time.process_time()
        load = loaded([there], in_flight, requests, next(numbers), seconds=0.5)
        client.append((time.process_time() - mine) / requests)
        processor.append((_total(server) - before - idle * load.whole) / requests)
        through += load.seconds
    middle = statistics.median
    return Row(in_flight, middle(direct), middle(through), middle(processor), middle(client))


def _total(server: Served) -> float:
    return sum(server.processor_seconds().values())


def _idle(server: Served) -> float:
    """Processor seconds a second while nobody asks."""
    time.sleep(2.0)
    before = _total(server)
    time.sleep(IDLE)
    return (_total(server) - before) / IDLE


def pocket_ratios(requests: int, repeats: int, in_flight: int = 8) -> tuple[list[tuple[float, float]], str]:
    """Seconds a request with so many in flight, direct and through a server, by turns; and how alike the takes are."""
    found = []
    direct = create_engine(EngineChoice("pocket"))
    asked: dict[str, Any] = {"seconds": 3.0, "steps": 20}
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), "pocket") as server,
        asking([direct, far(server.url, server.token_file, "pocket")]) as (here, there),
    ):
        numbers = count(1, requests)
        for one in (here, there):
            loaded([one], in_flight, in_flight, next(numbers), **asked)
        for _ in range(repeats):
            each = [loaded([one], in_flight, requests, next(numbers), **asked).each for one in (here, there)]
            found.append((each[0], each[1]))
        noise = decibels(here, there, next(numbers), **asked)
        alike = "equal bit by bit" if math.isinf(noise) else f"{noise:.1f} dB signal to noise"
        precision = f"{here.precision} here, {there.precision} there"
        return found, f"The same seed ({precision}), alone here and among seven others there: {alike}."


def timed_table(rows: Sequence[Row]) -> str:
    """Markdown."""
    lines = [
        "| in flight | direct p50 | through the server p50 | ratio | processor a request: server | client |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        times = f"{1000 * row.direct:.0f} ms | {1000 * row.through:.0f} ms | {row.through / row.direct:.2f}"
        lines.append(f"| {row.in_flight} | {times} | {1000 * row.server:.1f} ms | {1000 * row.client:.1f} ms |")
    last, worst = rows[-1], max(row.through / row.direct for row in rows)
    lines += ["", _verdict("processor time a request", 1000 * last.server, MOST_MS, " ms")]
    lines.append(_verdict("audio beside direct", worst, MOST_RATIO, " ×"))
    return "\n".join(lines)


def _verdict(what: str, found: float, most: float, unit: str) -> str:
    reached = "reached" if found <= most else "missed"
    return f"{what}: {found:.2f}{unit}, the aim of {most:g}{unit} is {reached}."


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=96)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--skip-pocket", action="store_true")
    parser.add_argument("--skip-timed", action="store_true")
    asked = parser.parse_args()
    print(f"load of the machine at the beginning: {psutil.getloadavg()[0]:.1f}\n")
    if not asked.skip_timed:
        print(timed_table(timed_rows(asked.requests, asked.repeats)), flush=True)
    if not asked.skip_pocket:
        ratios, alike = pocket_ratios(24, asked.repeats)
        each = ", ".join(f"{one:.3f} / {other:.3f} s" for one, other in ratios)
        ratio = statistics.median(other / one for one, other in ratios)
        print(f"\npocket, eight in flight, a request direct / served: {each}")
        print(_verdict("pocket beside direct", ratio, MOST_POCKET, " ×"))
        print(alike)


if __name__ == "__main__":
    main()
