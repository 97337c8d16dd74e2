"""What a card was estimated to take, by counting operations and bytes, and what a measured figure says beside it.

The estimates stand on 790 TFLOP/s and 4.3 TB/s for an H200, 160 TFLOP/s for an RTX 4090 and 25 for an RTX 3060 in
fp16 with sums in fp32. They are to be trusted to 30 %. Those of Stable Audio 3 give each operation 4 µs at least, which
gives Stable Audio Open small what was estimated for it on an H200, and not on the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: How far a figure may be from an estimate to be as estimated.
TRUST = 0.3


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds for a row: one kernel an operation, pointwise work fused, linear layers in fp8 as well, and the floor.

    ``fp8`` is None for a card without it.
    """

    plain: float
    fused: float
    fp8: float | None
    floor: float


#: By a part of the card's name, then by the row of `benchmarks.engine`.
ESTIMATES: Mapping[str, Mapping[str, Estimate]] = {
    "H200": {
        "open": Estimate(1.07, 0.94, 0.59, 0.545),
        "small-latency": Estimate(0.028, 0.013, 0.010, 0.0033),
        "sa3": Estimate(0.024, 0.011, 0.011, 0.0020),
        "sa3-medium": Estimate(0.058, 0.029, 0.022, 0.019),
    },
    "4090": {"open": Estimate(4.9, 4.3, 2.7, 2.69), "small-latency": Estimate(0.098, 0.050, 0.039, 0.016)},
    "3060": {"open": Estimate(25.5, 23.8, None, 17.2), "small-latency": Estimate(0.364, 0.235, None, 0.103)},
}
#: Seconds that are aimed at, likewise; by precision where that matters.
AIMS: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "H200": {
        "open": {"fp16": 0.75, "fp8": 0.6},
        "small-latency": {"fp16": 0.013},
        "sa3": {"fp16": 0.02},
        "sa3-medium": {"fp16": 0.075},
    },
    "4090": {"open": {"fp16": 3.6}, "small-latency": {"fp16": 0.040}},
}


def verdict(card: str, row: str, precision: str, seconds: float) -> str:
    """One sentence on a measured row; for a card without an estimate that is what it says."""
    named = next((name for name in ESTIMATES if name in card), None)
    estimate = None if named is None else ESTIMATES[named].get(row)
    if named is None or estimate is None:
        return "no estimate for this card and row"
    expected, what = estimate.fused, "fused"
    if precision == "fp8" and estimate.fp8 is not None:
        expected, what = estimate.fp8, "in fp8"
    told = [
        f"{_compared(seconds / expected)} ({_told(expected)} {what}, {_told(estimate.plain)} plain)",
        f"{seconds / estimate.floor:.2f} × the floor of {_told(estimate.floor)}",
    ]
    aim = AIMS.get(named, {}).get(row, {}).get(precision)
    if aim is not None:
        reached = "reached" if seconds <= aim else f"missed by {_told(seconds - aim)}"
        told.append(f"the aim of {_told(aim)} is {reached}")
    return "; ".join(told)


def _compared(ratio: float) -> str:
    if ratio > 1 + TRUST:
        return f"{ratio:.2f} × as long as estimated"
    return "as estimated" if ratio >= 1 - TRUST else f"quicker than estimated, {ratio:.2f} of it"


def _told(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 0.5 else f"{seconds * 1e3:.3g} ms"
