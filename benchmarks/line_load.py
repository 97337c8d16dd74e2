"""Requests to an engine, so many in flight all the while, and how long each took to its audio: here or at a server."""

from __future__ import annotations

import contextlib
import math
import queue
import statistics
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from midifrag.audio import Audio
from midifrag.clock import monotonic
from midifrag.engine.messages import Died, EngineEvent, Failed, Ready, Render, Rendered, Started
from midifrag.engine.protocol import Engine, EngineChoice
from midifrag.engine.remote.engine import RemoteEngine

#: Seconds for what is sure to come.
PATIENCE = 600.0


class Asked:
    """One engine with the moments of each job: asked, begun and rendered, in monotonic seconds."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_ready = threading.Event()
        self._done: dict[int, threading.Event] = {}
        self.precision = ""
        #: Takes of the jobs that are to be kept.
        self.kept: dict[int, Audio | None] = {}
        self.asked: dict[int, float] = {}
        self.began: dict[int, float] = {}
        self.rendered: dict[int, float] = {}
        engine.start(self._hear)
        assert self._is_ready.wait(PATIENCE), "the engine is not ready"

    def _hear(self, event: EngineEvent) -> None:
        match event:
            case Ready(info):
                self.precision = info.precision
                self._is_ready.set()
            case Started(job):
                self.began.setdefault(job, monotonic())
            case Rendered(job, audio):
                self.rendered[job] = monotonic()
                if job in self.kept:
                    self.kept[job] = audio
                self._done[job].set()
            case Failed(job, reason):
                raise AssertionError(f"job {job} failed: {reason}")
            case Died(reason):
                raise AssertionError(f"the engine died: {reason}")
            case _:
                pass

    def ask(self, render: Render) -> None:
        """Have it render."""
        self._done[render.job] = threading.Event()
        self.asked[render.job] = monotonic()
        self._engine.send(render)

    def wait(self, job: int) -> float:
        """Wait for a job; seconds from the request to its audio."""
        assert self._done[job].wait(PATIENCE), f"job {job} has not come"
        return self.rendered[job] - self.asked[job]

    def close(self) -> None:
        """End it."""
        self._engine.close()


@contextlib.contextmanager
def asking(engines: Sequence[Engine]) -> Iterator[list[Asked]]:
    """Engines that are ready, and closed afterwards."""
    made: list[Asked] = []
    try:
        made += [Asked(engine) for engine in engines]
        yield made
    finally:
        for one in made:
            one.close()


def far(url: str, token_file: Path, model: str) -> Engine:
    """The engine of a server, as a show has it."""
    source = {"url": url, "token_file": str(token_file), "server": "far", "there": model, "patience_ms": 60_000}
    return RemoteEngine(EngineChoice(f"far/{model}", source))


@dataclass(frozen=True, slots=True)
class Load:
    """What a load took: seconds of each request, and of all of them together."""

    seconds: tuple[float, ...]
    whole: float

    @property
    def median(self) -> float:
        """Of one request."""
        return statistics.median(self.seconds)

    @property
    def each(self) -> float:
        """Seconds a request, where so many are in flight."""
        return self.whole / len(self.seconds)


def loaded(clients: Sequence[Asked], in_flight: int, requests: int, first: int = 1, **asked: Any) -> Load:
    """So many requests, of which ``in_flight`` are under way at any time, by turns from each client."""
    numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(first, first + requests):
        numbers.put(number)
    seconds: list[float] = []

    def play(client: Asked) -> None:
        while True:
            try:
                number = numbers.get_nowait()
            except queue.Empty:
                return
            client.ask(Render(number, f"a bell {number}", seed=number, **asked))
            seconds.append(client.wait(number))

    began = monotonic()
    threads = [threading.Thread(target=play, args=(clients[one % len(clients)],)) for one in range(in_flight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seconds) == requests
    return Load(tuple(seconds), monotonic() - began)


def decibels(here: Asked, there: Asked, first: int, others: int = 7, **asked: Any) -> float:
    """Signal to noise of a take that ``there`` renders among others, against the same seed alone ``here``.

    Infinite where they are equal bit by bit.
    """
    for one in (here, there):
        one.kept[first] = None
    render = Render(first, "a dark bell", seed=77, **asked)
    here.ask(render)
    here.wait(first)
    beside = [Render(first + 1 + one, f"another {one}", seed=one, **asked) for one in range(others)]
    for other in (*beside, render):
        there.ask(other)
    for other in (*beside, render):
        there.wait(other.job)
    mine, its = here.kept[first], there.kept[first]
    assert mine is not None
    assert its is not None
    noise = float(np.square(mine - its, dtype=np.float64).sum())
    return 10 * math.log10(float(np.square(mine, dtype=np.float64).sum()) / noise) if noise else math.inf
