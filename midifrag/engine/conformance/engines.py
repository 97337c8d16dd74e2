"""What an engine must do."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from midifrag.engine.conformance.checks import (
    E,
    Witness,
    parameters_to_render_again,
    require,
    require_form,
    require_kind,
    require_same,
)
from midifrag.engine.conformance.workers import WorkerConformance
from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Command,
    Died,
    EngineEvent,
    Failed,
    Progress,
    Promote,
    Ready,
    Render,
    Rendered,
    Started,
    Warm,
)
from midifrag.engine.protocol import Engine

#: What an engine says, and what is wrong with it.
Told: TypeAlias = "queue.Queue[EngineEvent | AssertionError]"


class _Witnessed:
    """An engine that is started, and what it has ``told`` since, each event looked at."""

    def __init__(self, engine: Engine) -> None:
        self.told: Told = queue.Queue()
        self._engine, self._witness, self._lock = engine, Witness(), threading.Lock()
        engine.start(self._hear)

    def send(self, command: Command) -> None:
        if isinstance(command, Render):
            with self._lock:
                self._witness.asked(command.job)
        self._engine.send(command)

    def close(self) -> None:
        self._engine.close()

    def _hear(self, event: EngineEvent) -> None:
        try:
            with self._lock:
                self._witness.hear(event)
        except AssertionError as error:
            self.told.put(error)
        else:
            self.told.put(event)


class EngineConformance:
    """What an `Engine` must do. Each test starts one and closes it."""

    prompt = WorkerConformance.prompt
    seconds = WorkerConformance.seconds
    parameters = WorkerConformance.parameters
    tolerance = WorkerConformance.tolerance
    #: How long any one event may take to come, loading included.
    timeout_seconds = 60.0

    def make_engine(self) -> Engine:
        """A new engine, not started yet."""
        raise NotImplementedError

    def test_a_press_becomes_audio(self) -> None:
        """`Ready`, then `Started`, `Progress` and `Rendered`; `Ready` again after a warm-up; `Failed` for nonsense."""
        with self._started() as (engine, events):
            info = self._wait(events, Ready).info
            engine.send(self._render(1))
            told = self._until(events, Rendered)
            take = require_kind(Rendered, told[-1])
            kinds = [type(event) for event in told if isinstance(event, (Started, Progress, Rendered))]
            require(kinds == [Started, *[Progress] * (len(kinds) - 2), Rendered], f"told: {kinds}")
            require(take.job == 1, f"job 1 was asked for and {take.job} was rendered")
            require_form(take, info, self.seconds)
            engine.send(Warm((self._render(0),)))
            self._wait(events, Ready)
            engine.send(replace(self._render(2), seconds=info.max_seconds + 1))
            require(self._wait(events, Failed).job == 2, "an impossible request did not fail")
            engine.send(Promote(77))
            engine.send(Cancel(77))
            engine.send(self._render(3))
            require(self._wait(events, Rendered).job == 3, "the engine stopped after an impossible request")

    def test_every_job_ends_once(self) -> None:
        """Of many jobs, some cancelled, each ends exactly once: `Rendered` or `Cancelled`."""
        with self._started() as (engine, events):
            for job in range(1, 7):
                engine.send(self._render(job))
            for job in (2, 4, 6):
                engine.send(Cancel(job))
            ends = [self._until(events, Rendered, Cancelled)[-1] for _ in range(6)]
            ended = [end.job for end in ends if isinstance(end, Rendered | Cancelled)]
            require(sorted(ended) == [1, 2, 3, 4, 5, 6], f"ended: {ended}")
            require({1, 3, 5} <= {end.job for end in ends if isinstance(end, Rendered)}, "a job was lost")

    def test_takes_are_what_their_parameters_say(self) -> None:
        """``used`` renders the same take again where an engine is deterministic, and another seed another one."""
        with self._started() as (engine, events):
            info = self._wait(events, Ready).info
            engine.send(self._render(1))
            first = self._wait(events, Rendered)
            used = parameters_to_render_again(first)
            engine.send(self._render(2, **used))
            again = self._wait(events, Rendered)
            engine.send(self._render(3, **{**used, "seed": 99}))
            other = self._wait(events, Rendered)
            if info.deterministic:
                require_same(first.audio, again.audio, self.tolerance, "rendered again from its used parameters")
                require(not np.array_equal(first.audio, other.audio), "another seed gives the same take")

    def test_a_promoted_spare_is_rendered_once(self) -> None:
        """A spare that becomes a press lands once, and so does a press that came after it."""
        with self._started() as (engine, events):
            self._wait(events, Ready)
            engine.send(self._render(1, spare=True))
            engine.send(Promote(1))
            engine.send(self._render(2))
            landed = [self._wait(events, Rendered).job for _ in range(2)]
            require(sorted(landed) == [1, 2], f"a promoted spare and a press were rendered as {landed}")

    def test_closing(self) -> None:
        """Closing in the middle of work is quiet: no `Died`, no event afterwards, and sending is still allowed."""
        with self._started() as (engine, events):
            self._wait(events, Ready)
            engine.send(self._render(1))
            engine.close()
            while not events.empty():
                require(not isinstance(events.get(), Died), "closing was reported as a death")
            engine.send(self._render(2))
            engine.close()
            require(events.empty(), "an event came after close()")

    def test_closing_at_once(self) -> None:
        """Closing while the model is being loaded is quiet too, and nothing comes afterwards."""
        with self._started() as (engine, events):
            engine.close()
            while not events.empty():
                require(not isinstance(events.get(), Died), "closing was reported as a death")
            engine.send(self._render(1))
            engine.close()
            require(events.empty(), "an event came after close()")

    @contextlib.contextmanager
    def _started(self) -> Iterator[tuple[_Witnessed, Told]]:
        engine = _Witnessed(self.make_engine())
        try:
            yield engine, engine.told
        finally:
            engine.close()

    def _render(self, job: int, **parameters: Any) -> Render:
        given = {"prompt": self.prompt, "seconds": self.seconds, "seed": job, **self.parameters, **parameters}
        return Render(job=job, **given)

    def _wait(self, events: Told, kind: type[E]) -> E:
        return require_kind(kind, self._until(events, kind)[-1])

    def _until(self, events: Told, *kinds: type[object]) -> list[EngineEvent]:
        """The next event of these kinds, and all before it."""
        told: list[EngineEvent] = []
        while True:
            try:
                event = events.get(timeout=self.timeout_seconds)
            except queue.Empty:
                names = " or ".join(kind.__name__ for kind in kinds)
                raise AssertionError(f"no {names} within {self.timeout_seconds:g} s") from None
            if isinstance(event, AssertionError):
                raise event
            told.append(event)
            if isinstance(event, kinds):
                return told
            require(not isinstance(told[-1], (Died, Failed)), f"{told[-1]} came instead")
