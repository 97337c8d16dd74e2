"""The border between an engine and midifrag: whatever an engine says is looked at once, here.

What is odd about the end of a job becomes its failure, with the engine's name. What belongs to no job in flight (the
ids of others, an answer after the end) is left out, and so is what is odd about anything else; each is told in one
line, once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import assert_never

from midifrag.engine.event_checks import checked, kept_audio, whole
from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Command,
    Died,
    EngineEvent,
    EngineInfo,
    Failed,
    Progress,
    Promote,
    Ready,
    Render,
    Rendered,
    Resumed,
    Stalled,
    Started,
    Warm,
    Warming,
)
from midifrag.errors import OddEventError

_log = logging.getLogger(__name__)

#: Different oddities of one engine that are told.
MOST_TOLD = 20


class Border:
    """One engine's. ``name`` is its model's, ``tell`` gets the events that are right. Threads may share it.

    ``info`` is what the engine last said of itself: its takes must have its rate and channels.
    """

    def __init__(self, name: str, tell: Callable[[EngineEvent], None], info: EngineInfo | None = None) -> None:
        self.name = name
        self._tell = tell
        self._lock = threading.RLock()
        #: Jobs in flight, and whether they are to be cancelled.
        self._jobs: dict[int, bool] = {}
        self._told: set[str] = set()
        self.info = info

    @property
    def jobs(self) -> tuple[int, ...]:
        """The jobs that have not ended."""
        with self._lock:
            return tuple(self._jobs)

    def asked(self, command: Command) -> None:
        """A command goes to the engine."""
        with self._lock:
            match command:
                case Render(job):
                    self._jobs[job] = False
                case Cancel(job) if job in self._jobs:
                    self._jobs[job] = True
                case Cancel() | Promote() | Warm():
                    pass
                case _:
                    assert_never(command)

    def take(self, said: object) -> None:
        """The engine says something: pass it on as far as it is right."""
        with self._lock:
            try:
                event = checked(said, self.info)
            except OddEventError as error:
                self._take_odd(said, str(error))
            else:
                self._take_right(event)

    def fail(self, job: int, reason: str, said: Rendered | Failed | None = None) -> None:
        """End a job of this engine; what was rendered of it is kept."""
        with self._lock:
            if self._jobs.pop(job, None) is not None:
                kept = (None, None) if said is None else kept_audio(said, self.info)
                self._tell(Failed(job, f"the engine {self.name}: {reason}", *kept))

    def settle(self) -> None:
        """The engine has nothing to do any more: what has not ended never will."""
        with self._lock:
            for job, is_cancelled in list(self._jobs.items()):
                if is_cancelled:
                    self._take_right(Cancelled(job))
                else:
                    self.fail(job, "it has nothing to do, and never said what became of this")

    def lose(self, reason: str, *, restarting: bool) -> None:
        """The engine is gone, or as good as that, with all its jobs."""
        with self._lock:
            jobs = self.jobs
            self._jobs.clear()
            self._tell(Died(reason, jobs, restarting))

    def _take_right(self, event: EngineEvent) -> None:
        match event:
            case Started(job) | Progress(job):
                if not self._is_known(job, event):
                    return
            case Rendered(job) | Failed(job) | Cancelled(job):
                if not self._is_known(job, event):
                    return
                del self._jobs[job]
            case Died(_, jobs):
                gone = tuple(job for job in jobs if job in self._jobs)
                for job in gone:
                    del self._jobs[job]
                event = replace(event, jobs=gone)
            case Ready(info):
                self.info = info
            case Warming() | Stalled() | Resumed():
                pass
            case _:
                assert_never(event)
        self._tell(event)

    def _is_known(self, job: int, event: EngineEvent) -> bool:
        if job in self._jobs:
            return True
        self._tell_once(f"it said {type(event).__name__} of a job that it has not, or that has ended")
        return False

    def _take_odd(self, said: object, reason: str) -> None:
        reason = f"{reason}; its author has to mend that"
        match said:
            case Rendered() | Failed() if (job := _job_of(said)) in self._jobs:
                self.fail(job, reason, said)
            case Ready() | Died():
                # Nobody knows what it is now, or which of its jobs are left.
                returns = isinstance(said, Died) and said.restarting is True
                self.lose(f"the engine {self.name}: {reason}", restarting=returns)
            case _:
                self._tell_once(reason)

    def _tell_once(self, what: str) -> None:
        if what not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(what)
            _log.warning("the engine %s: %s", self.name, what)


def each_event(said: object) -> Iterator[object]:
    """What a worker says, one after the other, whether that is nothing, a single event or several."""
    return iter(said if isinstance(said, Iterable) else () if said is None else (said,))


def _job_of(said: Rendered | Failed) -> int:
    try:
        return whole("job", said.job)
    except OddEventError:
        return -1
