"""Work on files that may never come back: a network drive that hangs keeps a thread, and nothing else, waiting.

A system call that hangs cannot be ended. So whatever may hang is done by a `Hand`, one for each place that may hang by
itself; who needs it waits a while and goes on with something else.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from typing import Any, TypeAlias, TypeVar

from midifrag.errors import DriveHangsError

#: Seconds that somebody waits for a drive to answer.
PATIENCE = 2.0

_Answer = TypeVar("_Answer")
_Work: TypeAlias = Callable[[], None]


class Hand:
    """Does one piece of work after the other, on a thread of its own. ``place`` is what errors say does not answer.

    One thread hands out the work and waits for it; another may have something done `later`. ``begins`` is what its own
    thread does first.
    """

    def __init__(self, place: object, patience: float | None = None, begins: Callable[[], None] = lambda: None) -> None:
        self.place = place
        self._begins = begins
        self._patience = patience
        self._work: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stuck: Future[Any] | None = None

    @property
    def hangs(self) -> bool:
        """Whether somebody waited in vain, and the work is still not done."""
        return self._stuck is not None and not self._stuck.done()

    def begin(self, work: Callable[[], _Answer]) -> Future[_Answer]:
        """Have something done, and wait for nothing. Raises `DriveHangsError` if the work before it hangs."""
        if self.hangs:
            raise self._error()
        return self.later(work)

    def later(self, work: Callable[[], _Answer]) -> Future[_Answer]:
        """Have something done when its turn comes, even if that is never."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"midifrag-files {self.place}", daemon=True)
            self._thread.start()
        future: Future[_Answer] = Future()
        self._work.put(lambda: _do(work, future))
        return future

    def result(self, future: Future[_Answer]) -> _Answer:
        """Wait for work and return what came of it. Raises `DriveHangsError` if it takes too long; it goes on."""
        self.wait(future)
        if not future.done():
            raise self._error()
        return future.result()

    def do(self, work: Callable[[], _Answer]) -> _Answer:
        """`begin` something and return its `result`."""
        return self.result(self.begin(work))

    def wait(self, future: Future[_Answer]) -> None:
        """Wait until this is done, but not for long, and not at all while this hand hangs."""
        patience = PATIENCE if self._patience is None else self._patience
        self._note(future, 0.0 if self.hangs else patience)

    @staticmethod
    def wait_for_all(work: Iterable[tuple[Hand, Future[_Answer]]]) -> None:
        """Wait until work of several hands is done, no longer than for one."""
        all_work = list(work)
        wait([future for _, future in all_work], PATIENCE)
        for hand, future in all_work:
            hand._note(future, 0.0)

    def _note(self, future: Future[_Answer], patience: float) -> None:
        if wait([future], patience).not_done:
            self._stuck = future

    def close(self) -> None:
        """End the thread when its work is done. It starts anew with new work."""
        self._work.put(None)
        self._thread = None

    def _error(self) -> DriveHangsError:
        return DriveHangsError(f"{self.place} does not answer: check its drive or its network; it is tried again")

    def _run(self) -> None:
        self._begins()
        while (work := self._work.get()) is not None:
            work()
            # Not kept until the next one comes: takes are large.
            del work


def _do(work: Callable[[], _Answer], future: Future[_Answer]) -> None:
    try:
        answer = work()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(answer)


def within(place: object, work: Callable[[], _Answer], patience: float | None = None) -> _Answer:
    """Return what ``work`` returns. Raises `DriveHangsError` if that takes longer than ``patience`` seconds."""
    hand = Hand(place, patience)
    try:
        return hand.do(work)
    finally:
        hand.close()
