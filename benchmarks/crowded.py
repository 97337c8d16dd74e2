"""A render while another program wants a core: with as many threads as ever, and as the engine does it.

    uv run python -m benchmarks.crowded

The other program takes a share of one core all the time, in bursts of 3 ms, as a DAW does. Rendering has the niceness
that it has in the engine's process.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import torch

from benchmarks.cases import POCKET
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.hosting.child import NICENESS
from midifrag.engine.protocol import EngineChoice

PRESSES = 5
BUSY = """
import time
while True:
    end = time.time() + 0.003 * {share}
    while time.time() < end:
        pass
    if {share} < 1:
        time.sleep(0.003 * (1 - {share}))
"""


@contextlib.contextmanager
def busy(share: float) -> Iterator[None]:
    """Have another program take this share of one core."""
    program = subprocess.Popen([sys.executable, "-c", BUSY.format(share=share)]) if share else None
    try:
        # As long as it takes to be noticed.
        time.sleep(1.0)
        yield
    finally:
        if program is not None:
            program.kill()
            program.wait()


def render(worker: DiffusionWorker, job: int) -> float:
    """Seconds that one request takes."""
    start = time.perf_counter()
    worker.submit(POCKET.render(job))
    while worker.busy:
        worker.tick()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print a table."""
    threads = torch.get_num_threads()
    worker = DiffusionWorker(EngineChoice("pocket"))
    for _ in worker.load():
        pass
    fixed = DiffusionWorker.from_model(worker.model)
    for one in (worker, fixed):
        for _ in one.warm((POCKET.render(),)):
            pass
    process = psutil.Process()
    if sys.platform != "win32":
        process.nice(process.nice() + NICENESS)
    print(f"| another program takes of one core | {threads} threads | threads for free cores |\n| --- | --- | --- |")
    for share in (0.0, 0.4, 1.0):
        with busy(share):
            torch.set_num_threads(threads)
            before = (
                render(fixed, 1) if share == 1.0 else statistics.median(render(fixed, job) for job in range(PRESSES))
            )
            time.sleep(1.0)
            after = statistics.median(render(worker, job) for job in range(PRESSES))
        print(f"| {share:.0%} | {before * 1e3:.0f} ms | {after * 1e3:.0f} ms |", flush=True)
    worker.close()


if __name__ == "__main__":
    main()
