"""Child processes: Ctrl-C in a terminal reaches every process there, and what it means is the parent's to decide."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess

_ONE_AT_A_TIME = threading.Lock()


def start(process: SpawnProcess) -> None:
    """Start ``process`` so that Ctrl-C does not end it, from its first instruction on. Raises OSError.

    Its target still calls `ignore_interrupts`, first of all.
    """
    with _shielded():
        process.start()


def ignore_interrupts() -> None:
    """For the child: leave Ctrl-C to the parent from here on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        # What came while the child was being started is gone with it, and its own children are not born deaf.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextlib.contextmanager
def _shielded() -> Iterator[None]:
    """What is started inside inherits that an interrupt waits (POSIX) or is ignored (Windows)."""
    if sys.platform == "win32":
        import ctypes

        # https://learn.microsoft.com/windows/console/setconsolectrlhandler: children inherit it; for us, a moment. It
        # is the whole process's, so that two children are not started at once.
        with _ONE_AT_A_TIME:
            ctypes.windll.kernel32.SetConsoleCtrlHandler(None, True)
            try:
                yield
            finally:
                ctypes.windll.kernel32.SetConsoleCtrlHandler(None, False)
    else:
        from multiprocessing import resource_tracker

        # It would be started with the first child, and lets interrupts through again once it runs.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
