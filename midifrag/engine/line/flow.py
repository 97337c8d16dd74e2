"""Credits by bytes: how much audio may be on its way to a client that has not said that it took it in."""

from __future__ import annotations

import asyncio
from collections import deque

#: Bytes of audio that may be on their way: some seconds of a slow line, and bounded memory for one that stands still.
WINDOW = 1 << 20


class Window:
    """The sender's side of a connection. Who waits is served in turn, so that one take does not starve the others."""

    def __init__(self, size: int = WINDOW) -> None:
        self._size = size
        self._sent = 0
        self._received = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def on_its_way(self) -> int:
        """Bytes that were sent and not taken in yet."""
        return self._sent - self._received

    async def take(self, size: int) -> None:
        """Wait until ``size`` bytes may be sent; they then count as sent."""
        if not self._waiting and self._has_room(size):
            self._sent += size
            return
        turn = asyncio.get_running_loop().create_future()
        entry = (size, turn)
        self._waiting.append(entry)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # It was its turn already: what it does not send, others may.
                self.give_back(size)
            elif entry in self._waiting:
                self._waiting.remove(entry)
                self._serve()
            raise

    def give_back(self, size: int) -> None:
        """So many bytes are not sent after all."""
        self._sent -= size
        self._serve()

    def received(self, total: int) -> None:
        """The client has taken in so many bytes since the beginning. Raises `ValueError` for more than was sent."""
        if not self._received <= total <= self._sent:
            raise ValueError(f"{total} bytes received, of {self._sent} that were sent")
        self._received = total
        self._serve()

    def _has_room(self, size: int) -> bool:
        # A piece that is larger than the window goes alone.
        return self.on_its_way + size <= self._size or self.on_its_way == 0

    def _serve(self) -> None:
        while self._waiting and self._has_room(self._waiting[0][0]):
            size, turn = self._waiting.popleft()
            if not turn.done():
                self._sent += size
                turn.set_result(None)
