"""A worker in a thread of this process: for engines that need no protection, and for tests."""

from __future__ import annotations

import logging
import threading

from midifrag.engine.hosting.supervision import Death, SupervisedHost
from midifrag.engine.hosting.worker_loop import WorkerLoop, make_worker
from midifrag.errors import ModelError

_log = logging.getLogger(__name__)

#: How long `ThreadHost.close` waits for the tick in progress; a thread cannot be stopped from outside.
CLOSE_SECONDS = 5.0


class ThreadHost(SupervisedHost):
    """An `Engine` whose worker runs in a thread. A worker that raises is replaced by a new one."""

    def _run_worker(self) -> Death | None:
        try:
            WorkerLoop(
                make_worker(self._factory, self._choice), self._commands, self._emit, self._first_commands()
            ).run()
        except ModelError as error:
            return Death(str(error), final=True)
        except Exception as error:
            _log.exception("The engine failed")
            return Death(f"The engine failed: {type(error).__name__}: {error}.")
        return None

    def _stop_worker(self) -> None:
        if threading.current_thread() is not self._thread and self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)
