"""From a press to the first sample that its fragment gives to the device, with a spare ready.

    uv run python -m benchmarks.press_to_sound --presses 100

Over JACK's dummy server in real-time mode, the `sketch` engine, memory ports. A sample's moment is the player's own
count of frames, on the line through its callbacks' times. Needs Debian's jackd2 and libportaudio2.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from midifrag.bridge.view import View
from midifrag.clock import monotonic
from midifrag.config import loading
from midifrag.events import StateChange
from midifrag.intents import Press
from midifrag.playback.messages import PlaybackState
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from midifrag.states import PadState
from tools.jack_server import Server, realtime_allowed

RATE, NOTE = 44100, 36
#: Seconds for what is sure to come.
PATIENCE = 120.0
_SET = "model: sketch\nplayback: {device: default}\npage: {enabled: false}\nset_list: [one]\n"
_BANK = f"name: One\npads:\n  {NOTE}: {{prompt: short dark kick, seconds: 0.5, fragment: {{fade_ms: 1}}}}\n"


def measure(presses: int) -> list[float]:
    """Seconds from each press to its first sample."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "presets").mkdir()
        (folder / "presets.yaml").write_text(_SET, encoding="utf-8")
        (folder / "presets" / "one.yaml").write_text(_BANK, encoding="utf-8")
        flags = {"fragments": {"folder": str(folder / "fragments")}}
        runtime = Runtime(loading.load(folder / "presets.yaml", flags, environment={}), ClipPorts("midifrag"))
        view, news = View(), threading.Event()

        def heard(change: StateChange) -> None:
            view.apply(change)
            news.set()

        with closing(runtime):
            runtime.start()
            runtime.watch(heard, "bench")
            _until(news, lambda: view.playback is not None and view.playback.state is PlaybackState.PLAYING)
            # The line through the callbacks' times is sure by then.
            time.sleep(3)
            return [_once(runtime, view, news) for _ in range(presses)]


def _once(runtime: Runtime, view: View, news: threading.Event) -> float:
    _until(news, lambda: any(pad.state is PadState.READY for pad in view.pads.values()) and not view.sounding)
    time.sleep(0.1)
    pressed = monotonic()
    runtime.put(Press(NOTE, 1, "midifrag", 0.8, pressed))
    _until(news, lambda: bool(view.sounding))
    return next(iter(view.sounding.values())).at - pressed


def _until(news: threading.Event, holds: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE
    while not holds():
        if monotonic() > deadline:
            raise RuntimeError("it did not come about")
        news.wait(0.1)
        news.clear()


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--period", type=int, default=256, help="frames of JACK's period")
    chosen = parser.parse_args()
    server = Server(realtime=realtime_allowed(), period=chosen.period)
    try:
        taken = sorted(measure(chosen.presses))
    finally:
        server.stop()
    cuts = statistics.quantiles(taken, n=100)
    told = {
        "period_ms": round(1000 * chosen.period / RATE, 2),
        **{f"p{at}_ms": round(1000 * cuts[at - 1], 2) for at in (50, 95, 99)},
        "worst_ms": round(1000 * taken[-1], 2),
        "presses": len(taken),
    }
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
