"""A folder beside the slots, whose files are replaced whole: a sampler reads the old one or the new one."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from midifrag.errors import StorageError
from midifrag.fragment.files import open_regular, replace_file, storage_error, write_whole
from midifrag.fragment.hands import within
from midifrag.fragment.workspace import FileLock, Workspace

#: Seconds that the end of a show waits for the folder's drive.
PATIENCE = 2.0
#: What the show that writes here keeps locked, in the folder of our own.
_SHOW = "show"
#: What tells whether a file is as it was left: inode, size in bytes, time of change in nanoseconds, permissions.
_Standing: TypeAlias = tuple[int, int, int, int]


class Folder:
    """Files by their names in ``path``, with slashes. It is made when first written to, in a folder that is there.

    One show at a time writes into it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._workspace = Workspace(path)
        self._begun = False
        self._show = FileLock(self._workspace.own / _SHOW)
        #: How each file stood when it was last written, or found as it should be.
        self._left: dict[str, _Standing] = {}
        #: How many files were written so far.
        self.written = 0

    def write(self, name: str, content: bytes) -> bool:
        """Give a file this content; False where it has it already, and is not touched. Raises `StorageError`."""
        self._begin()
        place = self.path / name
        is_new = not self.holds(name, content)
        if is_new:
            try:
                place.parent.mkdir(exist_ok=True)
            except OSError as error:
                raise storage_error("write", place.parent, error) from error
            aside = self._workspace.aside(place.name)
            write_whole(aside, content)
            _make_replaceable(place)
            replace_file(aside, place)
            self.written += 1
        standing = _standing(place)
        if standing is not None:
            self._left[name] = standing
        return is_new

    def lost(self, names: Iterable[str]) -> list[str]:
        """Those of these files, as far as they were written, that somebody has deleted, changed or locked since.

        Each is named once.
        """
        found = [name for name in names if name in self._left and _standing(self.path / name) != self._left[name]]
        for name in found:
            del self._left[name]
        return found

    def holds(self, name: str, content: bytes) -> bool:
        """Whether a file has just this content."""
        place = self.path / name
        try:
            return place.stat().st_size == len(content) and _read(place) == content
        except OSError:
            return False

    def text(self, name: str) -> str:
        """What a file says; nothing where it cannot be read."""
        with suppress(OSError):
            return _read(self.path / name).decode(errors="replace")
        return ""

    def names(self, inside: str = "") -> list[str]:
        """What lies in the folder, or in one of its own; nothing where that is not there."""
        try:
            return sorted(one.name for one in (self.path / inside).iterdir())
        except OSError:
            return []

    def close(self) -> None:
        """Remove what work is in progress."""
        if self._begun:
            with suppress(StorageError):
                within(self.path, self._leave, PATIENCE)

    def _leave(self) -> None:
        self._workspace.close()
        self._show.release()
        self._begun = False

    def _begin(self) -> None:
        try:
            # Not with its parents: those of a drive that was pulled are not made anew elsewhere.
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            raise storage_error("write", self.path, error) from error
        try:
            if self._begun and (self._workspace.own / _SHOW).exists():
                return
            self._workspace.sweep()
            self._show.release()
            self._begun = self._show.acquire()
        except OSError as error:
            raise storage_error("write", self.path, error) from error
        if not self._begun:
            raise StorageError(
                f"another midifrag that runs writes into {self.path}: end it, or give this set a folder of its own, "
                "fragments: {folder: …}"
            )


def _standing(place: Path) -> _Standing | None:
    try:
        about = place.stat()
    except OSError:
        return None
    return about.st_ino, about.st_size, about.st_mtime_ns, about.st_mode


def _make_replaceable(place: Path) -> None:
    """Let a file of ours be replaced: Windows keeps one that was made read-only."""
    if sys.platform == "win32":
        with suppress(OSError):
            place.chmod(stat.S_IWRITE)


def _read(place: Path) -> bytes:
    with open_regular(place) as file:
        return file.read()
