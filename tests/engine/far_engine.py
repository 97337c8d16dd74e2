"""A whole engine of a few lines, as a client of something remote would be: no ticks, a thread of its own."""

from __future__ import annotations

import queue
import threading

import numpy as np

from midifrag.engine.messages import (
    Cancel,
    EngineInfo,
    Failed,
    Progress,
    Promote,
    Ready,
    Render,
    Rendered,
    Started,
    Warm,
    Warming,
)
from midifrag.engine.protocol import EngineFactory

RATE = 8000


class FarEngine:
    """Renders noise of the seed; prompts may ask for trouble."""

    def __init__(self, choice):
        self.info = EngineInfo("far", choice.model, "f00", "elsewhere", "fp32", RATE, 2, 9.0, ())
        self.commands = queue.Queue()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.is_closed = threading.Event()

    def start(self, listener):
        self.tell = listener
        self.thread.start()

    def send(self, command):
        self.commands.put(command)

    def close(self):
        self.is_closed.set()
        self.commands.put(None)
        self.thread.join(10.0)

    def _serve(self):
        self._say(Warming(1, 1, "calling"))
        self._say(Ready(self.info))
        while (command := self.commands.get()) is not None:
            for event in self._answers(command):
                self._say(event)

    def _say(self, event):
        if not self.is_closed.is_set():
            self.tell(event)

    def _answers(self, command):
        match command:
            case Render(job, prompt, seconds, seed) if seconds is None or 0 < seconds <= self.info.max_seconds:
                seconds = 1.0 if seconds is None else seconds
                audio = np.random.default_rng(seed).normal(size=(2, round(seconds * RATE))).astype(np.float32)
                used = {"prompt": prompt, "seconds": seconds, "seed": seed}
                return [Started(job), Progress(job, 1, 1), Rendered(job, audio, RATE, used, 0.0)]
            case Render(job):
                return [Failed(job, "too long for far")]
            case Warm():
                return [Ready(self.info)]
            case Cancel() | Promote():
                return []


far = EngineFactory(FarEngine)
no_engine = EngineFactory(lambda _choice: object())
