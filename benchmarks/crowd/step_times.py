"""How long a device takes for what a worker does in a tick, by the size of the batch: measured, or estimated.

Between the sizes of a batch that are known, times lie on a line.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.gpu_estimates import ESTIMATES


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Of one model on one device: seconds of beginning a request, and of a step and a decode by the size of the batch.

    ``most`` requests are in flight at once. A take has ``take_bytes``; ``source`` says where the times are from.
    """

    name: str
    source: str
    steps: int
    begin: float
    step: Mapping[int, float]
    decode: Mapping[int, float]
    most: int
    take_bytes: int

    def of_step(self, batch: int) -> float:
        """Seconds of one step of so many requests."""
        return _between(self.step, batch)

    def of_decode(self, batch: int) -> float:
        """Seconds of decoding so many."""
        return _between(self.decode, batch)

    def alone(self) -> float:
        """Seconds of a request that nothing is beside."""
        return self.begin + self.steps * self.of_step(1) + self.of_decode(1)

    def most_a_second(self) -> float:
        """How many requests a replica renders a second where it is always full."""
        together = self.most * self.begin + self.steps * self.of_step(self.most) + self.of_decode(self.most)
        return self.most / together


def _between(known: Mapping[int, float], batch: int) -> float:
    sizes = sorted(known)
    if batch in known:
        return known[batch]
    if len(sizes) == 1:
        return known[sizes[0]] * batch / sizes[0]
    upper = min(max(1, bisect_left(sizes, batch)), len(sizes) - 1)
    low, high = sizes[upper - 1], sizes[upper]
    return known[low] + (known[high] - known[low]) * (batch - low) / (high - low)


def _estimated(row: str, name: str, steps: int, seconds: float) -> StepTimes:
    """A row of `benchmarks.gpu_estimates`: alone as with fused kernels, each further request the floor's arithmetic.

    A tenth of it is the decoder's; an H100's arithmetic is an H200's, which the estimates are of.
    """
    one = ESTIMATES["H200"][row]
    most = 16
    whole = {1: one.fused, most: one.fused + (most - 1) * one.floor}
    return StepTimes(
        name,
        f"estimated for an H100: {1000 * one.fused:.3g} ms alone, {1000 * one.floor:.3g} ms for each one beside it",
        steps,
        0.0,
        {batch: 0.9 * total / steps for batch, total in whole.items()},
        {batch: 0.1 * total for batch, total in whole.items()},
        most,
        round(4 * 2 * 44100 * seconds),
    )


#: By the name that the command line has for them.
TIMES: Mapping[str, StepTimes] = {
    "pocket": StepTimes(
        "pocket, 20 steps, 3 s",
        "measured on two cores of a Xeon with AMX (209, 314, 516 and 880 ms for one, two, four and eight)",
        20,
        0.002,
        {1: 0.0096, 2: 0.014, 4: 0.0224, 8: 0.0372},
        {1: 0.015, 8: 0.12},
        8,
        3 * 4 * 2 * 44100,
    ),
    "card": StepTimes(
        "pocket, 20 steps, 3 s",
        "measured on an H200 as a whole (`benchmarks/RESULTS.md`): 20 ms alone, 40 ms for eight",
        20,
        0.0,
        {1: 0.00085, 8: 0.0017},
        {1: 0.003, 8: 0.006},
        16,
        3 * 4 * 2 * 44100,
    ),
    "small": _estimated("small-latency", "Stable Audio Open small, 8 steps, 11.9 s", 8, 11.9),
    "open": _estimated("open", "Stable Audio Open 1.0, 100 steps, 47.6 s", 100, 47.6),
}
