"""A worker of a few lines that can be told to misbehave, and what tests of its hosts share."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from midifrag.engine.messages import EngineInfo, Progress, Render, Rendered, Started, Warming
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import CaptureError, CheckpointError, RequestError
from tests.engine.odd_events import INFO, ODD_FIELDS, take

CHOICE = EngineChoice("toy", options={"dies": ()})
#: Seconds after which what has not come never will.
PATIENCE = 300.0


class Toy:
    """Renders a constant, one step a tick. The prompt says what else happens."""

    def __init__(self, choice):
        self.choice = choice
        self.jobs = {}
        self.warmed = []
        self.promoted = []

    def load(self):
        yield Warming(0, 1, f"pid {os.getpid()}")
        if "load" in self.choice.options["dies"]:
            raise CheckpointError("toy.ckpt is damaged.")
        if "load by crash" in self.choice.options["dies"]:
            raise MemoryError("no room")
        if "load by hanging" in self.choice.options["dies"]:
            threading.Event().wait()

    def info(self):
        return EngineInfo("toy", "toy", "", "cpu", "fp32", 100, 2, 9.0, ())

    def warm(self, renders):
        for render in renders:
            if render.prompt == "impossible":
                raise RequestError("impossible to warm")
            self.warmed.append(render.prompt)
            yield Warming(len(self.warmed), len(renders), render.prompt)

    def submit(self, render):
        if render.prompt == "refuse":
            raise RequestError("never.")
        self.jobs[render.job] = [render, 0]

    def cancel(self, job):
        return self.jobs.pop(job, None) is not None

    def promote(self, job):
        self.promoted.append(job)

    @property
    def busy(self):
        return bool(self.jobs)

    def close(self):
        if "close" in self.choice.options["dies"]:
            Path(self.choice.options["mark"]).touch()

    def talk(self):
        while True:
            logging.getLogger("toy").info("still here")
            time.sleep(0.01)

    def tick(self):
        job, (render, step) = next(iter(self.jobs.items()))
        self.jobs[job][1] = step = step + 1
        events = [Started(job)] if step == 1 else []
        match render.prompt:
            case "capture" if self.choice.options.get("graphs", True):
                raise CaptureError("the work could not be recorded.")
            case "crash":
                raise ZeroDivisionError("a bug")
            case "exit":
                os._exit(3)
            case "stuck" if step == 2:
                threading.Event().wait()
            case "stuck and talking" if step == 2:
                talk = threading.Timer(0.0, self.talk)
                talk.daemon = True
                talk.start()
                threading.Event().wait()
            case "quiet":
                events = []
            case "print":
                print("a package talks")
        if step >= (render.steps or 1):
            del self.jobs[job]
            audio = np.full((2, 300_000), render.seed, dtype=np.float32)
            used = {"warmed": ",".join(self.warmed), "promoted": str(self.promoted), "pid": os.getpid()}
            return [*events, Rendered(job, audio, 100, used, 0.0)]
        return [] if render.prompt == "quiet" else [*events, Progress(job, step, render.steps)]


@contextlib.contextmanager
def running(host, choice=CHOICE, factory=Toy, **options):
    engine = host(factory, choice, **{"back_off": (0.0, 0.0, 0.0), **options})
    events = queue.Queue()
    engine.start(events.put)
    try:
        yield engine, events
    finally:
        engine.close()


def wait(events, *kinds):
    """The next event of these kinds, and all that came before it."""
    seen = []
    while True:
        seen.append(events.get(timeout=PATIENCE))
        if isinstance(seen[-1], kinds):
            return seen[-1], seen


def press(job, prompt="tone", **parameters):
    return Render(job, prompt, 1.0, job, **parameters)


def process_id(events):
    return int(wait(events, Warming)[0].what.split()[1])


class OneLife(Toy):
    """Says its process in its information, and loads for ever where another one has lived before."""

    def load(self):
        mark = Path(self.choice.options["mark"])
        if mark.exists():
            threading.Event().wait()
        mark.touch()
        yield from super().load()

    def info(self):
        return EngineInfo("toy", "pocket", "", str(os.getpid()), "fp32", 100, 2, 9.0, ())


class Guest(Toy):
    """Written by somebody who did not read what a worker is; the prompt says what is wrong with it."""

    def info(self):
        return {"no rate": replace(INFO, sample_rate=None)}.get(self.choice.options.get("info"), INFO)

    def load(self):
        return None

    def warm(self, renders):
        del renders

    def submit(self, render):
        if render.prompt != "forgotten":
            super().submit(render)

    def cancel(self, job):
        super().cancel(job)

    def tick(self):
        (job, (render, _)), *_ = self.jobs.items()
        what, _, which = render.prompt.partition(" ")
        if what == "slow":
            return None
        del self.jobs[job]
        match what:
            case "odd":
                return [Started(job), take(job, **ODD_FIELDS[int(which)][0])]
            case "unpicklable":
                return [take(job, used={"function": lambda: None})]
            case "other":
                return [take(job + 1000)]
            case "twice":
                return [take(job), take(job), Progress(job, 1, 1)]
            case _:
                return take(job)
