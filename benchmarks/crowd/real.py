"""The same presses at one and two real replicas, and simulated: how long they waited, side by side."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.crowd.presses import Performance, played_by
from benchmarks.crowd.served import served
from benchmarks.crowd.simulation import Counted, Crowd, Simulation
from benchmarks.crowd.step_times import TIMES
from benchmarks.line_load import Asked, far
from midifrag.clock import monotonic
from midifrag.engine.messages import Render

#: What is played, by how many at how many replicas, and for how many seconds; ``settles`` as for a crowd.
MODEL, PERFORMERS, SECONDS, SETTLES = "pocket", {1: 24, 2: 48}, 60.0, 5.0


def check(performances: Sequence[Performance], *, on_ray: bool) -> None:
    """Play and simulate; prints a Markdown table."""
    print("| replicas | performers | presses | | audio after p50 | p95 | p99 | begun after p95 |")
    print("|---|---|---|---|---|---|---|---|")
    for replicas, performers in PERFORMERS.items():
        crowd = Crowd(performers, replicas, SECONDS, SETTLES, trip=0.0005, rate=1e9)
        simulated = Simulation(crowd, TIMES[MODEL], performances).run()
        with (
            tempfile.TemporaryDirectory() as folder,
            served(Path(folder), "timed", replicas, MODEL, on_ray=on_ray) as server,
        ):
            real = _played(crowd, performances, server.url, server.token_file)
        for name, one in (("real", real), ("simulated", simulated)):
            waits = " | ".join(f"{one.wait(share):.2f} s" for share in (0.5, 0.95, 0.99))
            print(
                f"| {replicas} | {performers} | {one.pressed} | {name} | {waits} | {one.queue(0.95):.2f} s |",
                flush=True,
            )


def _played(crowd: Crowd, performances: Sequence[Performance], url: str, token_file: Path) -> Counted:
    """The presses of a crowd at a real server, each performer on a connection of their own."""
    moments: list[tuple[float, int, str]] = []
    until = crowd.settles + crowd.seconds
    for number in range(crowd.performers):
        for at, prompt in played_by(number, performances, random.Random(f"{crowd.seed} {number}")):
            if at >= until:
                break
            moments.append((at, number, prompt))
    with ExitStack() as stack:
        clients = [Asked(far(url, token_file, "timed")) for _ in range(crowd.performers)]
        for client in clients:
            stack.callback(client.close)
        began, asked = monotonic(), list[tuple[float, Asked, int]]()
        for job, (at, number, prompt) in enumerate(sorted(moments), 1):
            time.sleep(max(0.0, began + at - monotonic()))
            clients[number].ask(Render(job, prompt, seconds=3.0, seed=1))
            asked.append((at, clients[number], job))
        counted = Counted()
        for at, client, job in asked:
            wait = client.wait(job)
            if at >= crowd.settles:
                counted.pressed += 1
                counted.outcomes["landed"] += 1
                counted.waits.append(wait)
                counted.queued.append(client.began[job] - client.asked[job])
    return counted
