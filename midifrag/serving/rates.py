"""How many messages of one connection are taken in a second: on Ray, what answers them waits where nothing bounds it.

A client says a few a second. One that says as many as it can, and reads nothing, would fill the memory of a way in, and
of Ray's proxy before it, and keep that from answering whoever looks whether it is sound.
"""

from __future__ import annotations

from midifrag.errors import LineError

#: Messages in one second, and pings and looks of them, which are answered at once. A client says four pings a second;
#: what has gathered behind a line or a server that stood still comes all at once.
MOST, MOST_ANSWERED = 8192, 256


class Rates:
    """Those of one connection. ``now`` is any clock's, in seconds."""

    def __init__(self) -> None:
        self._began = float("-inf")
        self._messages = self._answered = 0

    def came(self, now: float) -> None:
        """A message came. Raises `LineError` for more than can be meant."""
        if now >= self._began + 1.0:
            self._began, self._messages, self._answered = now, 0, 0
        self._messages += 1
        if self._messages > MOST:
            raise LineError(f"more than {MOST} messages in a second; slow down")

    def is_answered(self) -> None:
        """It is one that is answered at once. Raises `LineError` for more than can be meant."""
        self._answered += 1
        if self._answered > MOST_ANSWERED:
            raise LineError(f"more than {MOST_ANSWERED} pings and looks in a second; slow down")
