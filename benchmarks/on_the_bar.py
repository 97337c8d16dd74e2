"""What lands on the bar, as an independent program hears it: its audio, its note, and what was promised.

    uv run python -m benchmarks.on_the_bar --bpm 30 92.5 120 174

Over JACK's dummy server in real-time mode: `midifrag run` follows the MIDI clock of `benchmarks.bar_client`, whose
ticks are off by up to 2 ms, and eight pads with spares land on each bar, each on a channel of its own. Audio and notes
are placed by JACK's frame times. Then, without spares, presses at random moments: after ten of learning, was the
promised bar right? Needs Debian's jackd2 and libportaudio2.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.bar_client import CHANNELS
from benchmarks.bar_recording import RATE, Recording
from benchmarks.bar_show import Performance, have_landed, landed, performance
from midifrag.fragment.audio_files import read_wav
from midifrag.playback.memory import Single
from tools.jack_server import Server, realtime_allowed

#: Seconds around a boundary.
AROUND = 0.25
#: Presses without spares that are learned from.
LEARNED = 10
#: Seconds of a fragment's beginning that are looked for.
BEGINNING = 0.1
#: How much of a sound's own energy must be found where it is said to be.
SURE = 0.5


@dataclass(frozen=True, slots=True)
class Landing:
    """A fragment that has landed: its slot and boundary in monotonic seconds, and in quarter notes of the clock.

    ``audio``, ``grid`` and ``note`` are seconds from the boundary to its first sample as it was recorded, to the bar of
    who sent the clock, and to its note; ``counted`` is to its first sample as the player itself has it. None: JACK lost
    it.
    """

    slot: int
    at: float
    position: float
    missed: int
    as_promised: bool
    counted: float | None
    audio: float | None
    note: float | None
    grid: float


# --- what was heard --------------------------------------------------------------------------------------------------


def eight_a_boundary(show: Performance, boundaries: int) -> list[Landing]:
    """Land eight fragments, so many times; what became of each, as it was recorded."""
    show.until(
        lambda log: (
            len({one["pad"] for one in log if one["event"] == "PadChanged" and one["state"] == "ready"}) == CHANNELS
        )
    )
    for number in range(boundaries):
        show.press(range(CHANNELS))
        show.until(have_landed(CHANNELS * (1 + number)))
        # What has just landed sounds to its end, and the next presses come somewhere in the bar.
        time.sleep(0.5 + random.random() * 60 / show.bpm)
    show.end()
    sounds = {
        slot: read_wav(show.folder / "fragments" / f"output{slot:02d}.wav")[0].mean(axis=0)
        for slot in range(1, 1 + CHANNELS)
    }
    recording, log = Recording(show.client.file), show.log()
    return [_heard(show, recording, log, job, sounds[job["slot"]]) for job in landed(log)]


def _heard(
    show: Performance, recording: Recording, log: list[dict[str, Any]], job: dict[str, Any], sound: Single
) -> Landing:
    client, boundary, slot = show.client, job["boundary"], job["slot"]
    at = boundary["at"]
    frame = client.frame_at(at)
    counted = [one["moment"] for one in log if one["event"] == "Sounding" and one["on"] and one["job"] == job["job"]]
    notes = [client.moment_of(at) for note, at in client.notes if note == slot and abs(at - frame) < AROUND * RATE]
    begins = _beginning(recording, slot - 1, frame, sound)
    promised = [
        one["boundary"]["bar"]
        for one in log
        if one["event"] == "JobChanged" and one["job"] == job["job"] and one["boundary"]
    ]
    grid = (client.start or 0) + boundary["position"] * 60 / show.bpm * RATE
    return Landing(
        slot,
        at,
        boundary["position"],
        job["missed"],
        promised[0] == boundary["bar"],
        counted[0] - at if counted else None,
        None if begins is None else client.moment_of(begins) - at,
        notes[0] - at if notes else None,
        client.moment_of(grid) - at,
    )


def _beginning(recording: Recording, channel: int, frame: int, sound: Single) -> int | None:
    """The frame that a sound begins at near another one; None where what was recorded has a hole."""
    around, part = round(AROUND * RATE), sound[: round(BEGINNING * RATE)].astype(np.float64)
    heard = recording.channel(channel, frame - around, frame + around + len(part))
    if heard is None:
        return None
    match = np.correlate(heard.astype(np.float64), part, "valid")
    best = int(np.argmax(match))
    energy = np.sqrt((heard[best : best + len(part)].astype(np.float64) ** 2).sum() * (part**2).sum())
    return frame - around + best if match[best] > SURE * energy > 0 else None


# --- what was promised -----------------------------------------------------------------------------------------------


def promises(show: Performance, presses: int) -> tuple[int, int]:
    """Press at random moments, without spares: how many promises were right, of how many after those learned from."""
    for number in range(LEARNED + presses):
        show.press([number % CHANNELS])
        time.sleep(0.2 + random.random() * 0.6)
    show.until(have_landed(LEARNED + presses))
    log = show.log()
    jobs = sorted(landed(log), key=lambda one: one["job"])[LEARNED:]
    first: dict[int, int] = {}
    for one in log:
        if one["event"] == "JobChanged" and one["boundary"]:
            first.setdefault(one["job"], one["boundary"]["bar"])
    return sum(first[one["job"]] == one["boundary"]["bar"] for one in jobs), len(jobs)


def in_ms(values: Sequence[float | None]) -> dict[str, float | int]:
    """Milliseconds: the middle one, and how far off from nothing most are."""
    there = [1000 * value for value in values if value is not None]
    off = sorted(map(abs, there))
    cuts = statistics.quantiles(off, n=100, method="inclusive")
    told = {"earliest": min(there), "median": statistics.median(there), "latest": max(there)}
    told |= {f"off_p{at}": cuts[at - 1] for at in (50, 95, 99)} | {"off_worst": off[-1]}
    return {name: round(value, 3) for name, value in told.items()} | {
        "of": len(there),
        "lost": len(values) - len(there),
    }


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bpm", type=float, nargs="+", default=[30, 92.5, 120, 174])
    parser.add_argument("--boundaries", type=int, default=8)
    parser.add_argument("--presses", type=int, default=40, help="without spares, after ten of learning")
    parser.add_argument("--period", type=int, default=256, help="frames of JACK's period")
    chosen = parser.parse_args()
    server = Server(realtime=realtime_allowed(), period=chosen.period, channels=CHANNELS)
    try:
        for bpm in chosen.bpm:
            with performance(bpm, spares=True) as show:
                landings = eight_a_boundary(show, chosen.boundaries)
                told: dict[str, object] = {"bpm": bpm, "load": round(os.getloadavg()[0], 1)}
                told |= {"underruns": show.underruns, "missed": sum(one.missed for one in landings)}
            told["with_spares_as_promised"] = f"{sum(one.as_promised for one in landings)} of {len(landings)}"
            for name in ("audio", "counted", "note", "grid"):
                told[f"{name}_ms"] = in_ms([getattr(one, name) for one in landings])
            with performance(bpm, spares=False) as show:
                right, of = promises(show, chosen.presses)
            told["without_spares_as_promised"] = f"{right} of {of}"
            print(json.dumps(told), flush=True)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
