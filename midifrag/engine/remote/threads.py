"""Work beside a loop, on threads that nobody waits for: one may hang with its drive while everything else goes on."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """What ``work`` returns or raises, on a thread of its own; one that is given up is left behind."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: Callable[[], None]) -> None:
        # A loop that has ended listens to nobody.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if done.done() else result())

    def run() -> None:
        try:
            value = work()
        except BaseException as error:  # whoever waits for it must hear of it
            raised = error
            settle(lambda: done.set_exception(raised))
        else:
            settle(lambda: done.set_result(value))

    threading.Thread(target=run, name="midifrag-line work", daemon=True).start()
    return await done
