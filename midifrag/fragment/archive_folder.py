"""What the files of an archive say: which takes lie in its folder, which in its trash, and what changed about them."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from midifrag.errors import StorageError
from midifrag.fragment.archive_changes import Changes, Read, highest_given
from midifrag.fragment.archive_index import Index, Reached
from midifrag.fragment.file_names import TAKE_NUMBER, TRASH
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

    def time_if_known(self) -> int | None:
        """The same; None where that cannot be asked."""
        with suppress(StorageError):
            return self.time()
        return None

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
        """Return the files of takes that the index lacks, or has in another place, by number. Raises `StorageError`."""
        known = index.places()
        return {number: path for number, path in self.takes().items() if known.get(number) != self.is_trashed(path)}

    def takes(self) -> dict[int, Path]:
        """The files of takes, by number; one that lies in the trash as well is not deleted. Raises `StorageError`."""
        try:
            there = _takes_in(self.path)
        except OSError as error:
            raise storage_error("read", self.path, error) from error
        # A trash that cannot be read keeps nobody from all others.
        with suppress(OSError):
            there = _takes_in(self.trash) | there
        return there

    def trashed(self) -> dict[int, Path]:
        """The files in the trash of takes that are deleted, by number. Raises `StorageError`."""
        try:
            there = _takes_in(self.trash)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise storage_error("read", self.trash, error) from error
        kept = self.takes()
        return {number: path for number, path in there.items() if kept.get(number) == path}

    @property
    def trash(self) -> Path:
        """Where deleted takes lie; it need not be there."""
        return self.path / TRASH

    def is_trashed(self, path: Path) -> bool:
        """Whether the file of a take lies in the trash."""
        return path.parent != self.path

    def highest_named(self) -> int:
        """The highest number that anything was ever written down of, 0 for none: what was deleted for good as well."""
        with suppress(OSError):
            return highest_given(number for number, _ in self.changes.read().changes)
        return 0


def _takes_in(folder: Path) -> dict[int, Path]:
    with os.scandir(folder) as found:
        names = sorted(one.name for one in found)
    matches = ((TAKE_NUMBER.fullmatch(name), name) for name in names)
    return {
        number: folder / name
        for match, name in matches
        if match and match[1].isascii() and 0 < (number := int(match[1])) <= LARGEST
    }
