"""Uploads of one connection on their way to a replica: a bounded queue, and word of what has been taken in."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from midifrag.engine.line import messages as line
from midifrag.engine.line.flow import WINDOW
from midifrag.engine.line.frames import PIECE
from midifrag.errors import LineError
from midifrag.serving.desk import Desk

_log = logging.getLogger(__name__)

#: Pieces that may wait: each costs more than its bytes, and no line is so slow that so many were cut so small.
MOST_WAITING = 4_096
#: Bytes that are handed on at once, where so many are there: each call of a replica costs more than its bytes.
_TOGETHER = 8 * PIECE


class Intake:
    """A replica that is slow slows its client: nothing beyond a window is taken, and `line.Taken` opens that again."""

    def __init__(self, desk: Desk, owner: str, send: Callable[[line.Message], Awaitable[None]]) -> None:
        self._desk, self._owner, self._send = desk, owner, send
        self._pieces: deque[tuple[line.Upload, bytes]] = deque()
        self._waiting, self._total = 0, 0
        self._there = asyncio.Event()
        self.task = asyncio.ensure_future(self._pass_on())

    def add(self, piece: line.Upload, raw: bytes) -> None:
        """Take in a piece. Raises `LineError` for more than a window of them."""
        if self._waiting + len(raw) > WINDOW:
            raise LineError(f"more than {WINDOW} bytes of uploads came before `taken`")
        if len(self._pieces) >= MOST_WAITING:
            raise LineError(f"more than {MOST_WAITING} pieces of uploads wait; send larger ones")
        self._waiting += len(raw)
        self._pieces.append((piece, raw))
        self._there.set()

    async def _pass_on(self) -> None:
        while True:
            await self._there.wait()
            piece, data = self._next()
            try:
                await self._desk.upload(self._owner, piece, data)
            except (
                Exception
            ) as error:  # what a dead replica's handle raises is Ray's to choose; its jobs are asked again
                _log.debug("a piece reached nobody: %r", error)
            self._waiting -= len(data)
            self._total += len(data)
            if not self._pieces:
                self._there.clear()
            try:
                await self._send(line.Taken(total=self._total))
            except ConnectionError as error:
                _log.debug("a connection broke: %r", error)
                return

    def _next(self) -> tuple[line.Upload, bytes]:
        """The next pieces of one upload, as far as they are there in a row."""
        first, raw = self._pieces.popleft()
        data = bytearray(raw)
        while self._pieces and len(data) < _TOGETHER:
            piece, raw = self._pieces[0]
            if piece.ticket != first.ticket or piece.start != first.start + len(data):
                break
            data += raw
            self._pieces.popleft()
        return first, bytes(data)
