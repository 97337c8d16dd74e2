"""Makes an archive's index one of an earlier version of this program."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from midifrag.fragment.archive_rows import UPGRADES


def age(path: Path, version: int) -> None:
    """Take out of an index what came after a version."""
    with closing(sqlite3.connect(path)) as connection:
        for earlier in range(version, max(UPGRADES) + 1):
            for table, column in UPGRADES[earlier]:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
