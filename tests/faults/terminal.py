"""Where a program under test prints: a terminal, a pipe or a file, each of which can be closed under it."""

from __future__ import annotations

import contextlib
import os
import re
import select
import threading
from enum import StrEnum


class TerminalKind(StrEnum):
    """What standard output is."""

    TERMINAL = "terminal"
    PIPE = "pipe"


#: What a live display sends to move about a terminal.
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Collects what a program prints. ``program_end`` is for its standard output and input."""

    def __init__(self, kind: TerminalKind) -> None:
        if kind is TerminalKind.TERMINAL:
            self._ours, self.program_end = os.openpty()
        else:
            self._ours, self.program_end = os.pipe()
        self._printed = bytearray()
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """All that was printed so far, without what only moves about."""
        return _CONTROLS.sub("", self._printed.decode(errors="replace"))

    def started(self) -> None:
        """The program has its own hold of its end."""
        os.close(self.program_end)

    def close(self) -> None:
        """Close the window: what is printed from now on meets nobody."""
        if not self._closing.is_set():
            self._closing.set()
            self._reader.join()
            os.close(self._ours)

    def _read(self) -> None:
        while not self._closing.is_set():
            ready, _, _ = select.select([self._ours], [], [], 0.05)
            if ready:
                with contextlib.suppress(OSError):
                    content = os.read(self._ours, 65536)
                    self._printed += content
                    if content:
                        continue
                return
