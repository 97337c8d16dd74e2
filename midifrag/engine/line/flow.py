"""Credits by bytes: how much may be on its way to an end that has not said that it took it in."""

from __future__ import annotations

import asyncio
from collections import deque

from midifrag.clock import Clock

#: Bytes of audio that may be on their way: some seconds of a slow line, and bounded memory for one that stands still.
WINDOW = 1 << 20
#: The same where a line brings so much within `QUICK` seconds: what says that it has arrived takes its time, too.
WINDOW_MOST, QUICK = 8 << 20, 0.25
#: The part of a window that may have come before that is said: each message costs more than its bytes.
UNSAID = 2


class Window:
    """The sender's side of a connection. Who waits is served in turn, so that one take does not starve the others.

    It has ``size`` bytes at first, and up to ``most`` where these are waited for and the line is quick.
    """

    def __init__(self, size: int = WINDOW, most: int = WINDOW_MOST) -> None:
        self._least, self._most = size, max(size, most)
        #: Bytes that may be on their way now.
        self.size = size
        self._sent = 0
        self._received = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        #: Of what was sent: its end, and when that was.
        self._moments: deque[tuple[int, float]] = deque()

    @property
    def on_its_way(self) -> int:
        """Bytes that were sent and not taken in yet."""
        return self._sent - self._received

    async def take(self, size: int) -> None:
        """Wait until ``size`` bytes may be sent; they then count as sent."""
        if not self._waiting and self._has_room(size):
            self._send(size)
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
        # Where it lay among them is not known.
        self._moments.clear()
        self._serve()

    def received(self, total: int) -> None:
        """The client has taken in so many bytes since the beginning. Raises `ValueError` for more than was sent."""
        if not self._received <= total <= self._sent:
            raise ValueError(f"{total} bytes received, of {self._sent} that were sent")
        self._received, took = total, None
        while self._moments and self._moments[0][0] <= total:
            took = asyncio.get_running_loop().time() - self._moments.popleft()[1]
        if took is not None:
            self._fit(took)
        self._serve()

    def _has_room(self, size: int) -> bool:
        # One that is larger than the window goes where nothing is on its way, but for what `Receipts` has not said.
        return self.on_its_way + size <= self.size or self.on_its_way <= max(0, self._least // UNSAID - 1)

    def _send(self, size: int) -> None:
        self._sent += size
        self._moments.append((self._sent, asyncio.get_running_loop().time()))

    def _fit(self, took: float) -> None:
        """Have so much on its way as arrives, and is said to have, within `QUICK` seconds."""
        if took > QUICK:
            self.size = max(self._least, int(self.size * QUICK / took))
        elif took < QUICK / 2 and self._waiting:
            self.size = min(2 * self.size, self._most)

    def _serve(self) -> None:
        while self._waiting and self._has_room(self._waiting[0][0]):
            size, turn = self._waiting.popleft()
            if not turn.done():
                self._send(size)
                turn.set_result(None)


class Receipts:
    """The receiver's side, where ``window`` bytes may be on their way: how much came, and when that is to be said."""

    def __init__(self, window: int = WINDOW) -> None:
        self._least = max(1, window // UNSAID)
        self._came = self._said = 0

    def came(self, size: int) -> None:
        """So many bytes have been taken in."""
        self._came += size

    def due(self) -> list[int]:
        """All bytes that have come, where many of them have not been said."""
        return self.rest() if self._came - self._said >= self._least else []

    def rest(self) -> list[int]:
        """The same where any have not been said: nothing more comes for now."""
        if self._came == self._said:
            return []
        self._said = self._came
        return [self._came]


#: Seconds of a line that uploads may fill: a press, and a ping, wait behind what is on its way.
AHEAD = 0.15
#: Bytes of the smallest piece, one of which may be on its way whatever the line is like.
LEAST_PIECE = 4_096


class Pace:
    """The side that uploads: how much may be on its way, by how long it takes until that is taken in.

    A line's own buffers hold seconds of it, and what fills them delays everything behind it. So there is more and more
    on its way until answers take `AHEAD` seconds longer than the quickest one, and then as much as makes it those.
    """

    def __init__(self, clock: Clock, window: int) -> None:
        self._clock, self._window = clock, window
        #: Of each piece: the end of it, when it was sent, and what was on its way then.
        self._sent: deque[tuple[int, float, int]] = deque()
        self._total = self._taken = 0
        self._fits = LEAST_PIECE
        self._quickest = float("inf")

    @property
    def on_its_way(self) -> int:
        """Bytes that were sent and not taken in yet."""
        return self._total - self._taken

    @property
    def room(self) -> int:
        """Bytes that may be sent now, as one piece; 0 while there is no room for one."""
        # An eighth of all, so that a line is never seen to be slow for the length of what goes through it.
        piece = max(LEAST_PIECE, self._fits // 8)
        left = min(self._window, self._fits) - self.on_its_way
        return piece if left >= piece else 0

    def sent(self, size: int) -> None:
        """So many bytes go out."""
        self._total += size
        self._sent.append((self._total, self._clock.now(), self.on_its_way))

    def unsent(self, size: int) -> None:
        """The last piece, of so many bytes, does not go out after all."""
        self._total -= size
        self._sent.pop()

    def taken(self, total: int) -> None:
        """The server has taken in so many. Raises `ValueError` for more than were sent, and for fewer than before."""
        if not self._taken <= total <= self._total:
            raise ValueError(f"{total} bytes taken, of {self._total} that were sent")
        while self._sent and self._sent[0][0] <= total:
            end, at, flight = self._sent.popleft()
            self._answered(self._clock.now() - at, flight, end - self._taken)
            self._taken = end
        self._taken = total

    def _answered(self, took: float, flight: int, size: int) -> None:
        self._quickest = min(self._quickest, took)
        if took < self._quickest + AHEAD / 2:
            # Twice as much each time that all of it was answered.
            self._fits = max(self._fits, min(self._fits + size, 2 * flight))
        else:
            self._fits = max(LEAST_PIECE, round(flight * (self._quickest + AHEAD) / took))
        self._fits = min(self._fits, self._window)
