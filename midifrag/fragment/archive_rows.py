"""The rows of the archive's index: its tables, how a record is written into them, and read."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

from midifrag.fragment.file_names import TAKE_NAME, TAKE_NUMBER, TRASH
from midifrag.fragment.keys import MAJOR, read_key
from midifrag.fragment.record import TakeRecord

#: The version of the tables. An index of another one is brought up to it, or built anew.
VERSION = 4
#: That of an index that has them, and whose rows still lack what an earlier version did not know.
UPGRADING = -VERSION
#: What an index of an earlier version lacks, which is added where it lies: tables, and their new columns.
UPGRADES: dict[int, tuple[tuple[str, str], ...]] = {
    2: (("takes", "seconds REAL"), ("takes", "tempo REAL"), ("takes", "peak REAL")),
    3: (
        ("takes", "trashed INTEGER NOT NULL DEFAULT 0"),
        ("takes", "tonic INTEGER"),
        ("takes", "mode TEXT"),
        ("reached", "highest INTEGER NOT NULL DEFAULT 0"),
    ),
}

#: What words are searched in; kept in a column of its own, since SQLite ignores the case of ASCII letters only.
_SEARCHED = ("prompt", "preset", "bank", "model", "note", "reason")
TABLES = """
CREATE TABLE IF NOT EXISTS takes (
    number INTEGER PRIMARY KEY, bank TEXT, preset TEXT, model TEXT, rendered_at REAL, starred INTEGER, words TEXT,
    seconds REAL, tempo REAL, peak REAL, trashed INTEGER NOT NULL DEFAULT 0, tonic INTEGER, mode TEXT
);
CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY, record TEXT);
CREATE TABLE IF NOT EXISTS reached (
    only INTEGER PRIMARY KEY, folder INTEGER, changes INTEGER, seen TEXT, highest INTEGER NOT NULL DEFAULT 0
);
INSERT OR IGNORE INTO reached VALUES (1, NULL, 0, '', 0);
"""


def begin_upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Add the tables and columns to an earlier version that this one has; `upgrade_some` fills them."""
    # As one change: half of the columns would be no version at all.
    connection.execute("BEGIN IMMEDIATE")
    for earlier in range(version, VERSION):
        for table, column in UPGRADES[earlier]:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    connection.execute(f"PRAGMA user_version = {UPGRADING}")


def upgrade_some(connection: sqlite3.Connection, after: int, count: int) -> int | None:
    """Fill so many rows of takes ``after`` a number: from the records, so that no take needs to be read.

    Returns the last number, None if there is nothing left to fill.
    """
    # What another program changes meanwhile must not be overwritten by what it was.
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone() != (UPGRADING,):
        return None
    query = "SELECT number, record FROM records WHERE number > ? ORDER BY number LIMIT ?"
    rows = connection.execute(query, (after, count)).fetchall()
    for row in rows:
        put(connection, record_in(row), "REPLACE")
    if len(rows) == count:
        return int(rows[-1][0])
    connection.execute(f"PRAGMA user_version = {VERSION}")
    return None


def set_place(connection: sqlite3.Connection, number: int, file: str) -> None:
    """Note where the file of a take that is there lies now."""
    found = connection.execute("SELECT number, record FROM records WHERE number = ?", (number,)).fetchone()
    if found is not None and (record := record_in(found)).file != file:
        put(connection, replace(record, file=file), "REPLACE")


def _measures(record: TakeRecord) -> tuple[float, float | None, float | None]:
    """What is searched in ranges: length in seconds, tempo that was heard or asked for, and level."""
    return record.seconds, record.bpm if record.tempo is None else record.tempo, record.peak


def put(connection: sqlite3.Connection, record: TakeRecord, otherwise: str) -> bool:
    """Write a take's rows; ``otherwise`` is what becomes of one that is there: IGNORE or REPLACE.

    Returns whether anything was written.
    """
    searched = [_storable(getattr(record, name)) for name in ("bank", "preset", "model")]
    words = "\n".join(_storable(getattr(record, name)) for name in _SEARCHED).casefold()
    key = read_key(record.key)
    row = (
        *(record.number, *searched, record.rendered_at, record.starred, words, *_measures(record), record.is_trashed),
        *((None, None) if key is None else (key.tonic, key.mode or MAJOR)),
    )
    connection.execute(f"INSERT OR {otherwise} INTO takes VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 — of our own words alone
    said = (record.number, record.to_json())
    return connection.execute(f"INSERT OR {otherwise} INTO records VALUES (?, ?)", said).rowcount > 0  # noqa: S608 — of our own words alone


def _storable(text: str) -> str:
    # Half characters, as from arguments in another encoding, have no place in a database.
    return text.encode("utf-8", "replace").decode()


def record_in(row: tuple[Any, ...]) -> TakeRecord:
    """Return the record in a row, whatever anybody may have written there."""
    number, text = row
    try:
        record = TakeRecord.from_json(text)
    except (ValueError, TypeError):
        record = TakeRecord(prompt="")
    trash, _, name = record.file.rpartition("/")
    match = TAKE_NUMBER.fullmatch(name)
    is_ours = match is not None and int(match[1]) == number and trash in ("", TRASH)
    return replace(record, number=number, file=record.file if is_ours else TAKE_NAME.format(number))
