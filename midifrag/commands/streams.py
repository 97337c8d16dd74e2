"""Standard output and error as places that may fail: what is only told never stops, and never delays, what is kept.

A terminal that was closed, a pipe that nobody reads, a log on a full disk: the text is lost and the program goes on. A
character that cannot be shown there is told by others. While a show runs (`aside`), a thread of its own does the
writing, so that a terminal that has stopped taking text delays nobody.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO, cast

#: Characters of text that wait for a terminal; what comes beyond is left out.
WAITING = 1_000_000
#: Seconds that the end of a show waits for a terminal to take what is left.
PATIENCE = 2.0
#: Seconds between tries to write to what refuses for the moment.
BUSY = 0.01
#: How characters of ours are told where they cannot be shown.
PLAIN = {"→": "->", "…": "...", "—": "-", "–": "-", "−": "-", "★": "*", "✗": "x", "×": "x", "σ": "sigma", "≤": "<="}
#: The name of the error handler for encoding that does so.
SHOWN = "midifrag-shown"


def _shown(error: UnicodeError) -> tuple[str, int]:
    """An error handler of `codecs`: ours by `PLAIN`, others as a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(one, "?") for one in error.object[error.start : error.end]), error.end


codecs.register_error(SHOWN, _shown)


class Stream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr``, whatever that is at the moment. Writing never fails."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def real(self) -> TextIO | None:
        """What is written to; None where there is none, as for a program without a window on Windows."""
        stream: TextIO | None = getattr(sys, self._name)
        # While a status is drawn, rich puts a stand-in there that draws below it.
        return cast("TextIO | None", getattr(stream, "rich_proxied_file", stream))

    @property
    def encoding(self) -> str:  # type: ignore[override] # a plain attribute there
        """How characters become bytes."""
        return getattr(self.real, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether this is a terminal."""
        with contextlib.suppress(ValueError, OSError):
            return self.real is not None and self.real.isatty()
        return False

    def fileno(self) -> int:
        """The system's number for it. Raises OSError if it has none."""
        if self.real is None:
            raise OSError(f"there is no {self._name}")
        return self.real.fileno()

    def writable(self) -> bool:
        """See `io.IOBase.writable`."""
        return True

    def write(self, text: str) -> int:
        """Write ``text``, as far as that can be done and shown."""
        stream = self.real
        if stream is not None:
            shown = text.encode(self.encoding, SHOWN).decode(self.encoding, "replace")
            if _aside is None:
                _write(stream, shown)
            else:
                _aside.put(stream, shown)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""


def _write(stream: TextIO, text: str) -> None:
    """Write past the stream's own buffer, whose lock must be free when the interpreter ends in the middle of this."""
    try:
        # Terminals of Windows take no bytes.
        number = None if sys.platform == "win32" else stream.fileno()
    except (OSError, ValueError):
        number = None
    with contextlib.suppress(OSError, ValueError):
        if number is None:
            stream.write(text)
        stream.flush()
        content = b"" if number is None else text.encode(stream.encoding, SHOWN)
        while content:
            try:
                content = content[os.write(number or 0, content) :]
            except BlockingIOError:
                # Another program has set this terminal to refuse rather than to wait.
                time.sleep(BUSY)


def _give_up(stream: TextIO) -> None:
    """Let what ``stream`` still holds go nowhere, so that the interpreter does not fail on it at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class _Aside:
    """Writes on a thread of its own."""

    def __init__(self) -> None:
        self._texts: queue.SimpleQueue[tuple[TextIO, str] | None] = queue.SimpleQueue()
        self._waiting = 0
        self._left_out = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="midifrag-told", daemon=True)
        self._thread.start()

    def put(self, stream: TextIO, text: str) -> None:
        with self._lock:
            if self._waiting + len(text) > WAITING:
                self._left_out += text.count("\n")
                return
            self._waiting += len(text)
        self._texts.put((stream, text))

    def close(self) -> bool:
        """Write what waits; False if the terminal does not take it."""
        self._texts.put(None)
        self._thread.join(PATIENCE)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (one := self._texts.get()) is not None:
            stream, text = one
            _write(stream, text)
            with self._lock:
                self._waiting -= len(text)
                left_out, self._left_out = self._left_out, 0
            if left_out:
                _write(stream, f"({left_out} lines were left out: they were not taken in time)\n")


_aside: _Aside | None = None


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """Meanwhile nobody who tells something waits for a terminal. One that is stuck at the end stays left alone."""
    global _aside  # standard output is one for the whole program as well
    if _aside is not None:
        yield
        return
    _aside = _Aside()
    try:
        yield
    finally:
        if _aside.close():
            _aside = None


def make_ready() -> None:
    """Have nothing that anybody prints end in an error about characters, click's help included."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=SHOWN)


def end() -> None:
    """Bring out what is left before the interpreter does, which would fail at it."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except (OSError, ValueError):
                _give_up(stream)
