"""How long sketch takes for a 4 s fragment of every family: ``python benchmarks/sketch_speed.py``.

Prints the median of several renders in milliseconds of processor time, so that other programs do not count, with
nothing said and with everything at its most expensive (a long sound in a large wide room). One thread: set
OMP_NUM_THREADS=1 for figures that compare.
"""

from __future__ import annotations

import statistics
import time

from midifrag.engine.sketch import FAMILIES, SoundParameters, render_parameters

SECONDS = 4.0
RENDERS = 7


def milliseconds(parameters: SoundParameters) -> float:
    """The median time of a render over a few seeds."""
    times = []
    for seed in range(RENDERS):
        start = time.process_time()
        render_parameters(parameters, SECONDS, seed)
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times)


def main() -> None:
    """Print one row per family."""
    print(f"{'family':<12}{'plain':>10}{'largest':>10}   ms for {SECONDS:g} s")
    for name in FAMILIES:
        plain = milliseconds(SoundParameters(families=(name,)))
        largest = milliseconds(
            SoundParameters(
                families=(name,),
                length=1,
                brightness=1,
                distortion=1,
                reverb=1,
                width=1,
                speed=1,
                direction=1,
                density=1,
            )
        )
        print(f"{name:<12}{plain:>10.1f}{largest:>10.1f}")


if __name__ == "__main__":
    main()
