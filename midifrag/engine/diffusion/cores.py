"""As many threads as there are cores that nobody else wants.

On a CPU, torch's threads wait for each other after each of the hundreds of operations of a step, so one that has to
share its core with another program (a DAW) holds up all the others: measured with one of two cores busy, a render of
0.2 s took 23 s with two threads, and 0.3 s with one.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

import psutil
import torch

from midifrag.clock import monotonic

_log = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK_EVERY = 0.25
#: As many as torch uses by itself; what `FreeCores.follow` sets outlives a worker in a thread of this process.
ALL_THREADS = torch.get_num_threads()
#: How much of a core others may take before a thread is given up for it.
SLACK = 0.25
#: Looks in a row that must find more room before a thread comes back.
CALM_LOOKS = 4

_Piece = TypeVar("_Piece")
_Result = TypeVar("_Result")
#: Says how many cores' worth of time others have taken since it was last asked.
Others = Callable[[], float]


class FreeCores:
    """Follows what other programs leave free; ``threads`` is what may be used now, None before the first look.

    `look` takes a look, `watch` does so regularly on a thread of its own, and `follow` has torch use as many threads in
    operations that the calling thread begins. There are ``most`` threads at most (as many as torch uses by itself).
    """

    def __init__(self, most: int | None = None, cores: int | None = None) -> None:
        self.threads: int | None = None
        self._renders, self._lock = 0, threading.Lock()
        self._others: Others | None = None
        self._counted = 0.0
        self._most = most or ALL_THREADS
        self._cores = cores or psutil.cpu_count() or self._most
        self._calm = 0
        self._closing = threading.Event()

    def watch(self) -> None:
        """Begin to look; nothing to do where there is one thread in any case."""
        if self._most > 1:
            threading.Thread(target=self._run, name="midifrag-cores", daemon=True).start()

    def begin(self) -> None:
        """Count from now on what others take, so that the first render knows of it: when what it needs is loaded."""
        with self._lock, self._told_if_unseen():
            self._others, self._counted = taken_by_others(), monotonic()

    @contextlib.contextmanager
    def while_rendering(self) -> Iterator[None]:
        """Look as long as this lasts, and leave torch as many threads as it had.

        What others took since the last look counts from the start.
        """
        before = torch.get_num_threads()
        with self._lock:
            self._renders += 1
            if self._renders == 1:
                self._most, self._closing = before, threading.Event()
                self.threads = None if self.threads is None else min(self.threads, before)
                self._look_back()
                self.watch()
        try:
            yield
        finally:
            with self._lock:
                self._renders -= 1
                if not self._renders:
                    self.close()
            torch.set_num_threads(before)

    def _look_back(self) -> None:
        passed = monotonic() - self._counted
        if self._others is None or passed < LOOK_EVERY:
            return
        if passed >= CALM_LOOKS * LOOK_EVERY:
            # So long a time is as good as so many looks.
            self.threads = None
        with self._told_if_unseen():
            self.look(self._others())
            self._counted = monotonic()

    def look(self, others: float) -> None:
        """Take in how many cores' worth of time others take."""
        room = max(1, min(self._most, int(self._cores - others + SLACK)))
        before = self.threads or self._most
        self._calm = self._calm + 1 if room > before else 0
        calm = self._calm >= CALM_LOOKS
        self.threads = room if room < before or calm else before
        if calm:
            self._calm = 0

    def follow(self) -> None:
        """Have torch use as many threads as there may be."""
        if self.threads is not None and torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)

    def during(self, work: Generator[_Piece, None, _Result]) -> Generator[_Piece, None, _Result]:
        """The same work, of which each piece follows."""
        while True:
            self.follow()
            try:
                yield next(work)
            except StopIteration as end:
                result: _Result = end.value
                return result

    def close(self) -> None:
        """Look no more."""
        self._closing.set()

    def _run(self) -> None:
        closing = self._closing
        with self._told_if_unseen():
            if self._others is None:
                self._others = taken_by_others()
            while not closing.wait(LOOK_EVERY):
                self.look(self._others())
                self._counted = monotonic()

    @contextlib.contextmanager
    def _told_if_unseen(self) -> Iterator[None]:
        try:
            yield
        except (psutil.Error, OSError):
            _log.warning("what other programs leave free cannot be seen here; going on with all threads", exc_info=True)
            self.threads, self._others = self._most, None


#: What renders that are called from Python have seen; a render may well be over before its first look.
OF_THIS_PROCESS = FreeCores()


def taken_by_others() -> Others:
    """A count that begins now: what the machine's cores do but for this process, whichever thread asks."""
    process, cores = psutil.Process(), psutil.cpu_count() or 1

    def count() -> tuple[float, float]:
        """Now, and the seconds of cores that were idle or ours."""
        own, all_cores = process.cpu_times(), psutil.cpu_times()
        return monotonic(), own.user + own.system + all_cores.idle + getattr(all_cores, "iowait", 0.0)

    last = count()

    def since_last() -> float:
        nonlocal last
        before, last = last, count()
        seconds = max(last[0] - before[0], 1e-3)
        return max(0.0, cores - (last[1] - before[1]) / seconds)

    return since_last
