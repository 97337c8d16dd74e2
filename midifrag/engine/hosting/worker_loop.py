"""The loop around a worker, the same in a thread and in a child process: commands in, one tick, events out."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from midifrag.engine.border import Border, each_event
from midifrag.engine.event_checks import checked_info
from midifrag.engine.hosting.command_queue import CommandQueue
from midifrag.engine.hosting.hang_watch import SIGN_SECONDS, Activity
from midifrag.engine.hosting.supervision import Death
from midifrag.engine.limits import check_sound
from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Command,
    EngineInfo,
    Failed,
    Promote,
    Ready,
    Render,
    Warm,
    Warming,
)
from midifrag.engine.protocol import EngineChoice, Worker, WorkerFactory, missing_from
from midifrag.errors import CaptureError, EngineError, ModelError, OddEventError

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


def death_of(error: Exception) -> Death:
    """How a worker that raised is told; where it raised, only to those who ask for more."""
    if isinstance(error, ModelError):
        return Death(str(error), final=True)
    _log.info("The engine failed", exc_info=error)
    if isinstance(error, CaptureError):
        # torch does not end such a capture: nothing that it holds is freed in this process, and whoever asks for that
        # gets an error.
        return Death(str(error), options={"graphs": False}, spends_process=True)
    # So begins whatever torch passes on from a card; after most of it, the process can do nothing more there.
    spends_process = str(error).startswith("CUDA error")
    return Death(f"The engine failed: {type(error).__name__}: {error}.", spends_process=spends_process)


class WorkerLoop:
    """One worker from load to close, on the calling thread.

    Commands are read between ticks, so a cancel takes effect within one step. Renders go before warm-up, piece by
    piece, and `Ready` follows when no warm-up is left that single presses need (see `Warming`), and again when the rest
    and that for spares have changed what there is to say of the worker. ``sign`` is called before each piece of work
    with what it is, and in every idle round. It ends when ``commands`` are closed, or early, with nobody listening any
    more, once it ``is_over``.
    """

    def __init__(
        self,
        worker: Worker,
        commands: CommandQueue,
        border: Border,
        first: Iterable[Command] = (),
        sign: Callable[[Activity], None] = lambda _activity: None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._worker = worker
        self._commands = commands
        self._border = border
        self._sign = sign
        self._is_over = is_over
        self._first = tuple(first)
        self._warmups: deque[Iterator[object]] = deque()
        self._idle_warmups: deque[Iterator[object]] = deque()
        self._told_info: EngineInfo | None = None

    def run(self) -> None:
        """Serve until the queue is closed. Raises what the worker raises: `ModelError` from loading, or a crash."""
        try:
            self._serve()
        except BaseException:
            # On a device that is gone, closing fails as well; why it is gone is what counts.
            with contextlib.suppress(Exception):
                self._worker.close()
            raise
        self._worker.close()

    def _serve(self) -> None:
        for event in each_event(self._worker.load()):
            self._border.take(event)
            if self._is_closed:
                return
        for command in (*self._first, *self._take(wait=False)):
            self._execute(command)
        if not self._warmups:
            self._report_ready()
        while not self._is_closed:
            self._iterate()

    @property
    def _is_closed(self) -> bool:
        return self._commands.closed or self._is_over()

    def _take(self, *, wait: bool) -> list[Command]:
        return self._commands.take(wait=wait, interrupted=self._is_over, timeout=SIGN_SECONDS)

    def _iterate(self) -> None:
        is_idle = not (self._worker.busy or self._warmups or self._idle_warmups)
        if is_idle:
            self._sign(Activity.IDLE)
        for command in self._take(wait=is_idle):
            self._execute(command)
        if self._worker.busy:
            self._sign(Activity.BUSY)
            for event in each_event(self._worker.tick()):
                self._border.take(event)
        elif self._warmups:
            self._sign(Activity.LOADING if self._told_info is None else Activity.WARMING)
            self._continue_warmup(self._warmups, self._border.take)
        elif self._idle_warmups:
            self._sign(Activity.WARMING)
            # Nobody waits for it, so nobody hears of it, but of what has come of it.
            self._continue_warmup(self._idle_warmups, lambda _event: None)
        if not self._worker.busy:
            self._border.settle()

    def _continue_warmup(self, warmups: deque[Iterator[object]], report: Callable[[object], None]) -> None:
        try:
            event = next(warmups[0], None)
        except EngineError as error:
            _log.warning("A warm-up ended early: %s", error)
            event = None
        if event is not None:
            report(event)
            if not (warmups is self._warmups and isinstance(event, Warming) and event.playable):
                return
            # It goes before what only controls reach.
            self._idle_warmups.appendleft(warmups[0])
        warmups.popleft()
        if not warmups and (warmups is self._warmups or self._worker.info() != self._told_info):
            self._report_ready()

    def _report_ready(self) -> None:
        self._told_info = self._worker.info()
        try:
            self._border.take(Ready(checked_info(self._told_info)))
        except OddEventError as error:
            raise ModelError(f"the engine {self._border.name}: {error}; its author has to mend that.") from error

    def _execute(self, command: Command) -> None:
        self._border.asked(command)
        match command:
            case Render():
                try:
                    if command.sound is not None:
                        check_sound(command, self._worker.info())
                    self._worker.submit(command)
                except EngineError as error:
                    self._border.take(Failed(command.job, str(error)))
            case Cancel(job):
                self._worker.cancel(job)
                if job in self._border.jobs:
                    self._border.take(Cancelled(job))
            case Promote(job):
                self._worker.promote(job)
            case Warm(renders):
                now, idle = (tuple(one for one in renders if one.spare is spare) for spare in (False, True))
                if now or not idle:
                    self._warmups.append(each_event(self._worker.warm(now)))
                if idle:
                    self._idle_warmups.append(each_event(self._worker.warm(idle)))
            case _:
                assert_never(command)
