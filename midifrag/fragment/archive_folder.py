"""What the files of an archive say: which takes lie in its folder, and what was changed about them later."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from midifrag.fragment.archive_changes import Changes, Read
from midifrag.fragment.archive_index import Index, Reached
from midifrag.fragment.file_names import TAKE_NUMBER
from midifrag.fragment.files import storage_error
from midifrag.fragment.plain_json import LARGEST

CHANGES = "changes.jsonl"

_log = logging.getLogger(__name__)


class ArchiveFolder:
    """The folder at ``path``, to be looked at; ``changes`` is the file of what was changed about its takes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changes = Changes(path / CHANGES)

    def time(self) -> int:
        """When something in the folder was added or removed, in nanoseconds. Raises `StorageError`."""
        try:
            return self.path.stat().st_mtime_ns
        except OSError as error:
            raise storage_error("read", self.path, error) from error

    def changes_size(self) -> int:
        """Return how many bytes of changes are written down; 0 where that cannot be asked."""
        with suppress(OSError):
            return self.changes.size()
        return 0

    def read_changes(self, reached: Reached) -> Read:
        """Read what changed after a place, and tell what cannot be read."""
        try:
            read = self.changes.read(reached.changes)
        except OSError as error:
            _log.warning("%s", storage_error("read", self.changes.path, error))
            return Read(place=reached.changes)
        if read.odd:
            _log.warning("%s: %d lines cannot be read and are left out", self.changes.path, len(read.odd))
        return read

    def missing(self, index: Index) -> dict[int, Path]:
        """Return the files of takes that are not in the index, by number. Raises `StorageError`."""
        known = index.numbers()
        return {number: path for number, path in self.takes() if number not in known}

    def takes(self) -> Iterator[tuple[int, Path]]:
        """The files of takes, by number. Raises `StorageError`."""
        try:
            with os.scandir(self.path) as found:
                names = [one.name for one in found]
        except OSError as error:
            raise storage_error("read", self.path, error) from error
        for name in sorted(names):
            match = TAKE_NUMBER.fullmatch(name)
            if match and match[1].isascii() and 0 < (number := int(match[1])) <= LARGEST:
                yield number, self.path / name
