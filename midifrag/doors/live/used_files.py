"""Commands that want to know which files the loaded Set uses, until the script has told all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel

from midifrag.doors.live.answers import Used
from midifrag.doors.live.wire import Files

#: Seconds that a script may take to tell them.
PATIENCE = 5.0


class UsedFiles:
    """Collects what the script tells, and answers all who wait. ``in_slots`` says which copies lie in slots."""

    def __init__(self, in_slots: Callable[[], Sequence[str]]) -> None:
        self._in_slots = in_slots
        self._waiting: list[Callable[[BaseModel], None]] = []
        self._paths: list[str] = []
        self._deadline = 0.0

    def ask(self, answer: Callable[[BaseModel], None], now: float, ask: Callable[[], bool]) -> None:
        """Somebody asks at a moment (seconds); ``ask`` sends the script the question, and is False without one."""
        self._waiting.append(answer)
        if len(self._waiting) > 1:
            return
        self._paths, self._deadline = [], now + PATIENCE
        if not ask():
            self.give_up()

    def told(self, files: Files) -> None:
        """The script has told some, or all."""
        self._paths += files.paths
        if not files.more:
            self._answer(tuple(self._paths), files.set, files.unread)

    def look(self, now: float) -> None:
        """Time goes by."""
        if self._waiting and now > self._deadline:
            self.give_up()

    def give_up(self) -> None:
        """Nobody will tell."""
        self._answer(None, "", 0)

    def _answer(self, files: tuple[str, ...] | None, of: str, unread: int) -> None:
        waiting, self._waiting, self._paths = self._waiting, [], []
        used = Used(files=files, set=of, unread=unread, in_slots=tuple(self._in_slots()))
        for answer in waiting:
            answer(used)
