"""No feedback: for ports that only listen."""

from __future__ import annotations

import mido

from midifrag.surface.driver import PadLight


class Silent:
    """Shows nothing."""

    def init(self) -> list[mido.Message]:
        """Nothing."""
        return []

    def leave(self) -> list[mido.Message]:
        """Nothing."""
        return []

    def show(self, _pad: PadLight) -> list[mido.Message]:
        """Nothing."""
        return []

    def clear(self, _note: int, _channel: int) -> list[mido.Message]:
        """Nothing."""
        return []
