"""A worker in a thread of this process: for engines that need no protection, and for tests."""

from __future__ import annotations

import threading
from dataclasses import replace

from midifrag.engine.border import Border
from midifrag.engine.hosting.hang_watch import HangWatch
from midifrag.engine.hosting.supervision import Death, SupervisedHost, was_stuck
from midifrag.engine.hosting.worker_loop import WorkerLoop, death_of, make_worker
from midifrag.engine.messages import EngineEvent

#: How long `ThreadHost.close` waits for the tick in progress; a thread cannot be stopped from outside.
CLOSE_SECONDS = 5.0


class ThreadHost(SupervisedHost):
    """An `Engine` whose worker runs in a thread. A worker that raises is replaced by a new one, if there can be one.

    One that hangs is left behind: whatever it still does, nobody listens.
    """

    _life: threading.Thread | None = None

    def _run_worker(self) -> Death | None:
        is_over, has_ended, telling = threading.Event(), threading.Event(), threading.Lock()
        deaths: list[Death] = []

        def tell(event: EngineEvent) -> None:
            watch.heard_event(event)
            with telling:
                if not is_over.is_set():
                    self._emit(event)

        def leave_behind() -> None:
            with telling:
                is_over.set()
            self._commands.wake()
            has_ended.set()

        def live() -> None:
            try:
                worker = make_worker(self._factory, self._choice)
                border = Border(self._choice.model, tell)
                WorkerLoop(worker, self._commands, border, self._first_commands(), watch.heard, is_over.is_set).run()
            except Exception as error:
                deaths.append(_in_a_thread(death_of(error)))
            has_ended.set()

        watch = HangWatch(leave_behind, self._tell_silence, self._is_awaited)
        self._life = threading.Thread(target=live, name="midifrag-engine", daemon=True)
        watch.start()
        self._life.start()
        has_ended.wait()
        watch.stop()
        if watch.hung_seconds is not None:
            return was_stuck(watch.hung_seconds)
        return deaths[0] if deaths else None

    def _stop_worker(self) -> None:
        if threading.current_thread() not in (self._thread, self._life) and self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)


def _in_a_thread(death: Death) -> Death:
    """The same where the next life would be in the same process."""
    if not death.spends_process:
        return death
    advice = "Nothing in this process can use the card again; with `engine: {host: process}` it would begin anew."
    return replace(death, reason=f"{death.reason} {advice}", final=True)
