"""A whole engine of somebody else's, with threads of its own: checked at the border, and watched from outside."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from midifrag.engine.border import Border
from midifrag.engine.hosting.command_queue import CommandQueue
from midifrag.engine.hosting.hang_watch import LOOK_SECONDS, Activity, HangWatch
from midifrag.engine.hosting.supervision import SupervisedHost
from midifrag.engine.limits import check_sound
from midifrag.engine.messages import Cancel, Command, EngineEvent, Ready, Render, Resumed, Stalled, Started
from midifrag.engine.protocol import Engine
from midifrag.errors import RequestError

_log = logging.getLogger(__name__)

#: How long a guest may take to close, in seconds.
CLOSE_SECONDS = 5.0


def guarded(engine: Engine, name: str) -> Engine:
    """``engine``, and what looks after it if it does not come with a host; ``name`` is its model's."""
    return engine if isinstance(engine, SupervisedHost | GuestEngine) else GuestEngine(engine, name)


class GuestEngine:
    """An `Engine` around another one, which may say or raise anything, hang, or never come back from `close`.

    One that says nothing of its jobs for too long is told to have `Died` with them, and to be `Ready` as soon as it
    says anything again.
    """

    def __init__(self, engine: Engine, name: str, look: float = LOOK_SECONDS) -> None:
        self._engine = engine
        self._listener: Callable[[EngineEvent], None] = lambda _event: None
        self._border = Border(name, self._tell)
        self._look = look
        self._watch = HangWatch(self._give_up, self._tell_silence, every=look)
        self._is_silent = False
        self._is_closed = False
        self._commands = CommandQueue()

    def start(self, listener: Callable[[EngineEvent], None]) -> None:
        """See `Engine.start`."""
        self._listener = listener
        self._watch.start()
        # What a guest is told may block for as long as it likes: nobody here waits for it.
        threading.Thread(target=self._serve, name="midifrag-engine-guest", daemon=True).start()

    def send(self, command: Command) -> None:
        """See `Engine.send`."""
        if self._is_closed:
            return
        was_resting = self._activity() is Activity.RESTING
        self._border.asked(command)
        if was_resting:
            self._watch.heard(self._activity())
        self._commands.put(command)

    def close(self) -> None:
        """See `Engine.close`."""
        if self._is_closed:
            return
        self._is_closed = True
        self._commands.close()
        self._watch.stop()
        # On a thread of its own: one that never comes back is left behind.
        thread = threading.Thread(target=self._close, name="midifrag-engine-close", daemon=True)
        thread.start()
        thread.join(CLOSE_SECONDS)

    def _serve(self) -> None:
        try:
            self._engine.start(self._hear)
        except Exception as error:
            self._border.lose(f"The engine could not be started: {_told(error)}.", restarting=False)
        while not self._commands.closed:
            for command in self._commands.take(wait=True):
                self._pass_on(command)

    def _close(self) -> None:
        try:
            self._engine.close()
        except Exception as error:
            _log.warning("the engine %s: close() raised %s", self._border.name, _told(error))

    def _pass_on(self, command: Command) -> None:
        if isinstance(command, Render) and self._border.info is not None:
            try:
                check_sound(command, self._border.info)
            except RequestError as error:
                self._border.fail(command.job, str(error))
                return
        try:
            self._engine.send(command)
        except Exception as error:
            reason = f"send() raised {_told(error)}"
            if isinstance(command, Render):
                self._border.fail(command.job, reason)
            else:
                _log.warning("the engine %s: %s", self._border.name, reason)

    def _activity(self) -> Activity:
        if self._border.info is None:
            return Activity.LOADING
        return Activity.BUSY if self._border.jobs else Activity.RESTING

    def _hear(self, said: object) -> None:
        self._border.take(said)
        info = self._border.info
        if self._is_silent and info is not None:
            self._is_silent = False
            if not isinstance(said, Ready):
                self._tell(Ready(info))

    def _tell(self, event: EngineEvent) -> None:
        if self._is_closed:
            return
        # A beginning is no result: how long one takes is measured from the last.
        if not isinstance(event, Started):
            self._watch.heard(self._activity(), news=True)
        self._listener(event)

    def _tell_silence(self, seconds: float | None) -> None:
        if not self._is_closed:
            self._listener(Resumed() if seconds is None else Stalled(seconds))

    def _give_up(self) -> None:
        waited, jobs = self._watch.hung_seconds or 0.0, self._border.jobs
        self._watch = HangWatch(self._give_up, self._tell_silence, every=self._look)
        self._watch.heard(Activity.RESTING)
        self._watch.start()
        self._is_silent = True
        self._border.lose(f"The engine said nothing for {waited:.0f} s.", restarting=True)
        for job in jobs:
            self._commands.put(Cancel(job))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
