"""Commands that want to know which files the loaded Set uses, until the script has told all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel

from midifrag.doors.live.answers import Used
from midifrag.doors.live.wire import Files

#: Seconds that a script may take until it tells the next of them, and all.
PATIENCE, LONGEST = 5.0, 120.0


class UsedFiles:
    """Collects what the script tells, and answers all who wait. ``in_slots`` says which copies lie in slots."""

    def __init__(self, in_slots: Callable[[], Sequence[str]]) -> None:
        self._in_slots = in_slots
        self._waiting: list[Callable[[BaseModel], None]] = []
        #: All since the last line that ended an answer: one that nobody waits for any more may end the next one's.
        self._paths: dict[str, None] = {}
        self._deadline = self._end = 0.0

    def ask(self, answer: Callable[[BaseModel], None], now: float, ask: Callable[[], bool]) -> None:
        """Somebody asks at a moment (seconds); ``ask`` sends the script the question, and is False without one."""
        self._waiting.append(answer)
        if len(self._waiting) > 1:
            return
        self._deadline, self._end = now + PATIENCE, now + LONGEST
        if not ask():
            self._answer(None, "", 0)

    def told(self, files: Files, now: float) -> None:
        """The script has told some at a moment (seconds), or all."""
        self._paths.update(dict.fromkeys(files.paths))
        self._deadline = now + PATIENCE
        if not files.more:
            self._answer(tuple(self._paths), files.set, files.unread)
            self._paths.clear()

    def look(self, now: float) -> None:
        """Time goes by."""
        if self._waiting and now > min(self._deadline, self._end):
            self._answer(tuple(self._paths), "", 0, complete=False)

    def left(self) -> None:
        """The script is gone, and tells no more."""
        if self._waiting:
            self._answer(tuple(self._paths), "", 0, complete=False)
        self._paths.clear()

    def _answer(self, files: tuple[str, ...] | None, of: str, unread: int, *, complete: bool = True) -> None:
        waiting, self._waiting = self._waiting, []
        used = Used(files=files, set=of, unread=unread, in_slots=tuple(self._in_slots()), complete=complete)
        for answer in waiting:
            answer(used)
