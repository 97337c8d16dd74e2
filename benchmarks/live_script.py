"""What the script takes of Live's ticks, and how long a landing is on its way to a Simpler.

Run as ``python -m benchmarks.live_script`` from a checkout, since Live is the tests' fake one, in a process of its own
with ticks of 10 ms; midifrag's side is this one. What Live itself takes to load a sample is not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

SLOTS = 8
#: Those of them that are Simplers, the first ones; the others are audio tracks.
SIMPLERS = 4
#: What is to be kept: milliseconds of a tick that are ours, and from landed to replaced.
TICK_MS = 1.0
LANDED_MS = 25.0


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def tell(live: subprocess.Popen[str], command: str, **named: Any) -> None:
    """One command for the fake Live."""
    stdin: IO[str] | None = live.stdin
    assert stdin is not None
    stdin.write(json.dumps({"command": command, **named}) + "\n")
    stdin.flush()


def answer(live: subprocess.Popen[str]) -> Any:
    """What it says to the last one."""
    assert live.stdout is not None
    told = json.loads(live.stdout.readline())
    assert "error" not in told, told
    return told["answer"]


def tracks(others: int) -> list[dict[str, Any]]:
    """A Set of ``others`` tracks with racks, and those of the slots: four Simplers and four for clips."""
    chains = {f"chain {number}": [{"simpler": "Simpler"}] for number in range(8)}
    usual = [{"name": f"track {number}", "devices": [{"rack": "Rack", "chains": chains}]} for number in range(others)]
    slots = [{"name": f"midifrag {slot}", "devices": [{"simpler": "Simpler"}]} for slot in range(1, SIMPLERS + 1)]
    return usual + slots + [{"name": f"midifrag {slot}", "audio": True} for slot in range(SIMPLERS + 1, SLOTS + 1)]


def welcome() -> dict[str, Any]:
    """The set's table as it usually is."""
    usual = {"way": "auto", "note": None, "track": None, "scene": None}
    table = {slot: {**usual, "name": f"midifrag {slot}"} for slot in range(1, SLOTS + 1)}
    options = {"fire": True, "start_transport": True, "occupied": "next_scene"}
    return {"type": "welcome", "version": 1, "slots": SLOTS, "targets": table, "options": options}


def send(line: socket.socket, message: dict[str, Any]) -> None:
    """One line of the wire."""
    line.sendall(json.dumps(message).encode() + b"\n")


def measure(folder: Path, landings: int, others: int) -> tuple[list[list[float]], dict[int, list[float]]]:
    """Milliseconds of each tick, by the clock and of the processor, and from each landing sent to done, by its slot."""
    home = folder / "home"
    home.mkdir()
    listening = socket.create_server(("127.0.0.1", 0))
    token = secrets.token_hex()
    described = {"port": listening.getsockname()[1], "token": token, "pid": os.getpid()}
    (home / "ableton.json").write_text(json.dumps(described), encoding="utf-8")
    command = [sys.executable, "-m", "tests.doors.live.fake", "--real"]
    environment = {**os.environ, "MIDIFRAG_HOME": str(home)}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as live:
        tell(live, "open", tracks=tracks(others))
        answer(live)
        tell(live, "run", seconds=landings * 0.05 + 3.0)
        line, _ = listening.accept()
        send(line, welcome())
        time.sleep(1.5)
        sent: dict[str, tuple[int, float]] = {}
        for serial in range(landings):
            path = folder / f"{serial:04d} rain.wav"
            path.write_text("2.0", encoding="utf-8")
            # The Simplers' turn comes as often as the clips', and no two at the same distance from a tick.
            slot = serial % SLOTS + 1
            time.sleep(0.04 + 0.01 * (serial * 0.618 % 1.0))
            sent[str(path)] = (slot, time.monotonic())
            fields = {"name": "rain", "colour": "#3366FF", "seconds": 2.0, "loop": True, "bpm": 120.0, "beats": 4.0}
            whole = {"serial": serial, "slot": slot, "path": str(path), **fields, "again": False}
            send(line, {"type": "land", **whole})
            if serial % 40 == 0:
                send(line, {"type": "ping", "sent": time.monotonic()})
        answer(live)
        tell(live, "measured")
        measured = answer(live)
        tell(live, "state")
        breaches = answer(live)["breaches"]
        line.close()
        live.communicate()
    listening.close()
    assert not breaches, breaches
    assert set(sent) == set(measured["landed"]), "some landings were dropped"
    by_slot: dict[int, list[float]] = {}
    for path_text, (slot, at) in sent.items():
        by_slot.setdefault(slot, []).append(1000.0 * (measured["landed"][path_text] - at))
    return [[1000.0 * value for value in both] for both in measured["ticks"]], by_slot


def told(name: str, values: Sequence[float], goal: float) -> None:
    """One row of figures, in milliseconds."""
    p50, p95, p99 = statistics.median(values), percentile(values, 0.95), percentile(values, 0.99)
    figures = f"p50 {p50:.3f} ms, p95 {p95:.3f}, p99 {p99:.3f}, worst {max(values):.3f}"
    print(f"{name}: {len(values)}, {figures} (goal {goal:g})")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landings", type=int, default=200)
    parser.add_argument(
        "--tracks", type=int, default=60, help="other tracks of the Set, each with a rack of eight chains"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ticks, by_slot = measure(Path(folder), chosen.landings, chosen.tracks)
    told("our share of a tick, of the processor", [processor for _, processor in ticks], TICK_MS)
    told("our share of a tick, by the clock", [clock for clock, _ in ticks], TICK_MS)
    simplers = [value for slot, values in by_slot.items() if slot <= SIMPLERS for value in values]
    clips = [value for slot, values in by_slot.items() if slot > SIMPLERS for value in values]
    told("landed -> replace_sample", simplers, LANDED_MS)
    told("landed -> create_audio_clip", clips, LANDED_MS)


if __name__ == "__main__":
    main()
