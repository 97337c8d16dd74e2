"""From a show's start to the first possible press, and to the first fragment that lies in its slot.

    uv run python -m benchmarks.ready --models sketch pocket --repeats 3 [--before FOLDER]

The shipped set, each time in a new process with ports in memory, no page and no sound. ``FOLDER`` is another checkout:
both are started in turn, so that what else keeps the machine busy meets both. Processor seconds are those of all of a
show's processes until its model is ready. ``ONEDNN_MAX_CPU_ISA=AVX2`` makes a plain laptop of most machines.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Literal, TypedDict

#: Seconds for what is sure to come.
PATIENCE = 600.0


FIGURES: tuple[Literal["ready", "landed", "processor"], ...] = ("ready", "landed", "processor")


class Start(TypedDict):
    """Seconds from a process's start to its model's being ready and to the first landing, and processor seconds."""

    ready: float
    landed: float
    processor: float


def once(model: str) -> Start:
    """Start a show in this process, which began a moment ago, and press once."""
    import psutil

    from midifrag.config import loading
    from midifrag.config.shipped import shipped_path
    from midifrag.events import EngineChanged, JobChanged, StateChange
    from midifrag.intents import Press
    from midifrag.show.playing import ClipPorts
    from midifrag.show.runtime import Runtime
    from midifrag.states import EngineState, JobState

    me = psutil.Process()
    began = me.create_time()
    moments: dict[str, float] = {}

    def heard(change: StateChange) -> None:
        match change:
            case EngineChanged(state=EngineState.READY) if change.model == model:
                moments.setdefault("ready", time.time() - began)
            case JobChanged(state=JobState.LANDED):
                moments.setdefault("landed", time.time() - began)

    def until(moment: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while moment not in moments:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{model}: not {moment}")
            time.sleep(0.01)

    with tempfile.TemporaryDirectory() as folder:
        flags = {
            "fragments": {"folder": folder},
            "model": model,
            "playback": {"device": "off"},
            "page": {"enabled": False},
            "engine": {"spares": {"enabled": False}},
        }
        loaded = loading.load(shipped_path(), flags, environment={})
        port = next(iter(loaded.settings.ports))
        runtime = Runtime(loaded, ClipPorts(port))
        with closing(runtime):
            runtime.start()
            runtime.watch(heard, "bench")
            until("ready")
            times = [each.cpu_times() for each in (me, *me.children(recursive=True))]
            pad = next(key for key, each in loaded.banks[0].pads.items() if each.model in (None, model))
            runtime.put(Press(pad.note, pad.channel or 1, port, 0.8, time.monotonic()))
            until("landed")
    processor = sum(each.user + each.system for each in times)
    return Start(ready=moments["ready"], landed=moments["landed"], processor=processor)


def start(tree: Path, model: str) -> Start:
    """The same in a new process, with the midifrag that lies in ``tree``."""
    command = [sys.executable, str(Path(__file__).resolve()), "--once", model]
    done = subprocess.run(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=True
    )
    told: Start = json.loads(done.stdout.splitlines()[-1])
    return told


def _rounded(row: Start) -> str:
    return json.dumps({key: round(row[key], 2) for key in FIGURES})


def main() -> None:
    """Measure, and print a row for each start and the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["sketch", "pocket"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--before", type=Path, help="a checkout of an earlier state")
    parser.add_argument("--once", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.once:
        print(json.dumps(once(chosen.once)))
        return
    trees = {"after": Path(__file__).resolve().parent.parent}
    if chosen.before:
        trees = {"before": chosen.before.resolve(), **trees}
    for model in chosen.models:
        rows: dict[str, list[Start]] = {name: [] for name in trees}
        for _ in range(chosen.repeats):
            for name, tree in trees.items():
                row = start(tree, model)
                rows[name].append(row)
                load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
                print(f"{model} {name}: {_rounded(row)}, load {load}", flush=True)
        for name, taken in rows.items():
            medians = {key: round(statistics.median(row[key] for row in taken), 2) for key in FIGURES}
            print(f"{model} {name}, medians of {len(taken)}: {json.dumps(medians)}", flush=True)


if __name__ == "__main__":
    main()
