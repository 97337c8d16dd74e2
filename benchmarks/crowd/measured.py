"""How long the ticks of a real model take on this machine, by how many requests are in flight."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence

from benchmarks.crowd.step_times import StepTimes
from midifrag.clock import monotonic
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.messages import Progress, Render, Rendered, Started
from midifrag.engine.protocol import EngineChoice



def measured(
    name: str, source: str, steps: int = 20, seconds: float = 3.0, sizes: Sequence[int] = (1, 2, 4, 8), repeats: int = 3
) -> StepTimes:
    """The times of ``pocket``, in-process and alone: medians over all ticks of a kind."""
    worker = DiffusionWorker(EngineChoice("pocket"))
    for _ in worker.load():
        pass
    example = Render(0, "a bell", seconds=seconds, seed=1, steps=steps)
    for _ in worker.warm((example,)):
        pass
    begins: list[float] = []
    by_size: dict[str, dict[int, float]] = {"step": {}, "decode": {}}
    take_bytes = 0
    for size in sizes:
        ticks: dict[str, list[float]] = defaultdict(list)
        for repeat in range(repeats):
            for number in range(size):
                worker.submit(Render(100 * repeat + number + 1, f"a bell {number}", seconds=seconds, seed=1, steps=steps))
            while worker.busy:
                began = monotonic()
                told = worker.tick()
                took = monotonic() - began
                if any(isinstance(one, Started) for one in told):
                    begins.append(took / sum(isinstance(one, Started) for one in told))
                elif takes := [one for one in told if isinstance(one, Rendered)]:
                    take_bytes = takes[0].audio.nbytes
                    ticks["decode"].append(took)
                elif sum(isinstance(one, Progress) for one in told) == size:
                    ticks["step"].append(took)
        for kind, known in by_size.items():
            known[size] = statistics.median(ticks[kind])
    worker.close()
    return StepTimes(name, source, steps, statistics.median(begins), by_size["step"], by_size["decode"], 8, take_bytes)
