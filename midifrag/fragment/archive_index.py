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
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from midifrag.errors import StorageError
from midifrag.fragment.archive_changes import Change, Place, highest_given, together
from midifrag.fragment.archive_rows import (
    TABLES,
    UPGRADES,
    UPGRADING,
    VERSION,
    begin_upgrade,
    put,
    record_in,
    set_place,
    upgrade_some,
)
from midifrag.fragment.files import check_regular, discard, storage_error
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.search import Filters, Search, where

#: Seconds to wait for another program that writes to the index.
PATIENCE = 2.0
#: What SQLite opens beside a database: its own names, after the database's.
_SUFFIXES = ("", "-journal", "-wal", "-shm")


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
            self._memory.executescript(TABLES)

    def ensure(self, *, thoroughly: bool = False) -> None:
        """Make sure that there is an index: a missing one, or one that cannot be upgraded, is replaced by an empty one.

        ``thoroughly`` also looks for damage, in all of it. `upgrade_some` is for what an earlier version lacks.
        """
        with suppress(BrokenIndexError), self._connected() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version in UPGRADES:
                begin_upgrade(connection, version)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            sound = version in (VERSION, UPGRADING)
            if sound:
                connection.execute("SELECT * FROM takes, records, reached LIMIT 0")
            if sound and thoroughly:
                sound = connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
            if sound:
                return
        self.remove()
        with self._connected() as connection:
            connection.executescript(f"{TABLES} PRAGMA user_version = {VERSION};")

    def unfinished(self) -> int | None:
        """How many takes it holds if it is being upgraded, None if it is not."""
        with self._connected() as connection:
            if connection.execute("PRAGMA user_version").fetchone() != (UPGRADING,):
                return None
            (takes,) = connection.execute("SELECT count(*) FROM records").fetchone()
        return int(takes)

    def upgrade_some(self, after: int, count: int) -> int | None:
        """Upgrade so many takes ``after`` a number; return the last one's, None if all of the index is upgraded."""
        with self._connected() as connection:
            return upgrade_some(connection, after, count)

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

    def reached(self, *, unfinished: bool = False) -> Reached:
        """What it holds. Raises `OutdatedIndexError`, but for one that is being upgraded if ``unfinished`` ones do."""
        with self._connected() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if self._memory is None and version not in ((VERSION, UPGRADING) if unfinished else (VERSION,)):
                raise OutdatedIndexError(f"the archive's index {self._path} is of another version")
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
        """Add takes; a number that is there stays as it is, but for the place of its file."""
        with self._connected() as connection:
            for record in records:
                if not put(connection, record, "IGNORE") and record.number is not None:
                    set_place(connection, record.number, record.file)

    def change(self, changes: Iterable[Change], upto: Place | None = None) -> None:
        """Change fields of takes, by number; what is not there is left alone. ``upto`` is then the place reached."""
        last = together(changes)
        with self._connected() as connection:
            for number, values in last.items():
                found = connection.execute("SELECT number, record FROM records WHERE number = ?", (number,)).fetchone()
                if found is not None:
                    put(connection, replace(record_in(found), **values), "REPLACE")
            if upto is not None:
                reached = upto.offset, upto.seen, highest_given(last)
                connection.execute("UPDATE reached SET changes = ?, seen = ?, highest = max(highest, ?)", reached)

    def place(self, number: int, file: str) -> None:
        """Note where the file of a take lies now, in the archive's folder."""
        with self._connected() as connection:
            set_place(connection, number, file)

    def forget(self, numbers: Collection[int]) -> None:
        """Take takes out whose files were deleted for good; their numbers are never free again."""
        with self._connected() as connection:
            for number in numbers:
                connection.execute("DELETE FROM takes WHERE number = ?", (number,))
                connection.execute("DELETE FROM records WHERE number = ?", (number,))
        self.passed(max(numbers, default=0))

    def passed(self, number: int) -> None:
        """Note that numbers up to this one have been given away."""
        with self._connected() as connection:
            connection.execute("UPDATE reached SET highest = max(highest, ?)", (number,))

    def places(self) -> dict[int, bool]:
        """Whether each take lies in the trash, by number."""
        with self._connected() as connection:
            return {
                number: bool(trashed) for number, trashed in connection.execute("SELECT number, trashed FROM takes")
            }

    def highest(self) -> int:
        """Return the highest number that a take has or had, 0 if there was none."""
        with self._connected() as connection:
            (number,) = connection.execute("SELECT max(number) FROM takes").fetchone()
            (passed,) = connection.execute("SELECT max(highest) FROM reached").fetchone()
        return max(int(number or 0), passed if isinstance(passed, int) else 0)

    def select(self, search: Search, filters: Filters, limit: int | None, offset: int) -> list[TakeRecord]:
        """Return the takes that are searched for, in the order that is asked for."""
        conditions, values = where(search, filters)
        page = f"SELECT number FROM takes WHERE {conditions} ORDER BY {search.order} LIMIT ? OFFSET ?"  # noqa: S608 — of our own words alone
        query = f"SELECT number, record FROM records WHERE number IN ({page})"  # noqa: S608 — of our own words alone
        bounds = (*values, -1 if limit is None else limit, offset)
        with self._connected() as connection:
            order = [number for (number,) in connection.execute(page, bounds).fetchall()]
            rows = dict(connection.execute(query, bounds).fetchall())
        return [record_in((number, rows[number])) for number in order if number in rows]

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


class OutdatedIndexError(BrokenIndexError):
    """It is of another version, or still being brought up to this one."""


def _broken(path: Path | None, error: Exception) -> BrokenIndexError:
    return BrokenIndexError(
        f"the archive's index {path} is damaged: {error}. Start again: it is built anew from the takes."
    )
