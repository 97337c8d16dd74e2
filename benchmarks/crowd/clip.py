"""Three minutes of playing pads, written for this in three manners, as MIDI files; and the logs that come of them.

    uv run python -m benchmarks.crowd.clip

Nobody has played these: there are no session logs of performers to be had. `midifrag play` plays each file into a show
with the built-in synthesiser, as a controller would, and what its session log has of presses is kept in ``sessions``.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mido

from benchmarks.crowd.presses import RECORDED
from midifrag.show.session_log import read_session

#: Seconds of a clip, and of a key being down.
SECONDS, DOWN = 180.0, 0.2
FIRST, PADS = 36, 16
TICKS, TEMPO = 480, 500_000


def bars(dice: random.Random) -> Iterator[float]:
    """One or two pads at each fourth bar, at 96 beats a minute and by hand; after sixteen bars eight of rest."""
    bar = 4 * 60 / 96
    for number in range(int(SECONDS / bar)):
        if number % 4 == 0 and number % 24 < 16:
            for chord in range(dice.choice((1, 1, 2))):
                yield max(0.0, number * bar + 0.03 * chord + dice.gauss(0.0, 0.02))


def textures(dice: random.Random) -> Iterator[float]:
    """One pad after the other, whenever the last one has been listened to."""
    at = 0.0
    while at < SECONDS:
        yield at
        at += dice.uniform(5.0, 14.0)


def bursts(dice: random.Random) -> Iterator[float]:
    """Runs of three to six, then a while of nothing."""
    at = 0.0
    while at < SECONDS:
        for _ in range(dice.randint(3, 6)):
            yield at
            at += dice.uniform(0.25, 0.6)
        at += dice.uniform(15.0, 30.0)


MANNERS = {"bars": bars, "bursts": bursts, "textures": textures}


def write_clip(manner: str, path: Path) -> None:
    """Write one of them as a MIDI file."""
    dice = random.Random(manner)
    moments = sorted(at for at in MANNERS[manner](dice) if at < SECONDS)
    events = [(at, "note_on", dice.randrange(PADS)) for at in moments]
    events += [(at + DOWN, "note_off", pad) for at, _, pad in events]
    track, before = mido.MidiTrack(), 0
    for at, kind, pad in sorted(events):
        ticks = round(mido.second2tick(at, TICKS, TEMPO))
        track.append(mido.Message(kind, note=FIRST + pad, velocity=100, time=ticks - before))
        before = ticks
    mido.MidiFile(ticks_per_beat=TICKS, tracks=[track]).save(path)


def record(folder: Path) -> None:
    """Play them all, side by side, and keep what their logs have of presses."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        playing = []
        for manner in MANNERS:
            own = Path(name) / manner
            own.mkdir()
            write_clip(manner, own / "clip.mid")
            command = [sys.executable, "-m", "midifrag", "play", str(own / "clip.mid"), "presets.yaml"]
            command += ["--model", "sketch"]
            playing.append((manner, own, subprocess.Popen([*command, "--fragments", str(own)])))
        for manner, own, process in playing:
            assert process.wait() == 0
            [log] = (own / "archive" / "sessions").glob("*.jsonl")
            kept = [line for line in read_session(log) if line["event"] == "JobChanged" and line["state"] == "queued"]
            text = "".join(json.dumps(line) + "\n" for line in kept)
            (folder / f"{manner}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    record(RECORDED)
