"""An engine that does what a prompt says, for a server on Ray; a plug-in, which `install` puts where a server finds it.

``slow 40``: so many steps of 0.05 s. ``until FILE``: until that file is there. ``out of memory``: what PyTorch raises
where a card is full. What it begins from, it gives back.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np

from midifrag.engine.messages import EngineInfo, Progress, Rendered, Started

RATE, SAMPLES = 8000, 8000


def sound(seed):
    """What a seed sounds like."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (1, SAMPLES)).astype(np.float32)


class Moody:
    """A `Worker`; ``weighs`` of its entry is what it says that it takes, in bytes."""

    def __init__(self, choice):
        self._choice, self._jobs = choice, []

    def load(self):
        return ()

    def info(self):
        return EngineInfo(
            "moody", self._choice.model, "c0ffee", "cpu", "fp32", RATE, 1, 60.0, (),
            memory={"weights": int(self._choice.source.get("weighs", 0))}, begins_from=("sound",),
        )  # fmt: skip

    def warm(self, renders):
        del renders
        return ()

    def submit(self, render):
        self._jobs.append([render, 0])

    def cancel(self, job):
        before = len(self._jobs)
        self._jobs = [one for one in self._jobs if one[0].job != job]
        return len(self._jobs) < before

    def promote(self, job):
        del job

    def tick(self):
        events = []
        for entry in list(self._jobs):
            render, step = entry
            if "out of memory" in render.prompt:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            word, _, rest = render.prompt.partition(" ")
            steps = int(rest) if word == "slow" else 1
            if word == "until" and not Path(rest).exists():
                steps = step + 2
            events += [Started(render.job)] if step == 0 else []
            entry[1] += 1
            if entry[1] < steps:
                events.append(Progress(render.job, entry[1], steps))
            else:
                self._jobs.remove(entry)
                audio = sound(render.seed) if render.sound is None else render.sound.audio
                used = {"seed": render.seed, "loras": render.loras}
                events.append(Rendered(render.job, audio, RATE, used, 0.05 * steps))
        time.sleep(0.05)
        return events

    @property
    def busy(self):
        return bool(self._jobs)

    def close(self):
        self._jobs.clear()


def install(folder):
    """Put it into ``folder``, which belongs on the path of who uses it then."""
    shutil.copy(Path(__file__), folder / "midifrag_moody.py")
    about = folder / "midifrag_moody-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: midifrag-moody\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[midifrag.engines]\nmoody = midifrag_moody:Moody\n")
