"""A take put together again from its pieces, over as many connections as it takes, and checked as a whole."""

from __future__ import annotations

import hashlib

from midifrag.engine.line.messages import MOST_AUDIO, Audio, Rendered
from midifrag.errors import LineError


class Assembly:
    """The audio of one job, as far as it has come."""

    def __init__(self) -> None:
        self._data = bytearray()

    @property
    def have(self) -> int:
        """Bytes that are there."""
        return len(self._data)

    def add(self, piece: Audio, raw: bytes) -> None:
        """Take in the next piece; one that begins at 0 begins anew. Raises `LineError` for a gap, and for too much."""
        if piece.start == 0:
            self._data = bytearray()
        if piece.start != self.have:
            raise LineError(f"a piece of audio begins at byte {piece.start}, and {self.have} is the next")
        if self.have + len(raw) > MOST_AUDIO:
            raise LineError("a take is larger than any can be")
        self._data += raw

    def whole(self, told: Rendered) -> bytearray:
        """All of it. Raises `LineError` where it is not what the server had; then it has to come again from its start.

        That can only be a fault of the server's or of what lies between, since each piece came in order.
        """
        digest = hashlib.sha256(self._data).hexdigest()
        if self.have != told.size or digest != told.sha256:
            found = f"{self.have} bytes of {told.size}" if self.have != told.size else "another checksum"
            self._data = bytearray()
            raise LineError(f"a take did not arrive as it was sent: {found}")
        return self._data
