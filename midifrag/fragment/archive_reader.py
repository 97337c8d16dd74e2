"""Looking at an archive without writing anything: somebody else's, a backup, a read-only stick, or one in use."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, Unpack

from midifrag.audio import Audio
from midifrag.errors import UnknownTakeError
from midifrag.fragment.archive_changes import together
from midifrag.fragment.archive_folder import ArchiveFolder
from midifrag.fragment.archive_index import BrokenIndexError, Index, Reached
from midifrag.fragment.files import storage_error
from midifrag.fragment.plain_json import LARGEST
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.search import Filters, parsed
from midifrag.fragment.slot_content import seconds_of
from midifrag.fragment.wav import read_metadata

#: Takes that are read into memory where a sound index lacks them; with more it is used as it is.
MOST_MISSING = 2000
INDEX = "index.sqlite"

_Answer = TypeVar("_Answer")
#: What tells that nothing has changed since: times and sizes of folder, changes and index.
_Stamp: TypeAlias = tuple[int | None, int, tuple[int, int] | None]
_log = logging.getLogger(__name__)


class ArchiveReader:
    """The takes in a folder, to be looked at; any thread may.

    Nothing is ever written, and nothing is opened before it is asked for. Where the index is behind the files, or
    missing, what it lacks is read into memory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = Index(folder / INDEX, read_only=True)
        self._files = ArchiveFolder(folder)
        self._current: tuple[_Stamp, Index] | None = None
        self._finding_out = threading.Lock()

    def get(self, number: int) -> TakeRecord:
        """Return a take's record, also of one in the trash. Raises `UnknownTakeError`."""
        found = self.find(number=number, trashed=None) if 0 < number <= LARGEST else []
        if not found:
            raise UnknownTakeError(f"there is no take {number} in {self.folder}: list them with `midifrag takes`")
        return found[0]

    def find(
        self, words: str = "", *, limit: int | None = None, offset: int = 0, **filters: Unpack[Filters]
    ) -> list[TakeRecord]:
        """Return takes, newest first unless ``words`` ask for another order: those that these find.

        Those in the trash are left out unless ``trashed`` asks for them (True: they alone, None: all).

        ``words`` are as `midifrag.fragment.search.parsed` reads them. Raises `SearchError` where it does, and
        `StorageError` if the index cannot be used now.
        """
        search = parsed(words)
        return self._ask(lambda index: index.select(search, filters, limit, offset))

    def count(self, words: str = "", **filters: Unpack[Filters]) -> int:
        """Return how many takes `find` would find without a limit."""
        search = parsed(words)
        return self._ask(lambda index: index.count(search, filters))

    def path(self, number: int) -> Path:
        """Return the file of a take. Raises `UnknownTakeError`."""
        return self.folder / self.get(number).file

    def is_gone(self, record: TakeRecord) -> bool:
        """Whether the file of a take that is known is there no more."""
        return not (self.folder / record.file).exists()

    def read(self, number: int) -> tuple[Audio, int]:
        """Return a take's audio as rendered, float32 of shape (channels, samples), and its sample rate.

        Raises `UnknownTakeError`, and `StorageError` if its file was removed.
        """
        # Whoever lists takes need not wait for numpy.
        import numpy as np

        from midifrag.fragment.audio_files import read_wav

        record = self.get(number)
        audio, sample_rate = read_wav(self.folder / record.file)
        return audio / np.float32(record.gain), sample_rate

    def close(self) -> None:
        """Free what was read into memory."""
        if self._current is not None and self._current[1] is not self._index:
            self._current[1].close()
        self._current = None

    def _ask(self, question: Callable[[Index], _Answer]) -> _Answer:
        with self._finding_out:
            stamp = self._stamp()
            if self._current is None or self._current[0] != stamp:
                self.close()
                self._current = stamp, self._up_to_date()
            try:
                return question(self._current[1])
            except BrokenIndexError:
                self._current = stamp, self._filled(Index(None), Reached())
                return question(self._current[1])

    def _stamp(self) -> _Stamp:
        index = None
        with suppress(OSError):
            found = (self.folder / INDEX).stat()
            index = found.st_mtime_ns, found.st_size
        return self._files.time(), self._files.changes_size(), index

    def _up_to_date(self) -> Index:
        """Return the index, or one in memory that holds what it lacks."""
        try:
            reached = self._index.reached()
            if reached.folder == self._files.time() and reached.changes.offset == self._files.changes_size():
                return self._index
            if (lacking := len(self._files.missing(self._index))) > MOST_MISSING:
                # A show is at it; it would change under us all the time.
                _log.warning(
                    "%d takes in %s are not indexed yet: a show does that, or `--rebuild`", lacking, self.folder
                )
                return self._index
            return self._filled(self._index.copy(), reached)
        except BrokenIndexError:
            return self._filled(Index(None), Reached())

    def _filled(self, index: Index, reached: Reached) -> Index:
        """Add to an index in memory what it lacks."""
        missing = self._files.missing(index)
        changes = self._files.read_changes(Reached() if missing else reached).changes
        index.add(changed_records(self.folder, missing.items(), together(changes)))
        index.change(changes)
        return index


def changed_records(
    folder: Path, files: Iterable[tuple[int, Path]], changes: Mapping[int, Mapping[str, Any]]
) -> Iterator[TakeRecord]:
    """The records in these files of takes in ``folder`` or its trash, by number, with what became of them later."""
    for number, path in files:
        place = path.relative_to(folder).as_posix()
        yield dataclasses.replace(record_of(number, path), file=place, **changes.get(number, {}))


def record_of(number: int, path: Path) -> TakeRecord:
    """Return what a take's file says of itself, and what can be heard in it where it says nothing."""
    texts: dict[str, str] = {}
    try:
        texts = read_metadata(path)
        record = TakeRecord.from_json(texts.get("comment", "null"))
    except OSError as error:
        record = TakeRecord(prompt="", reason=str(storage_error("read", path, error)))
    except ValueError:
        record = dataclasses.replace(TakeRecord(prompt=texts.get("title", "")), seconds=seconds_of(path))
    return dataclasses.replace(record, number=number, file=path.name)
