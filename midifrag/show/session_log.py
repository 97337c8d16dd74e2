"""The session log: one JSON line for each event, written as it happens, so that a show can be replayed.

What did nothing is counted, and of what comes many times over (a knob on its way, a render's steps) the news is logged.
"""

from __future__ import annotations

import dataclasses
import json
import math
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from midifrag.clock import monotonic
from midifrag.fragment.files import check_regular
from midifrag.fragment.plain_json import read_value
from midifrag.midi.messages import MidiEvent
from midifrag.pad_key import PadKey
from midifrag.show.session_files import PART_BYTES, SessionFolder, lines_of, part_path, parts_from
from midifrag.show.thinning import POSITIONS_EVERY, Thinning

#: Bytes of lines that wait for a disk that cannot be written; what comes beyond is lost, and counted.
WAITING_BYTES = 8_000_000
#: Events that wait while the log's thread hangs with its disk; what comes beyond is lost, and counted.
WAITING_EVENTS = 100_000
#: Seconds between tries while lines wait.
RETRY = 2.0
#: Seconds between two lines that say what came and did nothing.
SUMMARY_EVERY = 60.0


class SessionFile:
    """The log's file, ``<folder>/<UTC time>.jsonl``, and its further parts.

    Never raises: a full disk gets its lines later. ``path`` is the first part, ``current`` the one that is written; a
    part ends beyond ``part_bytes``. ``lost`` counts lines that did not fit into memory while the disk could not be
    written.
    """

    def __init__(self, folder: Path, started: float, part_bytes: int = PART_BYTES) -> None:
        self.path = folder / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(started))}.jsonl"
        self.current = self.path
        self.lost = 0
        self._part_bytes = part_bytes
        self._part, self._size = 1, 0
        self._waiting = bytearray()
        self._made = False

    @property
    def waits(self) -> bool:
        """Whether lines could not be written yet."""
        return bool(self._waiting)

    def append(self, line: str) -> bool:
        """Write a line now, or keep it for the next time; whether a part ended before it."""
        content = line.encode() + b"\n"
        ended = self._made and not self._waiting and self._size + len(content) > self._part_bytes
        if ended:
            self._part, self._size = self._part + 1, 0
            self.current = part_path(self.path, self._part)
        if len(self._waiting) + len(content) > WAITING_BYTES:
            self.lost += 1
        else:
            self._waiting += content
        self.flush()
        return ended

    def flush(self) -> None:
        """Write what waits, as far as it goes."""
        try:
            if not self._made:
                self._make()
            check_regular(self.current)
            with self.current.open("ab", buffering=0) as file:
                while self._waiting:
                    written = file.write(self._waiting[:65536])
                    self._size += written
                    del self._waiting[:written]
        except FileNotFoundError:
            # Somebody removed it: begun anew, unless what it lay in is gone with it, on a drive that was pulled.
            with suppress(OSError):
                self._made = not self.path.parent.parent.is_dir()
        except OSError:
            return

    def _make(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._part > 1:
            self._made = True
            return
        first, count = self.path, 1
        while not self._made:
            try:
                self.path.touch(exist_ok=False)
                self._made = True
            except FileExistsError:
                count += 1
                self.path = first.with_stem(f"{first.stem}-{count}")
        self.current = self.path


class SessionLog:
    """Writes a session log on a thread of its own, so that `write` never waits for a disk. Threads may share it.

    All logs of ``folder`` together take at most ``limit`` bytes; the oldest go first.
    """

    def __init__(self, folder: Path, limit: int = 500_000_000, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._folder = SessionFolder(folder, limit)
        self._file = SessionFile(folder, clock(), self._folder.part_bytes)
        self._thinning = Thinning()
        self._unmapped: dict[str, Counter[str]] = {}
        self._overflowed = 0
        self._counting = threading.Lock()
        self._lines: queue.SimpleQueue[tuple[float, object, bool] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="midifrag-session-log", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The log's file, or its first part."""
        return self._file.path

    @property
    def current(self) -> Path:
        """The part that is written now."""
        return self._file.current

    @property
    def lost(self) -> int:
        """How many lines were lost because the disk could not be written for too long."""
        return self._file.lost + self._overflowed

    def write(self, event: object, *, position: bool = False) -> None:
        """Log an event: a mapping, or a dataclass, whose class is then its ``event``. Audio is left out.

        A ``position`` is one of many that a control passes through: of these the newest is logged, ten times a second
        and before anything else is.
        """
        if self._lines.qsize() < WAITING_EVENTS:
            self._lines.put((self._clock(), event, position))
        else:
            with self._counting:
                self._overflowed += 1

    def count(self, event: MidiEvent) -> None:
        """Count an event that did nothing; how many there were of each kind is logged now and then."""
        with self._counting:
            self._unmapped.setdefault(event.port, Counter())[type(event).__name__] += 1

    def take_unmapped(self) -> dict[str, Counter[str]]:
        """By port and kind, the events that were counted since this was asked or logged."""
        with self._counting:
            unmapped, self._unmapped = self._unmapped, {}
        return unmapped

    def close(self, timeout: float = 2.0) -> None:
        """Write what is left, waiting at most ``timeout`` seconds."""
        self._lines.put(None)
        self._thread.join(timeout)
        self._folder.close(timeout)

    def _run(self) -> None:
        self._folder.tidy_aside(None)
        summary_due = monotonic() + SUMMARY_EVERY
        positions_due = None
        while True:
            wait = max(0.0, min(summary_due, positions_due or summary_due) - monotonic())
            try:
                entry = self._lines.get(timeout=min(wait, RETRY) if self._file.waits else wait)
            except queue.Empty:
                self._file.flush()
            else:
                self._append(self._thinning.rest() if entry is None else self._thinning.take(*entry))
                if entry is None:
                    self._summarise()
                    self._file.flush()
                    return
            now = monotonic()
            if positions_due is not None and now >= positions_due:
                self._append(self._thinning.rest())
            positions_due = (positions_due or now + POSITIONS_EVERY) if self._thinning.waits else None
            if now >= summary_due:
                self._summarise()
                summary_due = now + SUMMARY_EVERY

    def _append(self, entries: Iterable[tuple[float, object]]) -> None:
        for entry in entries:
            if self._file.append(as_line(*entry)):
                self._folder.tidy_aside(self._file.current)

    def _summarise(self) -> None:
        unmapped = self.take_unmapped()
        if unmapped:
            self._append([(self._clock(), {"event": "unmapped", "counts": unmapped})])


def as_line(at: float, event: object) -> str:
    """Return an event as a line of JSON; ``at`` is its time in seconds since 1970.

    What an event itself calls ``at``, a moment in monotonic seconds, is its ``moment`` there.
    """
    values = _plain(event)
    if not isinstance(values, dict):
        values = {"event": values}
    elif not isinstance(event, Mapping):
        values = {"event": type(event).__name__, **values}
    if "at" in values:
        values["moment"] = values.pop("at")
    return json.dumps({"at": at, **values}, ensure_ascii=False, allow_nan=False)


def read_session(path: Path) -> Iterator[dict[str, Any]]:
    """Yield a session's events in order, from ``path`` on through its later parts, compressed or not.

    A line that is none, such as a last one that was cut off, is left out. Raises OSError.
    """
    for part in parts_from(path):
        for line in lines_of(part):
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
