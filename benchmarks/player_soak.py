"""Eight loops while `pocket` renders: what the player misses beside a bare timer and a bare client of JACK.

    nice uv run python -m benchmarks.player_soak --minutes 10

Over JACK's dummy server in real-time mode at 256 frames. It says how many callbacks each of the three missed, and
whether all loops were there to the end, and where they should be. Needs Debian's jackd2 and libportaudio2.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks import bare_client, bare_timer
from midifrag.playback.messages import Load, PlaybackChanged, PlaybackState, PlayerEvent, Sounding, Start
from midifrag.playback.player import Player
from tools.jack_server import Server, realtime_allowed

RATE, FRAMES, LOOPS = 44100, 256, 8
#: Seconds for everything to begin.
PATIENCE = 300.0
_RENDER = """
import os, sys, midifrag
os.nice(5)
model = midifrag.load_model("pocket", device="cpu", precision="fp32")
print("ready", flush=True)
while True:
    midifrag.render(model, prompt="rain on a tin roof", seconds=4, steps=20)
"""


@dataclass(frozen=True)
class Soak:
    """What came of it: callbacks more than a period late, of the player and of both bare ones, and underruns.

    ``loops`` were there to the end, on a device that was opened anew ``changes`` times.
    """

    seconds: float
    misses: int
    underruns: int
    timer_misses: int
    timer_worst_ms: float
    client_misses: int
    client_worst_ms: float
    realtime: bool
    loops: int
    changes: int


def soak(seconds: float, engines: int = 2) -> Soak:
    """Play for so long while so many engines render."""
    told: list[PlayerEvent] = []
    news = threading.Condition()

    def hear(event: PlayerEvent) -> None:
        with news:
            told.append(event)
            news.notify_all()

    def sounding() -> int:
        return sum(isinstance(one, Sounding) and one.on for one in told)

    player = Player("default", LOOPS, hear)
    player.start()
    try:
        for slot in range(1, LOOPS + 1):
            audio = np.random.default_rng(slot).uniform(-0.1, 0.1, (2, RATE * (1 + slot) // 2)).astype(np.float32)
            player.submit(Load(slot, audio, RATE, loop=True))
            player.submit(Start(slot, slot))
        with news:
            if not news.wait_for(lambda: sounding() == LOOPS, PATIENCE):
                raise RuntimeError(f"the loops did not begin: {told[-3:]}")
        with rendering(engines):
            bare = [one.start(seconds, FRAMES, RATE) for one in (bare_timer, bare_client)]
            before, late = _underruns(told), player.late
            timer, client = bare_timer.count(*bare, patience=seconds + PATIENCE)
            late = player.late - late
        time.sleep(2.5)
        ended = {one.slot for one in told if isinstance(one, Sounding) and not one.on}
        changes = sum(isinstance(one, PlaybackChanged) and one.state is PlaybackState.LOST for one in told)
        return Soak(
            seconds,
            late,
            _underruns(told) - before,
            timer["misses"],
            timer["worst_ms"],
            client["misses"],
            client["worst_ms"],
            timer["realtime"],
            LOOPS - len(ended),
            changes,
        )
    finally:
        player.close()


def _underruns(told: list[PlayerEvent]) -> int:
    return next((one.underruns for one in reversed(told) if isinstance(one, PlaybackChanged)), 0)


@contextmanager
def rendering(count: int) -> Iterator[None]:
    """So many engines that render without a pause."""
    engines = [
        subprocess.Popen([sys.executable, "-c", _RENDER], stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    try:
        for one in engines:
            assert one.stdout is not None
            one.stdout.readline()
        yield
    finally:
        for one in engines:
            one.kill()
            one.communicate()


def main() -> None:
    """Soak, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--engines", type=int, default=2, help="how many render at once")
    chosen = parser.parse_args()
    server = Server(realtime=realtime_allowed(), period=FRAMES)
    try:
        print(json.dumps(asdict(soak(chosen.minutes * 60, chosen.engines)), indent=2))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
