"""What every host does around the lives of its worker: count jobs, report deaths, restart, give up."""

from __future__ import annotations

import abc
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from midifrag.clock import monotonic
from midifrag.engine.hosting.command_queue import CommandQueue
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
    Resumed,
    Stalled,
    Started,
    Warm,
    Warming,
)
from midifrag.engine.protocol import EngineChoice, WorkerFactory
from midifrag.scheduling import work_before_others

_log = logging.getLogger(__name__)

#: Seconds before the first, second … restart after deaths in a row; one more death and the host gives up.
BACK_OFF = (0.0, 0.5, 2.0, 5.0)
#: A life that was ready for this many seconds, or rendered something, breaks the row.
STEADY_SECONDS = 30.0
#: Renders kept to warm a restarted worker with; the oldest are forgotten.
MOST_WARMED = 512


@dataclass(frozen=True, slots=True)
class Death:
    """Why a life ended. A ``final`` death is not worth another try, such as a checkpoint that does not fit.

    One that was ``stuck`` took its time, which is no sign of a steady life. After one that ``spends_process``, no life
    in that process can use the device again. ``options`` are what the next life is told to do otherwise, see
    `EngineChoice.options`.
    """

    reason: str
    final: bool = False
    stuck: bool = False
    spends_process: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


def was_stuck(seconds: float) -> Death:
    """The death of a life that was ended because it showed no progress for so many seconds."""
    return Death(f"The engine was stuck: no sign of progress for {seconds:.0f} s. It was ended.", stuck=True)


class SupervisedHost(abc.ABC):
    """An `Engine` that keeps a worker alive. Subclasses say where one lives (`_run_worker`) and how it is stopped.

    Jobs handed to a worker that dies are reported in `Died`. Commands sent while there is no worker wait for the next
    one. After giving up, every render is answered with `Died`.
    """

    def __init__(
        self,
        factory: WorkerFactory,
        choice: EngineChoice,
        *,
        back_off: Sequence[float] = BACK_OFF,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._factory = factory
        self._choice = choice
        self._back_off = back_off
        self._clock = clock
        self._commands = CommandQueue(self._track)
        self._stop = threading.Event()
        self._listener: Callable[[EngineEvent], None] = lambda _event: None
        self._thread = threading.Thread(target=self._supervise, name="midifrag-engine-host", daemon=True)
        self._jobs: dict[int, None] = {}
        self._warmed: dict[Render, None] = {}
        self._ready_since: float | None = None
        self._has_rendered = False
        self._telling = threading.RLock()

    def start(self, listener: Callable[[EngineEvent], None]) -> None:
        """See `Engine.start`. ``listener`` is called from one thread at a time."""
        self._listener = listener
        self._thread.start()

    def send(self, command: Command) -> None:
        """See `Engine.send`."""
        self._commands.put(command)

    def close(self) -> None:
        """See `Engine.close`. No event comes after it."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._commands.close()
        self._stop_worker()
        self._listener = lambda _event: None

    @abc.abstractmethod
    def _run_worker(self) -> Death | None:
        """One life of a worker, on the supervising thread; None when it ended because the host was closed."""

    @abc.abstractmethod
    def _stop_worker(self) -> None:
        """Wait for the life to end after the queue was closed, and make it end if it does not."""

    def _track(self, command: Command) -> None:
        """A command is on its way from the queue to the worker."""
        match command:
            case Render():
                self._jobs[command.job] = None
            case Warm(renders):
                # A new life is for what presses ask for; what only controls reach, nobody waits for.
                for render in (one for one in renders if not one.spare):
                    plain = replace(render, job=0, seed=0)
                    self._warmed.pop(plain, None)
                    self._warmed[plain] = None
                for oldest in list(self._warmed)[:-MOST_WARMED]:
                    del self._warmed[oldest]
            case Cancel() | Promote():
                pass
            case _:
                assert_never(command)

    def _first_commands(self) -> tuple[Command, ...]:
        """What a new worker is told first."""
        return (Warm(tuple(self._warmed)),) if self._warmed else ()

    def _emit(self, event: EngineEvent) -> None:
        """Pass an event on."""
        match event:
            case Rendered(job=job):
                self._has_rendered = True
                self._jobs.pop(job, None)
            case Failed(job=job) | Cancelled(job=job):
                self._jobs.pop(job, None)
            case Ready():
                self._ready_since = self._clock() if self._ready_since is None else self._ready_since
            case Warming() | Started() | Progress() | Stalled() | Resumed() | Died():
                pass
            case _:
                assert_never(event)
        with self._telling:
            try:
                self._listener(event)
            except Exception:
                _log.exception("The listener of engine events failed on %s", type(event).__name__)

    def _tell_silence(self, seconds: float | None) -> None:
        """The worker has shown no progress for so long, or goes on."""
        self._emit(Resumed() if seconds is None else Stalled(seconds))

    def _is_awaited(self) -> bool:
        """Whether it has a job."""
        return bool(self._jobs)

    def _supervise(self) -> None:
        # What has been rendered would wait for a core with the next render on all of them.
        work_before_others()
        deaths = 0
        while not self._stop.is_set():
            self._ready_since, self._has_rendered = None, False
            death = self._run_guarded()
            if death is None or self._stop.is_set():
                return
            self._choice = replace(self._choice, options={**self._choice.options, **death.options})
            deaths = 1 if self._was_steady(death) else deaths + 1
            restarting = not death.final and deaths <= len(self._back_off)
            reason = death.reason
            if not death.final and not restarting:
                reason = f"{reason} It died {deaths} times in a row and is not started again."
            self._emit(Died(reason, self._take_lost_jobs(), restarting))
            if not restarting:
                self._fail_all_renders(reason)
                return
            self._stop.wait(self._back_off[deaths - 1])

    def _run_guarded(self) -> Death | None:
        # Whatever goes wrong around a worker, nobody else would tell that it is gone, or start the next one.
        try:
            return self._run_worker()
        except Exception as error:
            _log.exception("Looking after the engine failed")
            return Death(f"Looking after the engine failed: {type(error).__name__}: {error}.")

    def _was_steady(self, death: Death) -> bool:
        if death.stuck:
            return self._has_rendered
        ready_for = 0.0 if self._ready_since is None else self._clock() - self._ready_since
        return self._has_rendered or ready_for >= STEADY_SECONDS

    def _take_lost_jobs(self) -> tuple[int, ...]:
        lost = tuple(self._jobs)
        self._jobs.clear()
        return lost

    def _fail_all_renders(self, reason: str) -> None:
        while not self._stop.is_set():
            commands = self._commands.take(wait=True)
            jobs = tuple(command.job for command in commands if isinstance(command, Render))
            if jobs:
                self._emit(Died(reason, jobs, restarting=False))
