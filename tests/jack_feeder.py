"""An independent program that plays to JACK, for an input to hear; run as one, it plays what it is told to.

It has as many ports as it is given channels, called after it. What it plays is `sound`, round and round.
"""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np

from midifrag.playback.memory import Single

#: Frames until it begins anew.
FRAMES = 1 << 15


def sound(channel: int) -> Single:
    """What a channel plays, of shape (frames,): noise of its own."""
    return np.random.default_rng(channel).uniform(-0.3, 0.3, FRAMES).astype(np.float32)


class Feeder:
    """Plays as ``name`` until it is `unplugged`; silent until it is told to `play`."""

    def __init__(self, name: str, channels: int = 2) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.jack_feeder", name, str(channels)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def play(self, *, on: bool = True) -> None:
        """Play, or be silent."""
        assert self._process.stdin is not None
        self._process.stdin.write("play\n" if on else "rest\n")
        self._process.stdin.flush()

    def unplug(self) -> None:
        """Be gone at once."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


def main() -> None:
    import jack

    name, channels = sys.argv[1], int(sys.argv[2])
    client = jack.Client(name, no_start_server=True)
    ports = [client.outports.register(f"out_{number}") for number in range(channels)]
    sounds = [sound(number) for number in range(channels)]
    plays, at = threading.Event(), 0

    @client.set_process_callback
    def process(frames: int) -> None:
        nonlocal at
        for port, one in zip(ports, sounds, strict=True):
            heard = port.get_array()
            heard[:] = one[at : at + frames] if plays.is_set() else 0.0
        at = (at + frames) % FRAMES

    with client:
        print("ready", flush=True)
        for line in sys.stdin:
            if line == "play\n":
                plays.set()
            else:
                plays.clear()


if __name__ == "__main__":
    main()
