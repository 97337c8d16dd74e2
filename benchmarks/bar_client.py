"""An independent JACK program: keeps a MIDI clock that jitters, presses pads, and records what a player gives.

Commands come as JSON lines, what it sees goes out as JSON lines: ``{"clock": bpm, "jitter": seconds}``, ``{"press":
[notes]}``; ``{"start": frame}``, ``{"note": number, "frame": frame}``, ``{"time": [frame, monotonic seconds]}``. What
is recorded goes to a file in blocks: JACK's frame time of the first sample, the frames, and each channel's samples.
"""

from __future__ import annotations

import contextlib
import gc
import json
import random
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHANNELS = 8
HEAD = struct.Struct("=II")
START, TICK, STOP, NOTE_ON = 0xFA, 0xF8, 0xFC, 0x90
#: Ticks of MIDI clock in a quarter note.
TICKS = 24
#: Seconds that a moment's two readings may be apart, and between two looks.
AT_ONCE, LOOK = 0.0002, 0.01


def ticks(start: int, bpm: float, jitter: float, rate: int) -> Iterator[int]:
    """The frames of a clock's ticks, each off by at most ``jitter`` seconds."""
    chance, each = random.Random(7), 60 / bpm / TICKS * rate
    number = 0
    while True:
        yield round(start + number * each + chance.uniform(-jitter, jitter) * rate)
        number += 1


class Client:
    """The JACK client ``name``, whose callback does what is due in its block."""

    def __init__(self, name: str) -> None:
        import jack

        # A player's ports may go while they are being connected.
        jack.set_error_function(lambda _text: None)
        self.client: Any = jack.Client(name, no_start_server=True)
        self.sink: Any = self.client.midi_outports.register(f"{name} out")
        self.source: Any = self.client.midi_inports.register(f"{name} in")
        self.inputs: list[Any] = [self.client.inports.register(f"in_{number}") for number in range(CHANNELS)]
        self.ring = jack.RingBuffer(1 << 25)
        self.pressed: deque[int] = deque()
        self.heard: deque[tuple[int, int]] = deque()
        self.clock: dict[str, float] | None = None
        self.started: int | None = None
        self._ticks: Iterator[int] = iter(())
        self._next: int | None = None
        self.client.set_process_callback(self._process)

    def _process(self, frames: int) -> None:
        now = self.client.last_frame_time
        self.sink.clear_buffer()
        self._keep_time(now, frames)
        while self.pressed:
            self.sink.write_midi_event(frames - 1, (NOTE_ON, self.pressed.popleft(), 100))
        for offset, data in self.source.incoming_midi_events():
            message = bytes(data)
            if len(message) == 3 and message[0] & 0xF0 == NOTE_ON and message[0] & 0xF == 15 and message[2]:
                self.heard.append((message[1], now + offset))
        self.ring.write(HEAD.pack(now, frames) + b"".join(bytes(port.get_buffer()) for port in self.inputs))

    def _keep_time(self, now: int, frames: int) -> None:
        if self.clock is not None:
            asked, self.clock = self.clock, None
            rate = self.client.samplerate
            if self._next is not None:
                self.sink.write_midi_event(0, (STOP,))
            start = now + rate // 2
            self._ticks = ticks(start, asked["clock"], asked["jitter"], rate)
            self._next = next(self._ticks)
            self.sink.write_midi_event(0, (START,))
            self.started = start
        at = 0
        while self._next is not None and self._next < now + frames:
            at = max(at, self._next - now)
            self.sink.write_midi_event(at, (TICK,))
            self._next = next(self._ticks)

    def connect(self, wanted: str) -> None:
        """Record what a program gives, as soon as it is there."""
        for source, port in zip(
            self.client.get_ports(f"{wanted}:", is_audio=True, is_output=True), self.inputs, strict=False
        ):
            if not port.is_connected_to(source):
                self.client.connect(source, port)


def main() -> None:
    """Run until the input ends."""
    name, wanted, file = sys.argv[1:]
    one, ended = Client(name), threading.Event()

    def obey() -> None:
        for line in sys.stdin:
            asked = json.loads(line)
            if "clock" in asked:
                one.clock = asked
            one.pressed.extend(asked.get("press", ()))
        ended.set()

    def tell(**told: object) -> None:
        print(json.dumps(told), flush=True)

    gc.freeze()
    gc.disable()
    with Path(file).open("wb") as recorded, one.client:
        tell(ready=True)
        threading.Thread(target=obey, daemon=True).start()
        while not ended.wait(LOOK):
            with contextlib.suppress(Exception):
                one.connect(wanted)
            recorded.write(bytes(one.ring.read(one.ring.read_space)))
            while one.heard:
                note, frame = one.heard.popleft()
                tell(note=note, frame=frame)
            if one.started is not None:
                tell(start=one.started)
                one.started = None
            before, frame, after = time.monotonic(), one.client.frame_time, time.monotonic()
            if after - before < AT_ONCE:
                tell(time=[frame, (before + after) / 2])
        recorded.write(bytes(one.ring.read(one.ring.read_space)))


if __name__ == "__main__":
    main()
