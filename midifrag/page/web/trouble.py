"""What fails in the page's process, told to the performer as one line: never a traceback in the terminal of a show."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from midifrag.clock import monotonic
from midifrag.page import texts

_log = logging.getLogger(__name__)

#: Seconds that must lie between two lines that are the same, and how many different ones are told in that time.
EVERY, MOST_LINES = 60.0, 5
#: Characters of a line.
LONGEST = 200


class Trouble(logging.Handler):
    """Hands warnings and errors of every library to ``tell`` as lines; a storm of them is a few lines."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = monotonic) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell
        self._clock = clock
        self._told: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one thing that was logged, unless it has been told just now."""
        line = _line(record)
        now = self._clock()
        self._told = {told: moment for told, moment in self._told.items() if now - moment < EVERY}
        if line in self._told or len(self._told) >= MOST_LINES:
            return
        self._told[line] = now
        self._tell(texts.PAGE_TROUBLE.format(error=line))


def take_over(trouble: Trouble) -> None:
    """Have everything that this process would print to the terminal told by ``trouble``. Call it after all imports."""
    for logger in map(logging.getLogger, tuple(logging.root.manager.loggerDict)):
        logger.handlers.clear()
        logger.propagate = True
    logging.root.handlers[:] = [trouble]
    sys.excepthook = _failed
    threading.excepthook = lambda failed: _failed(failed.exc_type, failed.exc_value, failed.exc_traceback)
    sys.unraisablehook = lambda failed: _failed(failed.exc_type, failed.exc_value, failed.exc_traceback)


def _failed(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    _log.error("unexpected", exc_info=(kind, error or kind(), traceback))


def _line(record: logging.LogRecord) -> str:
    """What was logged, in one line and without a traceback."""
    error: Any = record.exc_info[1] if record.exc_info else None
    if isinstance(record.msg, BaseException):
        error = record.msg
    words = "" if error is not None and record.msg is error else record.getMessage()
    said = f"{type(error).__name__}: {error}" if error is not None else ""
    return " ".join(" ".join(filter(None, (words, said))).split())[:LONGEST]
