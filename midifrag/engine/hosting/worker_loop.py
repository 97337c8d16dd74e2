"""The loop around a worker, the same in a thread and in a child process: commands in, one tick, events out."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from midifrag.engine.hosting.command_queue import CommandQueue
from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Command,
    EngineEvent,
    EngineInfo,
    Failed,
    Promote,
    Ready,
    Render,
    Warm,
)
from midifrag.engine.protocol import EngineChoice, Worker, WorkerFactory, missing_from
from midifrag.errors import EngineError, ModelError

_log = logging.getLogger(__name__)


def make_worker(factory: WorkerFactory, choice: EngineChoice) -> Worker:
    """A new worker, not loaded yet. Raises `ModelError` where the factory makes something else."""
    worker = factory(choice)
    missing = missing_from(worker, Worker)
    if missing:
        raise ModelError(
            f"The plug-in of {choice.model!r} made a {type(worker).__name__} that is no worker: it lacks "
            f"{', '.join(missing)}. A factory of whole engines is registered as an EngineFactory; "
            "see midifrag.engine.protocol."
        )
    return worker


class WorkerLoop:
    """One worker from load to close, on the calling thread.

    Commands are read between ticks, so a cancel takes effect within one step. Renders go before warm-up, piece by
    piece, and `Ready` follows when no warm-up is left, and again when that for spares has changed what there is to say
    of the worker. ``heartbeat`` is called in every round.
    """

    def __init__(
        self,
        worker: Worker,
        commands: CommandQueue,
        emit: Callable[[EngineEvent], None],
        first: Iterable[Command] = (),
        heartbeat: Callable[[], None] = lambda: None,
    ) -> None:
        self._worker = worker
        self._commands = commands
        self._emit = emit
        self._heartbeat = heartbeat
        self._first = tuple(first)
        self._warmups: deque[Iterator[EngineEvent]] = deque()
        self._idle_warmups: deque[Iterator[EngineEvent]] = deque()
        self._told_info: EngineInfo | None = None

    def run(self) -> None:
        """Serve until the queue is closed. Raises what the worker raises: `ModelError` from loading, or a crash."""
        try:
            for event in self._worker.load():
                self._emit(event)
                if self._commands.closed:
                    return
            for command in (*self._first, *self._commands.take(wait=False)):
                self._execute(command)
            if not self._warmups:
                self._report_ready()
            while not self._commands.closed:
                self._iterate()
        finally:
            self._worker.close()

    def _iterate(self) -> None:
        is_idle = not (self._worker.busy or self._warmups or self._idle_warmups)
        for command in self._commands.take(wait=is_idle):
            self._execute(command)
        self._heartbeat()
        if self._worker.busy:
            for event in self._worker.tick():
                self._emit(event)
        elif self._warmups:
            self._continue_warmup(self._warmups, self._emit)
        elif self._idle_warmups:
            # Nobody waits for it, so nobody hears of it, but of what has come of it.
            self._continue_warmup(self._idle_warmups, lambda _event: None)

    def _continue_warmup(self, warmups: deque[Iterator[EngineEvent]], report: Callable[[EngineEvent], None]) -> None:
        try:
            event = next(warmups[0], None)
        except EngineError as error:
            _log.warning("A warm-up ended early: %s", error)
            event = None
        if event is not None:
            report(event)
            return
        warmups.popleft()
        if not warmups and (warmups is self._warmups or self._worker.info() != self._told_info):
            self._report_ready()

    def _report_ready(self) -> None:
        self._told_info = self._worker.info()
        self._emit(Ready(self._told_info))

    def _execute(self, command: Command) -> None:
        match command:
            case Render():
                try:
                    self._worker.submit(command)
                except EngineError as error:
                    self._emit(Failed(command.job, str(error)))
            case Cancel(job):
                if self._worker.cancel(job):
                    self._emit(Cancelled(job))
            case Promote(job):
                self._worker.promote(job)
            case Warm(renders):
                now, idle = (tuple(one for one in renders if one.spare is spare) for spare in (False, True))
                if now or not idle:
                    self._warmups.append(iter(self._worker.warm(now)))
                if idle:
                    self._idle_warmups.append(iter(self._worker.warm(idle)))
            case _:
                assert_never(command)
