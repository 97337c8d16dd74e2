"""The session log: one JSON line for each event, written as it happens, so that a show can be replayed."""

from __future__ import annotations

import dataclasses
import json
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from midifrag.fragment.files import check_regular
from midifrag.fragment.plain_json import read_value
from midifrag.pad_key import PadKey

#: Bytes of lines that wait for a disk that cannot be written; what comes beyond is lost, and counted.
WAITING_BYTES = 8_000_000
#: Seconds between tries while lines wait.
RETRY = 2.0


class SessionFile:
    """The log's file, ``<folder>/<UTC time>.jsonl``. Never raises: a full disk gets its lines later.

    ``lost`` counts lines that did not fit into memory meanwhile.
    """

    def __init__(self, folder: Path, started: float) -> None:
        self.path = folder / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(started))}.jsonl"
        self.lost = 0
        self._waiting = bytearray()
        self._made = False

    @property
    def waits(self) -> bool:
        """Whether lines could not be written yet."""
        return bool(self._waiting)

    def append(self, line: str) -> None:
        """Write a line now, or keep it for the next time."""
        content = line.encode() + b"\n"
        if len(self._waiting) + len(content) > WAITING_BYTES:
            self.lost += 1
        else:
            self._waiting += content
        self.flush()

    def flush(self) -> None:
        """Write what waits, as far as it goes."""
        try:
            if not self._made:
                self._make()
            check_regular(self.path)
            with self.path.open("ab", buffering=0) as file:
                while self._waiting:
                    del self._waiting[: file.write(self._waiting[:65536])]
        except FileNotFoundError:
            # Somebody removed it: begun anew, unless what it lay in is gone with it, on a drive that was pulled.
            with suppress(OSError):
                self._made = not self.path.parent.parent.is_dir()
        except OSError:
            return

    def _make(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        first, count = self.path, 1
        while not self._made:
            try:
                self.path.touch(exist_ok=False)
                self._made = True
            except FileExistsError:
                count += 1
                self.path = first.with_stem(f"{first.stem}-{count}")


class SessionLog:
    """Writes a session log on a thread of its own, so that `write` never waits for a disk. Threads may share it."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._file = SessionFile(folder, clock())
        self._lines: queue.SimpleQueue[tuple[float, object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="midifrag-session-log", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The log's file."""
        return self._file.path

    @property
    def lost(self) -> int:
        """How many lines were lost because the disk could not be written for too long."""
        return self._file.lost

    def write(self, event: object) -> None:
        """Log an event: a mapping, or a dataclass, whose class is then its ``event``. Audio is left out."""
        self._lines.put((self._clock(), event))

    def close(self, timeout: float = 2.0) -> None:
        """Write what is left, waiting at most ``timeout`` seconds."""
        self._lines.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            try:
                entry = self._lines.get(timeout=RETRY if self._file.waits else None)
            except queue.Empty:
                self._file.flush()
                continue
            if entry is None:
                self._file.flush()
                return
            self._file.append(as_line(*entry))


def as_line(at: float, event: object) -> str:
    """Return an event as a line of JSON; ``at`` is its time in seconds since 1970."""
    values = _plain(event)
    if not isinstance(values, dict):
        values = {"event": values}
    elif not isinstance(event, Mapping):
        values = {"event": type(event).__name__, **values}
    return json.dumps({"at": at, **values}, ensure_ascii=False, allow_nan=False)


def read_session(path: Path) -> Iterator[dict[str, Any]]:
    """Yield a session's events in order; lines that hold none, as one cut off, are left out. Raises OSError."""
    check_regular(path)
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                values = read_value(line)
            except ValueError:
                continue
            if isinstance(values, dict):
                yield values


def _plain(value: object) -> object:
    if isinstance(value, PadKey):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return _plain({name: one for name, one in fields.items() if not isinstance(one, np.ndarray)})
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)
