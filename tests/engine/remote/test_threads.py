"""Work beside a loop: its result or its error comes back, and what hangs holds nobody."""

import asyncio
import threading

import pytest

from midifrag.engine.remote.threads import in_thread


def test_what_it_returns_and_raises_comes_back():
    async def play():
        assert await in_thread(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await in_thread(lambda: 1 // 0)

    asyncio.run(play())


def test_what_hangs_is_left_behind():
    let_go, ended = threading.Event(), threading.Event()

    def hang():
        let_go.wait()
        ended.set()

    async def play():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await in_thread(hang)

    # The loop ends, and does not wait for it.
    asyncio.run(play())
    assert not ended.is_set()
    let_go.set()
