"""The archive's index: one row for each take, in SQLite.

It is only a faster way to find what the takes' own files say, so it is forced to no disk and mended by building it
anew. It uses no write-ahead log, whose shared memory network drives do not have, and opens a connection for each
question, so that threads and programs can ask at the same time.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypedDict

from midifrag.errors import StorageError
from midifrag.fragment.files import check_regular, discard, storage_error
from midifrag.fragment.record import TakeRecord

#: Seconds to wait for another program that writes to the index.
PATIENCE = 2.0
_VERSION = 1
#: What SQLite opens beside a database: its own names, after the database's.
_SUFFIXES = ("", "-journal", "-wal", "-shm")
_TYPES = {
    "number": "INTEGER PRIMARY KEY",
    "parameters": "TEXT NOT NULL",
    "seed": "INTEGER",
    "job": "INTEGER",
    "spare": "INTEGER NOT NULL",
    "starred": "INTEGER NOT NULL",
    "slot": "INTEGER",
    "sample_rate": "INTEGER NOT NULL",
    "channels": "INTEGER NOT NULL",
    "seconds": "REAL NOT NULL",
    "gain": "REAL NOT NULL",
    "peak": "REAL",
    "tempo": "REAL",
    "pressed_at": "REAL",
    "started_at": "REAL",
    "rendered_at": "REAL",
    "landed_at": "REAL",
}
#: What stands in the queries themselves (hence S608) are these names and marks for values, nothing from outside.
_COLUMNS = tuple(field.name for field in dataclasses.fields(TakeRecord))
#: What words are searched in; kept in a column of its own, since SQLite ignores the case of ASCII letters only.
_SEARCHED = ("prompt", "preset", "bank", "model", "note", "reason")


class Filters(TypedDict, total=False):
    """Which takes to find; what is left out or None does not matter.

    ``since`` (included) and ``until`` (not included) are seconds since 1970 and compare with the time rendered.
    """

    number: int | None
    bank: str | None
    preset: str | None
    model: str | None
    since: float | None
    until: float | None
    starred: bool | None


_CLAUSES = {
    "number": "number = ?",
    "bank": "bank = ?",
    "preset": "preset = ?",
    "model": "model = ?",
    "since": "rendered_at >= ?",
    "until": "rendered_at < ?",
    "starred": "starred = ?",
}


class Index:
    """The rows of one archive. Every method raises `StorageError` if the file cannot be used now."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ensure(self) -> None:
        """Make sure that there is a sound index: a missing, damaged or outdated one is replaced by an empty one."""
        try:
            with self._connected() as connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                (state,) = connection.execute("PRAGMA quick_check").fetchone()
            if version == _VERSION and state == "ok":
                return
        except _BrokenIndexError:
            pass
        self.remove()
        columns = ", ".join(f"{name} {_TYPES.get(name, 'TEXT NOT NULL')}" for name in _COLUMNS)
        with self._connected() as connection:
            connection.execute(f"CREATE TABLE IF NOT EXISTS takes ({columns}, words TEXT NOT NULL)")
            connection.execute(f"PRAGMA user_version = {_VERSION}")

    def remove(self) -> None:
        """Remove the index; `ensure` makes an empty one."""
        for suffix in _SUFFIXES:
            discard(self._path.with_name(self._path.name + suffix))

    def add(self, records: Iterable[TakeRecord]) -> None:
        """Add takes; a number that is there stays as it is."""
        marks = ", ".join("?" * (len(_COLUMNS) + 1))
        with self._connected() as connection:
            connection.executemany(f"INSERT OR IGNORE INTO takes VALUES ({marks})", map(_row, records))  # noqa: S608

    def change(self, changes: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Change fields of takes, by number; what is not there is left alone."""
        with self._connected() as connection:
            for number, values in changes:
                found = connection.execute("SELECT * FROM takes WHERE number = ?", (number,)).fetchone()
                if found is None:
                    continue
                row = _row(dataclasses.replace(_record(found), **values))
                names = ", ".join(f"{name} = ?" for name in (*_COLUMNS, "words"))
                connection.execute(f"UPDATE takes SET {names} WHERE number = ?", (*row, number))  # noqa: S608

    def numbers(self) -> set[int]:
        """Return the numbers of all takes."""
        with self._connected() as connection:
            return {number for (number,) in connection.execute("SELECT number FROM takes").fetchall()}

    def select(self, words: Sequence[str], filters: Filters, limit: int | None, offset: int) -> list[TakeRecord]:
        """Return the takes that have all these words, newest first."""
        where, values = _where(words, filters)
        query = f"SELECT * FROM takes WHERE {where} ORDER BY number DESC LIMIT ? OFFSET ?"  # noqa: S608
        with self._connected() as connection:
            rows = connection.execute(query, (*values, -1 if limit is None else limit, offset)).fetchall()
        return [_record(row) for row in rows]

    def count(self, words: Sequence[str], filters: Filters) -> int:
        """Return how many takes `select` would find without a limit."""
        where, values = _where(words, filters)
        with self._connected() as connection:
            (found,) = connection.execute(f"SELECT count(*) FROM takes WHERE {where}", values).fetchone()  # noqa: S608
        return int(found)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        self._check()
        try:
            with closing(sqlite3.connect(self._path, timeout=PATIENCE)) as connection:
                connection.execute("PRAGMA synchronous = OFF")
                with connection:
                    yield connection
        except sqlite3.OperationalError as error:
            raise StorageError(
                f"cannot use the archive's index {self._path}: {error}. Takes are kept all the same; "
                "close other programs that use this archive, or make room on the disk."
            ) from error
        except sqlite3.DatabaseError as error:
            raise _BrokenIndexError(
                f"the archive's index {self._path} is damaged: {error}. Start again: it is built anew from the takes."
            ) from error

    def _check(self) -> None:
        """Raise `_BrokenIndexError` if something else lies where a database or its journal would be opened."""
        try:
            for suffix in _SUFFIXES:
                check_regular(self._path.with_name(self._path.name + suffix))
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.EISDIR):
                raise _BrokenIndexError(str(storage_error("use", self._path, error))) from error


class _BrokenIndexError(StorageError):
    """The file is no SQLite database, or a damaged one."""


def _where(words: Sequence[str], filters: Filters) -> tuple[str, list[Any]]:
    asked = {name: value for name, value in filters.items() if value is not None}
    clauses = [*(_CLAUSES[name] for name in asked), *("instr(words, ?)" for _ in words)]
    return " AND ".join(clauses) or "1", [*asked.values(), *(word.casefold() for word in words)]


def _row(record: TakeRecord) -> list[Any]:
    values = json.loads(record.to_json())
    values["parameters"] = json.dumps(values["parameters"])
    # Half characters, as from arguments in another encoding, have no place in a database.
    values |= {name: text.encode("utf-8", "replace").decode() for name, text in values.items() if isinstance(text, str)}
    words = "\n".join(values[name] for name in _SEARCHED)
    return [*(values[name] for name in _COLUMNS), words.casefold()]


def _record(row: tuple[Any, ...]) -> TakeRecord:
    values = dict(zip(_COLUMNS, row, strict=False))
    flags = {"spare": bool(values["spare"]), "starred": bool(values["starred"])}
    return TakeRecord(**(values | flags | {"parameters": json.loads(values["parameters"])}))
