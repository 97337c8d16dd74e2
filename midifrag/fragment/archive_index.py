"""The archive's index: what takes are searched by, and their records, in SQLite.

It is only a faster way to find what the takes' own files say, so it is forced to no disk and mended by building it
anew. What is searched lies apart from the records, so that a search through a hundred thousand takes reads little. It
uses no write-ahead log, whose shared memory network drives do not have, and opens a connection for each question, so
that threads and programs can ask at the same time. Its journal stays where it is: a file that comes and goes would
change the folder, by whose time one can tell that nothing was added to it.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from midifrag.errors import StorageError
from midifrag.fragment.archive_changes import Change, Place, together
from midifrag.fragment.file_names import TAKE_NAME, TAKE_NUMBER
from midifrag.fragment.files import check_regular, discard, storage_error
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.search import Filters, Search, where

#: Seconds to wait for another program that writes to the index.
PATIENCE = 2.0
_VERSION = 3
#: The version before it, which had no lengths, tempos and levels to search by; these are added where it lies.
_BEFORE = 2
#: What SQLite opens beside a database: its own names, after the database's.
_SUFFIXES = ("", "-journal", "-wal", "-shm")
#: What words are searched in; kept in a column of its own, since SQLite ignores the case of ASCII letters only.
_SEARCHED = ("prompt", "preset", "bank", "model", "note", "reason")
_TABLES = """
CREATE TABLE IF NOT EXISTS takes (
    number INTEGER PRIMARY KEY, bank TEXT, preset TEXT, model TEXT, rendered_at REAL, starred INTEGER, words TEXT,
    seconds REAL, tempo REAL, peak REAL
);
CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY, record TEXT);
CREATE TABLE IF NOT EXISTS reached (only INTEGER PRIMARY KEY, folder INTEGER, changes INTEGER, seen TEXT);
INSERT OR IGNORE INTO reached VALUES (1, NULL, 0, '');
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """What an index holds: all takes of a folder as it was at a time in nanoseconds, and all changes up to a place.

    ``folder`` is None if takes may be missing.
    """

    folder: int | None = None
    changes: Place = field(default_factory=Place)


class Index:
    """The rows of one archive. Every method raises `StorageError` if the file cannot be used now.

    ``read_only`` is for those who look at an archive of somebody else's: nothing is written. Without a path it is in
    memory.
    """

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        self._path = path
        self._read_only = read_only
        self._memory: sqlite3.Connection | None = None
        self._one_by_one = threading.RLock()
        if path is None:
            self._memory = sqlite3.connect(":memory:", check_same_thread=False)
            self._memory.executescript(_TABLES)

    def ensure(self, *, thoroughly: bool = False) -> None:
        """Make sure that there is an index: a missing or outdated one is replaced by an empty one.

        ``thoroughly`` also looks for damage, in all of it.
        """
        with suppress(BrokenIndexError), self._connected() as connection:
            if connection.execute("PRAGMA user_version").fetchone() == (_BEFORE,):
                _bring_up_to_date(connection)
            sound = connection.execute("PRAGMA user_version").fetchone() == (_VERSION,)
            if sound:
                connection.execute("SELECT * FROM takes, records, reached LIMIT 0")
            if sound and thoroughly:
                sound = connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
            if sound:
                return
        self.remove()
        with self._connected() as connection:
            connection.executescript(f"{_TABLES} PRAGMA user_version = {_VERSION};")

    def remove(self) -> None:
        """Remove the index; `ensure` makes an empty one."""
        if self._path is not None:
            for suffix in _SUFFIXES:
                discard(self._path.with_name(self._path.name + suffix))

    def close(self) -> None:
        """Free the memory of one that has no file."""
        if self._memory is not None:
            self._memory.close()

    def copy(self) -> Index:
        """Return a copy in memory."""
        made = Index(None)
        with self._connected() as connection, made._connected() as memory:
            connection.backup(memory)
        return made

    def reached(self) -> Reached:
        """What it holds."""
        with self._connected() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()
            if self._memory is None and version != (_VERSION,):
                raise BrokenIndexError(f"the archive's index {self._path} is of another version")
            found = connection.execute("SELECT folder, changes, seen FROM reached").fetchone()
        folder, offset, seen = found or (None, 0, "")
        if not (isinstance(offset, int) and isinstance(seen, str)):
            offset, seen = 0, ""
        return Reached(folder if isinstance(folder, int) else None, Place(offset, seen))

    def holds_folder(self, at: int | None, *, since: int | None = None) -> bool:
        """Note that it holds all takes of the folder as of a time; with ``since``, only if it held all of then.

        Returns whether that is so.
        """
        with self._connected() as connection:
            if since is not None and connection.execute("SELECT folder FROM reached").fetchone() != (since,):
                return False
            connection.execute("UPDATE reached SET folder = ?", (at,))
        return True

    def add(self, records: Iterable[TakeRecord]) -> None:
        """Add takes; a number that is there stays as it is."""
        with self._connected() as connection:
            for record in records:
                _put(connection, record, "IGNORE")

    def change(self, changes: Iterable[Change], upto: Place | None = None) -> None:
        """Change fields of takes, by number; what is not there is left alone. ``upto`` is then the place reached."""
        last = together(changes)
        with self._connected() as connection:
            for number, values in last.items():
                found = connection.execute("SELECT number, record FROM records WHERE number = ?", (number,)).fetchone()
                if found is not None:
                    _put(connection, replace(_record(found), **values), "REPLACE")
            if upto is not None:
                connection.execute("UPDATE reached SET changes = ?, seen = ?", (upto.offset, upto.seen))

    def numbers(self) -> set[int]:
        """Return the numbers of all takes."""
        with self._connected() as connection:
            return {number for (number,) in connection.execute("SELECT number FROM takes").fetchall()}

    def highest(self) -> int:
        """Return the highest number of a take, 0 if there is none."""
        with self._connected() as connection:
            (number,) = connection.execute("SELECT max(number) FROM takes").fetchone()
        return int(number or 0)

    def select(self, search: Search, filters: Filters, limit: int | None, offset: int) -> list[TakeRecord]:
        """Return the takes that are searched for, in the order that is asked for."""
        conditions, values = where(search, filters)
        page = f"SELECT number FROM takes WHERE {conditions} ORDER BY {search.order} LIMIT ? OFFSET ?"  # noqa: S608 — of our own words alone
        query = f"SELECT number, record FROM records WHERE number IN ({page})"  # noqa: S608 — of our own words alone
        bounds = (*values, -1 if limit is None else limit, offset)
        with self._connected() as connection:
            order = [number for (number,) in connection.execute(page, bounds).fetchall()]
            rows = dict(connection.execute(query, bounds).fetchall())
        return [_record((number, rows[number])) for number in order if number in rows]

    def count(self, search: Search, filters: Filters) -> int:
        """Return how many takes `select` would find without a limit."""
        conditions, values = where(search, filters)
        with self._connected() as connection:
            (found,) = connection.execute(f"SELECT count(*) FROM takes WHERE {conditions}", values).fetchone()  # noqa: S608 — of our own words alone
        return int(found)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        self._check()
        try:
            with self._opened() as connection, connection:
                yield connection
        except (sqlite3.OperationalError, OverflowError) as error:
            busy = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            # Who only looks has no use for one that must be mended first.
            if "no such" in str(error) or (self._read_only and not busy):
                raise _broken(self._path, error) from error
            raise StorageError(
                f"cannot use the archive's index {self._path}: {error}. Takes are kept all the same; "
                "close other programs that use this archive, or make room on the disk."
            ) from error
        except sqlite3.Error as error:
            raise _broken(self._path, error) from error

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._one_by_one if self._memory is not None else nullcontext():
            if self._memory is not None:
                yield self._memory
            elif self._read_only and self._path is not None:
                with closing(
                    sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", timeout=PATIENCE, uri=True)
                ) as connection:
                    yield connection
            else:
                with closing(sqlite3.connect(self._path or ":memory:", timeout=PATIENCE)) as connection:
                    connection.execute("PRAGMA synchronous = OFF")
                    connection.execute("PRAGMA journal_mode = TRUNCATE")
                    yield connection

    def _check(self) -> None:
        """Raise `BrokenIndexError` if something else lies where a database or its journal would be opened."""
        if self._path is None:
            return
        try:
            for suffix in _SUFFIXES:
                check_regular(self._path.with_name(self._path.name + suffix))
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.EISDIR):
                raise BrokenIndexError(str(storage_error("use", self._path, error))) from error


class BrokenIndexError(StorageError):
    """The file is no SQLite database, or a damaged one."""


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Add to the version before what this one has: from the records, so that no take needs to be read."""
    for column in ("seconds", "tempo", "peak"):
        connection.execute(f"ALTER TABLE takes ADD COLUMN {column} REAL")
    numbers = [number for (number,) in connection.execute("SELECT number FROM records").fetchall()]
    for number in numbers:
        row = connection.execute("SELECT number, record FROM records WHERE number = ?", (number,)).fetchone()
        found = _record(row)
        connection.execute(
            "UPDATE takes SET seconds = ?, tempo = ?, peak = ? WHERE number = ?", (*_measures(found), number)
        )
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def _measures(record: TakeRecord) -> tuple[float, float | None, float | None]:
    """What is searched in ranges: length in seconds, tempo that was heard or asked for, and level."""
    return record.seconds, record.bpm if record.tempo is None else record.tempo, record.peak


def _put(connection: sqlite3.Connection, record: TakeRecord, otherwise: str) -> None:
    """Write a take's rows; ``otherwise`` is what becomes of one that is there: IGNORE or REPLACE."""
    searched = [_storable(getattr(record, name)) for name in ("bank", "preset", "model")]
    words = "\n".join(_storable(getattr(record, name)) for name in _SEARCHED).casefold()
    row = (record.number, *searched, record.rendered_at, record.starred, words, *_measures(record))
    connection.execute(f"INSERT OR {otherwise} INTO takes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608 — of our own words alone
    connection.execute(f"INSERT OR {otherwise} INTO records VALUES (?, ?)", (record.number, record.to_json()))  # noqa: S608 — of our own words alone


def _storable(text: str) -> str:
    # Half characters, as from arguments in another encoding, have no place in a database.
    return text.encode("utf-8", "replace").decode()


def _record(row: tuple[Any, ...]) -> TakeRecord:
    """Return the record in a row, whatever anybody may have written there."""
    number, text = row
    try:
        record = TakeRecord.from_json(text)
    except (ValueError, TypeError):
        record = TakeRecord(prompt="")
    match = TAKE_NUMBER.fullmatch(record.file)
    file = record.file if match and int(match[1]) == number else TAKE_NAME.format(number)
    return replace(record, number=number, file=file)


def _broken(path: Path | None, error: Exception) -> BrokenIndexError:
    return BrokenIndexError(
        f"the archive's index {path} is damaged: {error}. Start again: it is built anew from the takes."
    )
