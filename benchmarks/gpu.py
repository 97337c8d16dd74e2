"""Ten minutes on a graphics card: what it is, whether all is right on it, what it takes, and where the time goes.

    uv run python -m benchmarks.gpu                               on a card
    uv run python -m benchmarks.gpu --device cpu --smaller 12     end to end on a small machine
    uv run python -m benchmarks.gpu --parts checks rows-open      some of it

It writes Markdown for RESULTS.md, to the terminal and to ``--output`` as it goes. Each part is a process of its own
with a time limit; what fails or takes too long is told, and the rest goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import torch

from benchmarks.engine import HEADER, ROWS, Line, machine, profile
from benchmarks.gpu_candidates import candidates
from benchmarks.gpu_estimates import verdict
from benchmarks.gpu_running import Outcome, Reading, card_memory, command_for
from benchmarks.gpu_settings import settings
from midifrag.engine.loading.cards import run_tool

#: Seconds that all of it may take on a card.
ALL_SECONDS = 600.0
#: How many times as long a part may take on a CPU.
CPU_PATIENCE = 10.0

Part = Callable[[argparse.Namespace], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A part, its title, and the seconds that it may take on a card."""

    title: str
    run: Part
    limit: float


def checks(options: argparse.Namespace) -> Iterator[str]:
    """What the machine is, as ``midifrag doctor`` says it, and what kernels can be made with here."""
    from midifrag.commands.doctor import findings

    yield from (f"- {'**to mend:** ' if each.is_wrong else ''}{each.what}" for each in findings())
    yield f"- {machine(options.device)}"
    if options.device == "cuda":
        major, minor = torch.cuda.get_device_capability()
        free, whole = torch.cuda.mem_get_info()
        yield f"- compute capability {major}.{minor}, {free / 2**30:.1f} of {whole / 2**30:.1f} GiB free"
    yield f"- cuDNN {torch.backends.cudnn.version()}; kernels: {_tools()}"


def _tools() -> str:
    """What is there to make kernels with."""
    from importlib.util import find_spec

    found = {
        "Triton": find_spec("triton") is not None,
        "a C compiler": any(shutil.which(name) for name in ("cc", "gcc", "clang", "cl")),
    }
    return ", ".join(f"{name} {'is there' if there else 'is missing'}" for name, there in found.items())


def row(name: str) -> Part:
    """A row of `benchmarks.engine`, and what the estimates say of it."""

    def run(options: argparse.Namespace) -> Iterator[str]:
        yield from HEADER.splitlines()
        line = ROWS[name](options)
        yield str(line)
        yield from _verdict(name, options, line)
        yield from _card_memory(options)

    return run


def _verdict(name: str, options: argparse.Namespace, line: Line) -> Iterator[str]:
    if not line.seconds:
        return
    yield ""
    if options.device == "cuda" and options.smaller == options.narrower == 1:
        told = verdict(torch.cuda.get_device_name(), name, options.precision, line.seconds)
    else:
        told = "the estimates are for whole models on a card"
    yield f"Verdict: {told}."


def _card_memory(options: argparse.Namespace) -> Iterator[str]:
    if options.device == "cuda":
        yield ""
        used, kept = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
        yield f"Memory of both sides at most: {used / 2**30:.2f} GiB in use, {kept / 2**30:.2f} GiB reserved."


def profiled(name: str) -> Part:
    """Where a step and a decode spend their time."""

    def run(options: argparse.Namespace) -> Iterator[str]:
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            profile(name, options)
        yield "```"
        yield from told.getvalue().strip().splitlines()
        yield "```"

    return run


#: In the order in which they tell the most: where time runs out, the last are left out.
PARTS: Mapping[str, Entry] = {
    "checks": Entry("Checks", checks, 40),
    "accuracy": Entry("Accuracy: half precision against fp32, among others against alone", row("accuracy"), 60),
    "rows-small": Entry("small", row("small-latency"), 75),
    "rows-open": Entry("Stable Audio Open 1.0", row("open"), 180),
    "candidates": Entry("Each way to do a thing, against the plain one", candidates, 100),
    "settings": Entry("Settings that change the sound", settings, 120),
    "rows-pocket": Entry("pocket, one request", row("pocket"), 45),
    "rows-pocket-8": Entry("pocket, eight at once", row("pocket-8"), 45),
    "rows-sa3": Entry("Stable Audio 3 small", row("sa3"), 60),
    "rows-sa3-medium": Entry("Stable Audio 3 medium", row("sa3-medium"), 120),
    "profile-small": Entry("Profile of small", profiled("small"), 60),
    "profile-open": Entry("Profile of Stable Audio Open 1.0", profiled("open"), 90),
    "rows-beside": Entry("pocket, a press during a long render", row("beside"), 45),
}


class Report:
    """Writes lines to the terminal and to a file, each as it comes."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def line(self, text: str = "") -> None:
        """One line."""
        print(text, flush=True)
        self._file.write(f"{text}\n")
        self._file.flush()


def run_all(options: argparse.Namespace, arguments: Sequence[str], report: Report) -> bool:
    """Run the parts; False if one did not come to its end."""
    report.line(f"# {machine(options.device)}")
    outcomes: dict[str, Outcome] = {}
    ends = time.monotonic() + options.seconds if options.seconds else float("inf")
    for name in options.parts:
        entry = PARTS[name]
        report.line(f"\n## {entry.title}\n")
        patience = CPU_PATIENCE if options.device == "cpu" else 1.0
        limit = min(entry.limit * patience, ends - time.monotonic())
        if limit <= 0:
            outcome = Outcome(f"left out: {options.seconds:.0f} s are over")
        elif options.together:
            outcome = _here(entry, options, report)
        else:
            reading = Reading(command_for(name, arguments), limit, card_memory(run_tool))
            for line in reading.lines():
                report.line(line)
            outcome = reading.outcome
        if outcome.trouble:
            report.line(f"\n**{outcome.trouble}**")
        outcomes[name] = outcome
    _summary(outcomes, report)
    return not any(outcome.trouble for outcome in outcomes.values())


def _here(entry: Entry, options: argparse.Namespace, report: Report) -> Outcome:
    """A part in this very process, without a limit."""
    outcome, began = Outcome(), time.monotonic()
    try:
        for line in entry.run(options):
            report.line(line)
    except Exception as error:  # whatever it is, the other parts are to run
        outcome.trouble = f"failed: {type(error).__name__}: {error}"
    outcome.seconds = time.monotonic() - began
    return outcome


def _summary(outcomes: Mapping[str, Outcome], report: Report) -> None:
    report.line("\n## Parts and memory\n")
    report.line("| part | seconds | the card's memory at most, all programs | came to |")
    report.line("| --- | --- | --- | --- |")
    for name, outcome in outcomes.items():
        memory = "" if outcome.memory is None else f"{outcome.memory / 2**30:.1f} GiB"
        report.line(f"| {name} | {outcome.seconds:.1f} | {memory} | {outcome.trouble or 'its end'} |")


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The options; ``parts`` are all of them unless some are named."""
    parser = argparse.ArgumentParser(description="Ten minutes on a graphics card.")
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"])
    parser.add_argument("--precision", choices=["fp32", "fp16", "bf16", "fp8"], help="fp16 on CUDA, else bf16")
    parser.add_argument("--repeats", type=int, help="3 on CUDA, else 1")
    parser.add_argument("--smaller", type=int, default=1, help="divide depth and length, for a dry run")
    parser.add_argument("--narrower", type=int, default=1, help="divide widths too")
    parser.add_argument("--steps", type=int, help="so many at most, for a dry run")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--part", choices=list(PARTS), help="run this one here, without a report")
    parser.add_argument("--together", action="store_true", help="all parts in this process, without limits")
    parser.add_argument("--output", type=Path, default=Path("gpu.md"))
    parser.add_argument("--seconds", type=float, help="all of it at most; 600 on a card, else no limit")
    options = parser.parse_args(arguments)
    on_card = options.device == "cuda"
    options.precision = options.precision or ("fp16" if on_card else "bf16")
    options.repeats = options.repeats or (3 if on_card else 1)
    if options.seconds is None and on_card:
        options.seconds = ALL_SECONDS
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Returns 1 if a part did not come to its end, or if the card is not there."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = parsed(arguments)
    if options.part:
        for line in PARTS[options.part].run(options):
            print(line, flush=True)
        return 0
    if options.device == "cuda" and not torch.cuda.is_available():
        print("PyTorch sees no card here: `midifrag doctor` says why. --device cpu --smaller 12 runs without one.")
        return 1
    with options.output.open("w", encoding="utf-8") as file:
        return 0 if run_all(options, arguments, Report(file)) else 1


if __name__ == "__main__":
    sys.exit(main())
