"""Requests as a client sends them, and a replica's jobs without an engine, for the tests of this room."""

from __future__ import annotations

import numpy as np

from midifrag.clock import ManualClock
from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.serving.jobs import Jobs
from midifrag.serving.quotas import Quota

RATE = 8000


def job_id(number):
    return f"{number:032x}"


def asked(number, prompt="a bell", **said):
    own = {name: said.pop(name) for name in ("model", "have", "place", "coding") if name in said}
    return line.Ask(job=job_id(number), wish=line.Wish(**{"prompt": prompt, "seed": 1, "seconds": 1.0, **said}), **own)


def take(number, samples=16, value=0.5, channels=1):
    audio = np.full((channels, samples), value, np.float32)
    return engine.Rendered(number, audio, RATE, {"seed": 1}, 0.5)


class Desk:
    """Jobs on a clock that a test moves, and what was sent to engines."""

    def __init__(self, models=("sketch",), **quota):
        self.clock, self.sent = ManualClock(), []
        self.jobs = Jobs(self.clock, lambda model, command: self.sent.append((model, command)), models, Quota(**quota))

    def commands(self):
        sent, self.sent[:] = self.sent[:], []
        return [command for _model, command in sent]
