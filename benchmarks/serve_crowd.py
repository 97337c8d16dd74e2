"""A thousand performers at servers of 1 to 64 replicas, simulated: how long they wait, and what a press costs.

    uv run python -m benchmarks.serve_crowd [--sessions FOLDER] [--picture benchmarks/serve_crowd.svg]
    uv run --extra serve python -m benchmarks.serve_crowd --check [--rayless]

`benchmarks.crowd.simulation` says what is real in it. Performers press as session logs of midifrag have it: those of
``--sessions`` (your own: the folder ``sessions`` of an archive), or three that come with it, recorded from a clip that
was written for this, since no performer's are public. ``--check`` plays the same presses at one and two real replicas
on Ray, whose engine sleeps for as long as a step takes, and simulates them; ``--rayless`` has them in one process of
their own, without Ray. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.crowd.picture import Curve, Panel, picture
from benchmarks.crowd.presses import RECORDED, Performance, recorded
from benchmarks.crowd.simulation import Counted, Crowd, Simulation
from benchmarks.crowd.step_times import TIMES, StepTimes

PERFORMERS = 1000
REPLICAS = (1, 2, 4, 8, 16, 32, 64)
MODELS = ("pocket", "small", "open")
#: A curve has bent where more replicas make the slowest press in twenty no quicker than by this part.
BENDS = 1.1


def scaling(
    times: StepTimes,
    performances: Sequence[Performance],
    seconds: float,
    performers: int = PERFORMERS,
    replicas: Sequence[int] = REPLICAS,
) -> Iterator[tuple[int, Counted]]:
    """What comes of the same crowd at so many replicas each."""
    for count in replicas:
        crowd = Crowd(performers, count, seconds, settles=max(2.0, 3 * times.alone()))
        yield count, Simulation(crowd, times, performances).run()


def bend(found: Sequence[tuple[int, Counted]]) -> int | None:
    """The fewest replicas beyond which nobody waits less; None where that is not among them."""
    best = found[-1][1].wait(0.95)
    return next((count for count, one in found if not one.is_overrun and one.wait(0.95) <= BENDS * best), None)


def table(found: Sequence[tuple[int, Counted]], times: StepTimes) -> str:
    """One row for each number of replicas."""
    lines = [
        f"{times.name}; {times.source}; {1000 * times.alone():.3g} ms alone, at most {times.most_a_second():.3g} a "
        f"second at a replica. {found[-1][1].pressed / found[-1][1].seconds:.0f} presses a second.",
        "",
        "| replicas | audio after p50 | p95 | p99 | begun after p95 | at work | a press: at work | paid for |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for count, one in found:
        work = f"{one.busy_seconds / one.replica_seconds:.0%}"
        cost = [one.busy_seconds / max(1, one.rendered), one.replica_seconds / max(1, one.rendered)]
        costs = " | ".join(f"{1000 * value:.3g} ms" for value in cost)
        if one.is_overrun:
            most = times.most_a_second()
            each = f"{1000 / most:.3g} ms"
            lines.append(f"| {count} | overrun, {count * most:.0f} a second at most | | | | 100% | {each} | {each} |")
            continue
        waits = " | ".join(f"{one.wait(share):.2f} s" for share in (0.5, 0.95, 0.99))
        lines.append(f"| {count} | {waits} | {one.queue(0.95):.2f} s | {work} | {costs} |")
    return "\n".join(lines)


def panel(found: Sequence[tuple[int, Counted]], times: StepTimes) -> Panel:
    """The same as a diagram: seconds to audio, and seconds of a replica that a press has to pay for."""
    kept = [(count, one) for count, one in found if not one.is_overrun]
    curves = [
        Curve(f"audio after, p{100 * share:.0f}", colour, [(count, one.wait(share)) for count, one in kept])
        for share, colour in ((0.5, "#1b7837"), (0.95, "#2166ac"), (0.99, "#762a83"))
    ]
    paid = [
        (count, 1 / times.most_a_second() if one.is_overrun else one.replica_seconds / max(1, one.rendered))
        for count, one in found
    ]
    return Panel(f"{times.name}", [*curves, Curve("a replica's seconds a press", "#b35806", paid)], bend(found))


def main() -> None:
    """Simulate, or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=Path, default=RECORDED)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--models", nargs="+", choices=TIMES, default=[*MODELS])
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--rayless", action="store_true")
    asked = parser.parse_args()
    performances = recorded(asked.sessions)
    if asked.check:
        from benchmarks.crowd.real import check

        check(performances, on_ray=not asked.rayless)
        return
    each = ", ".join(f"{one.a_minute:.1f}" for one in performances)
    print(f"{PERFORMERS} performers, {each} presses a minute each by the log that they play; {asked.seconds:g} s.\n")
    panels = []
    for name in asked.models:
        found = list(scaling(TIMES[name], performances, asked.seconds))
        print(table(found, TIMES[name]), end="\n\n")
        panels.append(panel(found, TIMES[name]))
    if asked.picture:
        asked.picture.write_text(picture(panels), encoding="utf-8")


if __name__ == "__main__":
    main()
