"""The loop around a worker, the same in a thread and in a child process: commands in, one tick, events out."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator

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
from midifrag.engine.protocol import Worker
from midifrag.errors import EngineError

_log = logging.getLogger(__name__)


class Inbox:
    """Commands on their way to one reader. `put` never blocks; an idle reader sleeps until something comes.

    ``on_take`` sees each command as it is taken out.
    """

    def __init__(self, on_take: Callable[[Command], None] = lambda _command: None) -> None:
        self._on_take = on_take
        self._commands: deque[Command] = deque()
        self._news = threading.Condition()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the reader shall stop."""
        return self._closed

    def put(self, command: Command) -> None:
        """Add a command."""
        with self._news:
            self._commands.append(command)
            self._news.notify_all()

    def close(self) -> None:
        """Tell the reader to stop."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    def wake(self) -> None:
        """Let a waiting reader look again at whether it is ``interrupted``."""
        with self._news:
            self._news.notify_all()

    def take(self, *, wait: bool, interrupted: Callable[[], bool] = lambda: False) -> list[Command]:
        """All commands there are, in order. With ``wait``, blocks until there are some or the wait is over."""
        with self._news:
            if wait:
                self._news.wait_for(lambda: self._commands or self._closed or interrupted())
            if interrupted():
                return []
            commands = list(self._commands)
            self._commands.clear()
            for command in commands:
                self._on_take(command)
            return commands


class Service:
    """One worker from load to close, on the calling thread.

    Commands are read between ticks, so a cancel takes effect within one step. Renders go before warm-up, piece by
    piece, and `Ready` follows when no warm-up is left, and again when that for spares has changed what there is to say
    of the worker. ``live`` is called in every round.
    """

    def __init__(
        self,
        worker: Worker,
        inbox: Inbox,
        emit: Callable[[EngineEvent], None],
        first: Iterable[Command] = (),
        live: Callable[[], None] = lambda: None,
    ) -> None:
        self._worker = worker
        self._inbox = inbox
        self._emit = emit
        self._live = live
        self._first = tuple(first)
        self._warmups: deque[Iterator[EngineEvent]] = deque()
        self._later: deque[Iterator[EngineEvent]] = deque()
        self._told: EngineInfo | None = None

    def run(self) -> None:
        """Serve until the inbox is closed. Raises what the worker raises: `ModelError` from loading, or a crash."""
        try:
            for event in self._worker.load():
                self._emit(event)
                if self._inbox.closed:
                    return
            for command in (*self._first, *self._inbox.take(wait=False)):
                self._obey(command)
            if not self._warmups:
                self._tell_ready()
            while not self._inbox.closed:
                self._round()
        finally:
            self._worker.close()

    def _round(self) -> None:
        idle = not (self._worker.busy or self._warmups or self._later)
        for command in self._inbox.take(wait=idle):
            self._obey(command)
        self._live()
        if self._worker.busy:
            for event in self._worker.tick():
                self._emit(event)
        elif self._warmups:
            self._warm_on(self._warmups, self._emit)
        elif self._later:
            # Nobody waits for it, so nobody hears of it, but of what has come of it.
            self._warm_on(self._later, lambda _event: None)

    def _warm_on(self, warmups: deque[Iterator[EngineEvent]], tell: Callable[[EngineEvent], None]) -> None:
        try:
            event = next(warmups[0], None)
        except EngineError as error:
            _log.warning("A warm-up ended early: %s", error)
            event = None
        if event is not None:
            tell(event)
            return
        warmups.popleft()
        if not warmups and (warmups is self._warmups or self._worker.info() != self._told):
            self._tell_ready()

    def _tell_ready(self) -> None:
        self._told = self._worker.info()
        self._emit(Ready(self._told))

    def _obey(self, command: Command) -> None:
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
                now, later = (tuple(one for one in renders if one.spare is spare) for spare in (False, True))
                if now or not later:
                    self._warmups.append(iter(self._worker.warm(now)))
                if later:
                    self._later.append(iter(self._worker.warm(later)))
