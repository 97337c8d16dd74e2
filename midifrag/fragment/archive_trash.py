"""The trash of an archive: takes that were deleted lie in it whole, as they were, until it is emptied.

A take is in the trash where its file lies there: whoever moves it back by hand has put it back.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from midifrag.errors import StorageError
from midifrag.fragment.archive_changes import line_of
from midifrag.fragment.archive_folder import ArchiveFolder
from midifrag.fragment.archive_index import Index
from midifrag.fragment.file_names import TAKE_NAME, TRASH
from midifrag.fragment.files import move_exclusively, storage_error
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.workspace import Workspace

#: What a disk without room answers, or one on which somebody has used up a share.
_FULL = (errno.ENOSPC, errno.EDQUOT)


class IndexBehindError(StorageError):
    """A take was moved, and the index could not be told."""


def _emptied(path: Path) -> bool:
    """Whether a file holds nothing any more. Its name stays, so that no other take gets its number."""
    with suppress(OSError):
        found = path.lstat()
        # What lies elsewhere as well, as in a backup of links, is not the trash's alone.
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            os.truncate(path, 0)
            return True
    return False


class Trash:
    """The trash of the archive with these files; nobody else moves takes meanwhile (`Workspace.alone`)."""

    def __init__(self, files: ArchiveFolder, index: Index, workspace: Workspace) -> None:
        self._files = files
        self._index = index
        self._workspace = workspace

    def move(self, record: TakeRecord, *, trashed: bool) -> None:
        """Move a take to the trash, or back; one whose file is gone as well, so that it need not be listed for ever.

        Raises `StorageError` where it stays where it is, and `IndexBehindError`.
        """
        name = Path(record.file).name
        place = f"{TRASH}/{name}" if trashed else name
        source = self._files.path / (name if trashed else f"{TRASH}/{name}")
        with self._workspace.alone():
            before = self._files.time_if_known()
            if trashed:
                self._make()
            target = self._files.path / place
            # Somebody else may have moved it just now.
            if source.exists() and not move_exclusively(source, target):
                raise StorageError(f"cannot move take {record.number}: {target} is there already; move that away")
            after = self._files.time_if_known()
        try:
            self._index.place(record.number or 0, place)
            self._index.holds_folder(after, since=before)
        except StorageError as error:
            raise IndexBehindError(str(error)) from error

    def leaves_free(self, number: int) -> bool:
        """Whether nothing lies in it by the name of take ``number``, which none other must get then."""
        return not (self._files.trash / TAKE_NAME.format(number)).exists()

    def empty(self, at: float, only: Collection[int] | None = None) -> int:
        """Delete what lies in the trash, ``at`` so many seconds since 1970; return how many takes it was.

        With ``only``, what has another number stays.
        """
        with self._workspace.alone():
            before = self._files.time_if_known()
            files = self._files.trashed()
            gone = {number for number, trashed in self._index.places().items() if trashed} - self._files.takes().keys()
            numbers = sorted(number for number in files.keys() | gone if only is None or number in only)
            if numbers:
                # First, since a number that was given away once means no other take, whatever becomes of the index.
                lines = [line_of(number, {"deleted_at": at}) for number in numbers]
                self._write_down(lines, [files[number] for number in numbers if number in files])
            for path in (files[number] for number in numbers if number in files):
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise storage_error("delete", path, error) from error
            after = self._files.time_if_known()
            self._index.forget(numbers)
            self._index.holds_folder(after, since=before)
        return len(numbers)

    def _write_down(self, lines: list[str], going: Iterable[Path]) -> None:
        """Write lines; on a full disk, what is about to be deleted makes the room for them."""
        room = filter(_emptied, going)
        while True:
            try:
                self._files.changes.append(lines)
            except OSError as error:
                if error.errno not in _FULL or next(room, None) is None:
                    raise storage_error("write", self._files.changes.path, error) from error
            else:
                return

    def _make(self) -> None:
        try:
            self._files.trash.mkdir(exist_ok=True)
        except OSError as error:
            raise storage_error("make", self._files.trash, error) from error
