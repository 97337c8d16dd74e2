"""Commands on their way to a worker, in a thread or in a child process."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from midifrag.engine.messages import Command


class CommandQueue:
    """Commands on their way to one reader. `put` never blocks; an idle reader sleeps until something comes.

    ``on_take`` sees each command as it is taken out.
    """

    def __init__(self, on_take: Callable[[Command], None] = lambda _command: None) -> None:
        self._on_take = on_take
        self._commands: deque[Command] = deque()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the reader shall stop."""
        return self._closed

    def put(self, command: Command) -> None:
        """Add a command."""
        with self._changed:
            self._commands.append(command)
            self._changed.notify_all()

    def close(self) -> None:
        """Tell the reader to stop."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wake(self) -> None:
        """Let a waiting reader look again at whether it is ``interrupted``."""
        with self._changed:
            self._changed.notify_all()

    def take(
        self, *, wait: bool, interrupted: Callable[[], bool] = lambda: False, timeout: float | None = None
    ) -> list[Command]:
        """All commands there are, in order. With ``wait``, blocks until there are some or the wait is over.

        It is over when the queue is closed, when the reader is ``interrupted``, or after ``timeout`` seconds.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._commands or self._closed or interrupted(), timeout)
            if interrupted():
                return []
            commands = list(self._commands)
            self._commands.clear()
            for command in commands:
                self._on_take(command)
            return commands
