"""The files of session logs: a show's log in parts, old shows compressed, all of them together bounded.

A show writes ``<UTC time>.jsonl``, then ``<UTC time>.2.jsonl`` and so on; what is over becomes ``….jsonl.gz``.
"""

from __future__ import annotations

import gzip
import os
import re
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from midifrag.fragment.files import check_regular, open_regular

#: A part of a log ends beyond this many bytes, or beyond this share of what all logs may take.
PART_BYTES, PART_SHARE = 16_000_000, 1 / 8
#: A log without its last line, ``end``, may be of a show that still runs, until nothing came for so many seconds.
LIVE_SECONDS = 86_400.0
#: What a log's last lines are looked for in, and what is copied in one go, in bytes.
_TAIL, _CHUNK = 65_536, 262_144

_NAME = re.compile(r"(?P<show>\d{8}T\d{6}Z(?:-\d+)?)(?:\.(?P<part>\d+))?\.jsonl(?P<gz>\.gz)?")
_ANY_NAME = re.compile(r"(?P<show>.+?)(?:\.(?P<part>\d+))?\.jsonl(?:\.gz)?")


class LogFile(NamedTuple):
    """A part of a show's log; in order of their time."""

    show: str
    part: int
    path: Path
    size: int


def part_path(first: Path, part: int) -> Path:
    """Where part 1, 2 … of the log that begins at ``first`` lies."""
    return first if part == 1 else first.with_name(f"{first.stem}.{part}.jsonl")


def parts_from(path: Path) -> Iterator[Path]:
    """``path`` and the later parts of its show, each where it lies now, compressed or not."""
    named = _ANY_NAME.fullmatch(path.name)
    if named is None:
        yield path
        return
    first, part = path.with_name(f"{named['show']}.jsonl"), int(named["part"] or 1)
    found = False
    while there := list(_kept(part_path(first, part))):
        found = True
        yield from there
        part += 1
    if not found:
        yield path


def _kept(path: Path) -> Iterator[Path]:
    # Both, where somebody wrote on after it had been compressed.
    yield from (one for one in (path.with_name(f"{path.name}.gz"), path) if one.exists())


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a file, compressed or not, as far as it can be read. Raises OSError."""
    check_regular(path)
    if path.suffix != ".gz":
        with path.open(encoding="utf-8", errors="replace") as lines:
            yield from lines
        return
    # What was cut off is read up to there.
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as lines, suppress(EOFError, zlib.error):
        yield from lines


class SessionFolder:
    """All logs of a folder. `tidy` compresses what is over and removes the oldest beyond ``limit`` bytes."""

    def __init__(self, folder: Path, limit: int, *, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self.limit = limit
        self._clock = clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def part_bytes(self) -> int:
        """The size beyond which a log goes on in another part."""
        return min(PART_BYTES, int(self.limit * PART_SHARE))

    def tidy_aside(self, current: Path | None) -> None:
        """`tidy` on a thread of its own, unless one is at it; nobody waits for a slow disk."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self.tidy, args=(current,), name="midifrag-old-logs", daemon=True)
            self._thread.start()

    def close(self, timeout: float) -> None:
        """Leave what is being compressed as it was."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def tidy(self, current: Path | None = None) -> None:
        """Compress what is over, and remove the oldest beyond the limit, but not ``current``. Never raises."""
        with suppress(OSError):
            for file in self.files():
                if file.path.suffix != ".gz" and file.path != current and self._is_over(file, current):
                    self._compress(file.path)
            self._bound(current)
            for left in self.folder.glob("*.jsonl.gz.*.tmp"):
                if self._clock() - left.stat().st_mtime > LIVE_SECONDS:
                    left.unlink(missing_ok=True)

    def files(self) -> list[LogFile]:
        """The logs' files, the oldest first. Raises OSError."""
        found = []
        for path in self.folder.glob("*.jsonl*"):
            named = _NAME.fullmatch(path.name)
            if named is not None and path.is_file():
                found.append(LogFile(named["show"], int(named["part"] or 1), path, path.stat().st_size))
        return sorted(found)

    def _bound(self, current: Path | None) -> None:
        files = self.files()
        # Room for the part that is being written.
        over = sum(file.size for file in files) - (self.limit - self.part_bytes)
        for file in files:
            if over <= 0:
                return
            if file.path != current and (file.path.suffix == ".gz" or self._is_over(file, current)):
                file.path.unlink(missing_ok=True)
                over -= file.size

    def _is_over(self, file: LogFile, current: Path | None) -> bool:
        """Whether nobody writes on in a part."""
        named = _NAME.fullmatch(current.name) if current else None
        if named is not None and named["show"] == file.show:
            # Whoever said which one is current may have gone on to the next meanwhile.
            return file.part < int(named["part"] or 1)
        if part_path(self.folder / f"{file.show}.jsonl", file.part + 1).exists():
            return True
        if self._clock() - file.path.stat().st_mtime > LIVE_SECONDS:
            return True
        with file.path.open("rb") as content:
            content.seek(max(0, file.size - _TAIL))
            last = content.read().rstrip().rpartition(b"\n")[2]
        return b'"event": "end"' in last

    def _compress(self, path: Path) -> None:
        target = path.with_name(f"{path.name}.gz")
        if target.exists():
            return
        aside = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.tmp")
        try:
            times = path.stat()
            with open_regular(path) as source, gzip.open(aside, "wb", compresslevel=6) as packed:
                if not self._copy(source, packed):
                    return
            os.utime(aside, ns=(times.st_atime_ns, times.st_mtime_ns))
            aside.replace(target)
            path.unlink(missing_ok=True)
        except OSError:
            # A full disk, or a program that holds it open: the log stays as it is.
            return
        finally:
            aside.unlink(missing_ok=True)

    def _copy(self, source: IO[bytes], target: gzip.GzipFile) -> bool:
        while content := source.read(_CHUNK):
            if self._stop.is_set():
                return False
            target.write(content)
        return True
