"""How long it takes from a landing to the line that tells Live's script of it, the copy included.

`uv run python -m benchmarks.live_door --landings 200 --seconds 4` lands fragments of so many seconds and prints
milliseconds. The script is a bare socket here, so that Live's own ticks are no part of it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import socket
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import numpy as np

from midifrag.config.loading import Loaded
from midifrag.config.settings import Settings
from midifrag.doors.live.door import LiveDoor
from midifrag.doors.live.meeting import Meeting, meeting_file
from midifrag.events import JobChanged, JobTimes, SlotsChanged
from midifrag.fragment.audio_files import encode_audio
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.wav import audio_checksum, with_texts
from midifrag.states import JobKind, JobState

RATE = 44100


def landed_to_told(landings: int, seconds: float, folder: Path) -> list[float]:
    """Milliseconds from each landing, of a stereo fragment of so many seconds, to its line at the script's end."""
    os.environ["MIDIFRAG_HOME"] = str(folder / "home")
    settings = Settings.model_validate({"model": "sketch", "fragments": {"folder": str(folder)}, "ableton": {}})
    door = LiveDoor(Loaded(settings, (), folder / "presets.yaml"), lambda _item: None)
    door.start()
    with closing(door):
        door.handle(SlotsChanged(tuple(SlotState(slot, f"output{slot:02d}.wav") for slot in range(1, 9))))
        while (meeting := Meeting.read(meeting_file())) is None:
            time.sleep(0.01)
        with socket.create_connection(("127.0.0.1", meeting.port)) as script, script.makefile("rb") as file:
            hello = {"type": "hello", "token": meeting.token, "script": 1, "live": "none", "has": []}
            script.sendall(json.dumps(hello).encode() + b"\n")
            _next(file, "welcome")
            sound = encode_audio(np.zeros((2, round(seconds * RATE)), np.float32), RATE, 16)
            return [_landed(door, file, folder, job, sound) for job in range(1, landings + 1)]


def _landed(door: LiveDoor, file: BinaryIO, folder: Path, job: int, sound: bytes) -> float:
    slot, checksum = (job - 1) % 8 + 1, audio_checksum(io.BytesIO(sound))
    content = SlotContent(job, slot, True, job, job, "bench", "rain", len(sound) / RATE / 4, 1e9 + job, checksum)
    path = folder / f"output{slot:02d}.wav"
    path.write_bytes(with_texts(sound, content.texts()))
    change = JobChanged(job, JobKind.PAD, JobState.LANDED, "rain", "", None, JobTimes(0.0), slot=slot, file=str(path))
    began = time.perf_counter()
    door.handle(change)
    _next(file, "land")
    return (time.perf_counter() - began) * 1000


def _next(file: BinaryIO, kind: str) -> None:
    while json.loads(file.readline())["type"] != kind:
        pass


def main() -> None:
    """Print the median, the 95th percentile and the longest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landings", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=4.0)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        took = sorted(landed_to_told(wanted.landings, wanted.seconds, Path(folder)))
    print(
        f"{len(took)} landings of {wanted.seconds:g} s: median {statistics.median(took):.2f} ms, "
        f"p95 {took[int(len(took) * 0.95)]:.2f} ms, longest {took[-1]:.2f} ms"
    )


if __name__ == "__main__":
    main()
