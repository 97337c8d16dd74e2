"""The engine against stock ``generate_diffusion_cond``, in turn and in the same run.

    uv run python -m benchmarks.engine                      the CPU rows
    uv run python -m benchmarks.engine --device cuda        the rows for a large graphics card
    uv run python -m benchmarks.engine --device cpu --rows open open-short small-latency --smaller 12
                                                            those rows end to end on a small machine
    uv run python -m benchmarks.engine --profile pocket     where one step and one decode spend their time

pocket is the shipped models, pocket-1 where both do the same work; the others have random weights. Each figure is the
median over the repeats; a ratio is the median of the ratios of runs that followed each other, so that a busy moment of
the machine counts on both sides. Warm-up is left out on both sides.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.architectures import timed_model
from benchmarks.cases import OPEN, OPEN_SHORT, POCKET, SA3, SA3_MEDIUM, SMALL, Bench, Case, audio_of
from midifrag.audio import Audio
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.messages import Rendered

#: What a row computes in 10¹² operations, denoiser and decoder.
WORK = {"open": 459.2, "open-short": 110.3, "small-latency": 2.6}


#: Seconds that presses come for, and from one to the next.
STEADY, BETWEEN = 600.0, 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table; ``seconds`` is what ours took, where the line is about that."""

    work: str
    base: str
    ours: str
    ratio: str
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"| {self.work} | {self.base} | {self.ours} | {self.ratio} |"


HEADER = "| work | stock or shared | ours or alone | ratio (range) |\n| --- | --- | --- | --- |"


def bench_of(case: Case, options: argparse.Namespace, *, is_usual: bool = False, **engine: object) -> Bench:
    """Both sides of a case, as large as it is asked for."""
    steps = case.steps if options.steps is None else min(case.steps, options.steps)
    shorter = dataclasses.replace(case, steps=steps)
    return Bench(
        shorter, options.device, options.precision, options.smaller, options.narrower, is_usual=is_usual, **engine
    )


def paired(base: Callable[[], float], ours: Callable[[], float], repeats: int) -> tuple[float, float, float, str]:
    """Median times of both, and of their ratio, and its range."""
    times = [(base(), ours()) for _ in range(repeats)]
    ratios = [first / second for first, second in times]
    spread = f"{min(ratios):.2f}–{max(ratios):.2f}"
    return (
        statistics.median(first for first, _ in times),
        statistics.median(second for _, second in times),
        statistics.median(ratios),
        spread,
    )


def floor(work: float) -> float:
    """Seconds that the card would take for ``work`` (10¹² operations) if it did nothing but large products in fp16."""
    size, repeats = 8192, 20
    one = torch.randn(size, size, device="cuda", dtype=torch.float16)
    for _ in range(3):
        torch.mm(one, one)
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repeats):
        torch.mm(one, one)
    torch.cuda.synchronize()
    rate = repeats * 2 * size**3 / (time.perf_counter() - start)
    return work * 1e12 / rate


def against_stock(
    title: str, case: Case, at_once: int = 1, work: float = 0.0, *, is_usual: bool = False
) -> Callable[[argparse.Namespace], Line]:
    """A row: stock one after the other, ours together; on a card beside the floor for its ``work``, where known.

    Where it ``is_usual``, ours is what is played usually, with its own steps, and stock takes those of the case.
    """

    def row(options: argparse.Namespace) -> Line:
        bench = bench_of(case, options, is_usual=is_usual)
        steps = bench.usual_steps if is_usual else None
        renders = [bench.case.render(job, steps) for job in range(1, at_once + 1)]
        bench.stock()
        bench.render(*renders)
        base, ours, ratio, spread = paired(
            lambda: sum(bench.stock(seed) for seed in range(1, at_once + 1)),
            lambda: bench.render(*renders),
            options.repeats,
        )
        told = f"{ratio:.2f} × ({spread})"
        if work and options.device == "cuda" and options.smaller == 1:
            told += f"; ours / floor {ours / floor(work):.2f}"
        return Line(title, f"{base * 1e3:.0f} ms", f"{ours * 1e3:.0f} ms", told, ours)

    return row


def in_flight(options: argparse.Namespace) -> Line:
    """A row: what a press costs when so many are rendered at once; the default of ``max_in_flight`` comes from it."""
    costs = {}
    for count in (1, 2, 4, 8, 16):
        bench = bench_of(POCKET, options, max_in_flight=count)
        renders = [bench.case.render(job) for job in range(1, count + 1)]
        bench.render(*renders)
        costs[count] = statistics.median(bench.render(*renders) for _ in range(options.repeats)) / count * 1e3
    told = ", ".join(f"{count}: {cost:.0f}" for count, cost in costs.items())
    return Line("pocket-1: ms a request, by how many at once", "", told, f"{costs[1] / min(costs.values()):.2f} ×")


def steadily(options: argparse.Namespace) -> Line:
    """A row: two presses a second for `STEADY` seconds, each with its usual steps: whether they wait ever longer."""
    bench = bench_of(POCKET, options, is_usual=True)
    due, began = iter(range(1, round(STEADY / BETWEEN) + 1)), time.perf_counter()
    following, waiting, most, taken = next(due, None), dict[int, float](), 0, list[float]()
    while following is not None or waiting:
        now = time.perf_counter() - began
        if following is not None and now >= following * BETWEEN:
            bench.worker.submit(bench.case.render(following, bench.usual_steps))
            waiting[following] = following * BETWEEN
            most, following = max(most, len(waiting)), next(due, None)
        elif bench.worker.busy:
            landed = [event.job for event in bench.worker.tick() if isinstance(event, Rendered)]
            taken += [time.perf_counter() - began - waiting.pop(job) for job in landed]
        else:
            time.sleep(0.001)
    tenth = max(1, len(taken) // 10)
    first, last = (statistics.median(part) for part in (taken[:tenth], taken[-tenth:]))
    title = f"pocket: a usual press each {BETWEEN} s for {STEADY:g} s, the first tenth and the last"
    told = f"longest {max(taken) * 1e3:.0f} ms, at most {most} at once"
    return Line(title, f"{first * 1e3:.0f} ms", f"{last * 1e3:.0f} ms", told, last)


def beside_a_long_render(options: argparse.Namespace) -> Line:
    """A row: an 8-step press alone and while a 100-step render is running."""
    bench = bench_of(POCKET, options)
    job = iter(range(1, 1_000_000))

    def alone() -> float:
        return bench.render(bench.case.render(next(job), steps=8))

    def beside() -> float:
        long, press = bench.case.render(next(job), steps=100), bench.case.render(next(job), steps=8)
        bench.worker.submit(long)
        for _ in range(10):
            bench.worker.tick()
        start, landed = time.perf_counter(), False
        bench.worker.submit(press)
        while not landed:
            landed = any(isinstance(event, Rendered) for event in bench.worker.tick())
        taken = time.perf_counter() - start
        bench.worker.cancel(long.job)
        return taken

    alone(), beside()
    shared, single, ratio, spread = paired(beside, alone, options.repeats)
    title = "pocket-1: 8-step press during a 100-step render / alone"
    return Line(title, f"{shared * 1e3:.0f} ms", f"{single * 1e3:.0f} ms", f"{ratio:.2f} × ({spread})")


def accuracy(case: Case) -> Callable[[argparse.Namespace], Line]:
    """A row: half precision against fp32 with the same noise, and a request among seven others against it alone."""

    def row(options: argparse.Namespace) -> Line:
        half = bench_of(case, options)
        model = timed_model(
            case.architecture,
            device=options.device,
            smaller=options.smaller,
            narrower=options.narrower,
            short_latents=case.short_latents,
        )
        exact = audio_of(DiffusionWorker.from_model(model), half.case.render())[1]
        alone = half.audio(half.case.render())[1]
        among = half.audio(*[half.case.render(job) for job in range(1, 5)])[1]
        return Line(
            f"{case.architecture}: signal to noise, {options.precision} against fp32; among others against alone",
            f"{decibels(exact, alone):.1f} dB",
            f"{decibels(alone, among):.1f} dB",
            "",
        )

    return row


def decibels(signal: Audio, other: Audio) -> float:
    """Signal to noise of ``other``, which should be ``signal``."""
    noise = float(np.square(signal - other, dtype=np.float64).sum())
    whole = float(np.square(signal, dtype=np.float64).sum())
    return float("inf") if noise == 0 else 10 * float(np.log10(whole / noise))


ROWS: dict[str, Callable[[argparse.Namespace], Line]] = {
    "pocket": against_stock("pocket-1: one request, 20 steps, CFG 3, 3 s", POCKET),
    "pocket-8": against_stock("pocket-1: 8 requests at once", POCKET, at_once=8),
    "pocket-usual": against_stock(
        "pocket: one request, pocket-1 with stock in 20 guided steps, ours in its usual 4", POCKET, is_usual=True
    ),
    "pocket-usual-8": against_stock(
        "pocket: 8 at once, pocket-1 with stock in 20 guided steps, ours in their usual 4", POCKET, 8, is_usual=True
    ),
    "small": against_stock("small: 8 steps, 11.9 s", SMALL),
    "beside": beside_a_long_render,
    "accuracy": accuracy(POCKET),
    "in-flight": in_flight,
    "steady": steadily,
    "open": against_stock("Stable Audio Open 1.0: 100 steps, CFG 7, 47.6 s", OPEN, work=WORK["open"]),
    "open-short": against_stock(
        "Stable Audio Open 1.0: 100 steps, CFG 7, 11.9 s, short latents", OPEN_SHORT, work=WORK["open-short"]
    ),
    "sa3": against_stock("Stable Audio 3 small: 8 steps, 5 s", SA3),
    "sa3-medium": against_stock("Stable Audio 3 medium: 8 steps, 30 s", SA3_MEDIUM),
    "small-latency": against_stock(
        "small: press → audio on the host, 8 steps, 11.9 s", SMALL, work=WORK["small-latency"]
    ),
}
DEFAULT_ROWS = {
    "cpu": ("pocket", "pocket-8", "small", "beside", "accuracy"),
    "cuda": ("open", "open-short", "small-latency", "pocket", "pocket-8", "beside", "accuracy"),
}
CASES = {"pocket": POCKET, "small": SMALL, "open": OPEN, "sa3": SA3, "sa3-medium": SA3_MEDIUM}


def profile(name: str, options: argparse.Namespace) -> None:
    """Print where one step and one decode spend their time, on a card that of the card."""
    bench = bench_of(CASES[name], options)
    worker = bench.worker
    sort_by = "self_cuda_time_total" if options.device == "cuda" else "self_cpu_time_total"
    worker.submit(bench.case.render(steps=1))
    # It begins in a tick of its own.
    worker.tick()
    for what, counter in (("one step", "denoiser_calls"), ("one decode", "decoder_calls")):
        before = getattr(worker.counters, counter)
        with torch.profiler.profile(acc_events=True) as recorded:
            while getattr(worker.counters, counter) == before:
                worker.tick()
        print(f"\n{name}: {what}")
        print(recorded.key_averages().table(sort_by=sort_by, row_limit=12, max_name_column_width=40))


def machine(device: str) -> str:
    """What this runs on."""
    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if device == "cpu" else []
        name = next(line for line in lines if "model name" in line).split(":")[1].strip()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"{name}, {torch.get_num_threads()} threads, load {load:.1f} at the end; Python {platform.python_version()}, "
        f"torch {torch.__version__}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(description="The engine against stock inference.")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", choices=["fp32", "fp16", "bf16"], help="ours; fp16 on CUDA, else bf16")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS))
    parser.add_argument("--smaller", type=int, default=1, help="divide depth and length, for a dry run")
    parser.add_argument("--narrower", type=int, default=1, help="divide widths too")
    parser.add_argument("--steps", type=int, help="so many at most, for a dry run")
    parser.add_argument("--profile", choices=list(CASES))
    options = parser.parse_args(arguments)
    options.precision = options.precision or ("fp16" if options.device == "cuda" else "bf16")
    if options.profile:
        profile(options.profile, options)
        return
    print(HEADER)
    for name in options.rows or DEFAULT_ROWS[options.device]:
        print(ROWS[name](options), flush=True)
    print(f"\n{machine(options.device)}; ours in {options.precision}, {options.repeats} repeats.")


if __name__ == "__main__":
    main()
