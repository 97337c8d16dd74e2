"""What the show's end of the wire tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pydantic import BaseModel

from midifrag.doors.live import wire
from midifrag.states import NoticeLevel


class Host(Protocol):
    """Who is told what comes in, on the server's thread; nothing here may block."""

    def came(self, hello: wire.Hello) -> None:
        """A script with the right token is there, and may be sent to."""

    def told(self, message: wire.FromScript, at: float) -> None:
        """The script said something, which came at a moment (monotonic seconds)."""

    def left(self) -> None:
        """The script is gone."""

    def asked(self, what: str, answer: Callable[[BaseModel], None]) -> None:
        """A command asks; ``answer`` is to be called once, on this thread."""

    def look(self, now: float) -> None:
        """Time goes by."""

    def notice(self, level: NoticeLevel, text: str) -> None:
        """Something that a performer should know."""
