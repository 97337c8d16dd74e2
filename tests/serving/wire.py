"""A line with delay, jitter, a rate and cuts between a client and a server on this machine: a proxy for TCP.

As on a real one, what is sent while it is cut waits or is lost with its connection, and neither end hears of that.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading

from tests.support import PATIENCE


class Wire:
    """``port`` is where the server listens; `url` is what the client calls. Seconds, and bytes a second."""

    def __init__(self, port, delay=0.0, jitter=0.0, rate=None, seed=1):
        self._target, self._delay, self._jitter, self._rate = port, delay, jitter, rate
        self._random = random.Random(seed)
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._writers = set()

    def __enter__(self):
        self._thread.start()
        assert self._up.wait(PATIENCE)
        return self

    def __exit__(self, *_error):
        self.loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)

    def cut(self):
        """Nothing goes through any more, and nobody hears that."""
        self.loop.call_soon_threadsafe(self._open.clear)

    def mend(self):
        """All goes through again: what has waited, too."""
        self.loop.call_soon_threadsafe(self._open.set)

    def free(self):
        """It is as fast as this machine from now on."""
        self._rate = None

    def drop(self):
        """Break every connection that there is, as a router does that begins anew."""
        self.loop.call_soon_threadsafe(self._drop)

    def _drop(self):
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self):
        self.loop = asyncio.get_running_loop()
        self._open, self._over = asyncio.Event(), asyncio.Event()
        self._open.set()
        server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._up.set()
        await self._over.wait()
        server.close()
        self._drop()

    async def _join(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._open.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers |= {writer, back}
            try:
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
            finally:
                self._writers -= {writer, back}
                for one in (writer, back):
                    one.transport.abort()

    async def _pump(self, reader, writer):
        due = 0.0
        while data := await reader.read(16_384):
            now = self.loop.time()
            due = max(due, now + self._delay + self._random.uniform(-1, 1) * self._jitter)
            if self._rate:
                due += len(data) / self._rate
            await asyncio.sleep(max(0.0, due - now))
            await self._open.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError("one end has hung up")
