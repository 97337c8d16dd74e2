"""Downloads as loading tells of them: MiB, and how long the rest takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from midifrag.clock import monotonic

#: Called with how far something is, how far it goes, and what it is.
ProgressListener: TypeAlias = Callable[[int, int, str], None]
#: Called with the bytes that are here, of how many, and the file that comes.
ByteListener: TypeAlias = Callable[[int, int, str], None]

_MEBIBYTE = 1 << 20
#: Seconds between two words about a download, and before the first guess of how long it takes.
_TOLD_EVERY, _GUESSED_AFTER = 1.0, 2.0


def in_mebibytes(listener: ProgressListener | None) -> ByteListener | None:
    """What tells ``listener`` in MiB, and how long the rest takes."""
    return None if listener is None else _Mebibytes(listener)


class _Mebibytes:
    def __init__(self, listener: ProgressListener) -> None:
        self._listener = listener
        self._total = self._told_bytes = self._first_bytes = -1
        self._began = self._told = 0.0

    def __call__(self, done: int, total: int, name: str) -> None:
        now = monotonic()
        if total != self._total or done < self._told_bytes:
            self._total, self._first_bytes, self._began = total, done, now
        elif done < total and done // _MEBIBYTE == self._told_bytes // _MEBIBYTE and now < self._told + _TOLD_EVERY:
            return
        self._told_bytes, self._told = done, now
        whole = -(-total // _MEBIBYTE)
        text = f"downloading {name} (MiB){self._left(done, total, now)}"
        self._listener(whole if done >= total else done // _MEBIBYTE, whole, text)

    def _left(self, done: int, total: int, now: float) -> str:
        seconds, came = now - self._began, done - self._first_bytes
        if seconds < _GUESSED_AFTER or came <= 0 or done >= total:
            return ""
        left = (total - done) * seconds / came
        return f", about {left / 60:.0f} min left" if left > 90 else f", about {left:.0f} s left"
