"""What a show costs while nobody plays: processor time of a real ``midifrag run`` once its spares are full.

    uv run --with psutil python -m benchmarks.idle --models sketch pocket --seconds 30

The shipped set, as the command starts it, on a terminal of its own (so that the status is drawn) and with its page; no
sound. It counts as settled once all of it has taken little, and always as little, for a while. Processor time holds
on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

#: Seconds between two looks, how many in a row have to be alike, how much they may take and differ by (of a core), and
#: how long all of it may last.
LOOK, LOOKS, MOST, ALIKE, PATIENCE = 5.0, 4, 0.2, 0.02, 900.0

#: What stands in a command → what its process is.
ROLES = {"jack_process": "JACK", "resource_tracker": "tracker", "spawn_main": "spawned", "midifrag run": "show"}


def processor_seconds(root: psutil.Process) -> dict[int, tuple[str, float]]:
    """Process → what it is, and the processor seconds that it has taken."""
    found = {}
    for each in (root, *root.children(recursive=True)):
        try:
            times, name = each.cpu_times(), _role(each.cmdline())
        except psutil.Error:
            # It has just ended.
            continue
        found[each.pid] = name, times.user + times.system
    return found


def _role(command: list[str]) -> str:
    """What a process is, from how it was started."""
    words = " ".join(command)
    return next((role for part, role in ROLES.items() if part in words), "other")


def taken_between(before: Mapping[int, tuple[str, float]], after: Mapping[int, tuple[str, float]]) -> dict[str, float]:
    """Processor seconds between two looks, by process; one that came in between counts from zero."""
    return {f"{name} {pid}": round(value - before.get(pid, (name, 0.0))[1], 3) for pid, (name, value) in after.items()}


def started(model: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A show on a pseudo-terminal, and that terminal's other end."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "midifrag", "run", "--model", model, "--fragments", str(folder)]
    command += ["--playback", "off", "--page-port", "0"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    return process, ours


def _read_away(terminal: int) -> None:
    """Take what is drawn, as a terminal does."""
    try:
        while os.read(terminal, 65_536):
            pass
    except OSError:
        # The show has ended.
        return


def measure(model: str, seconds: float) -> dict[str, float]:
    """Processor seconds by process over ``seconds`` of idleness. Raises RuntimeError for a show that never settles."""
    with tempfile.TemporaryDirectory() as folder:
        process, terminal = started(model, Path(folder))
        threading.Thread(target=_read_away, args=(terminal,), daemon=True).start()
        root = psutil.Process(process.pid)
        try:
            _settle(root, process)
            before = processor_seconds(root)
            time.sleep(seconds)
            return taken_between(before, processor_seconds(root))
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
            os.close(terminal)


def _settle(root: psutil.Process, process: subprocess.Popen[bytes]) -> None:
    deadline, last, shares = time.monotonic() + PATIENCE, processor_seconds(root), [1.0]
    while max(shares) > MOST or max(shares) - min(shares) > ALIKE or len(shares) < LOOKS:
        if time.monotonic() > deadline or process.poll() is not None:
            raise RuntimeError("the show never settled")
        time.sleep(LOOK)
        now = processor_seconds(root)
        shares = [*shares, sum(taken_between(last, now).values()) / LOOK][-LOOKS:]
        last = now


def main() -> None:
    """Print, for each model, what each process takes of a core, and all of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["sketch", "pocket"])
    parser.add_argument("--seconds", type=float, default=30.0)
    chosen = parser.parse_args()
    for model in chosen.models:
        taken = measure(model, chosen.seconds)
        share = {name: f"{100 * value / chosen.seconds:.2f} %" for name, value in taken.items()}
        whole = 100 * sum(taken.values()) / chosen.seconds
        print(f"{model}: {whole:.2f} % of a core; {json.dumps(share)}", flush=True)


if __name__ == "__main__":
    main()
