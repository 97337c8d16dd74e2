"""A folder beside the slots, whose files are replaced whole: a sampler reads the old one or the new one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from midifrag.errors import StorageError
from midifrag.fragment.files import open_regular, replace_file, storage_error, write_whole
from midifrag.fragment.hands import within
from midifrag.fragment.workspace import Workspace

#: Seconds that the end of a show waits for the folder's drive.
PATIENCE = 2.0


class Folder:
    """Files by their names in ``path``, with slashes. It is made when first written to, in a folder that is there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._workspace = Workspace(path)
        self._begun = False

    def write(self, name: str, content: bytes) -> bool:
        """Give a file this content; False where it has it already, and is not touched. Raises `StorageError`."""
        self._begin()
        place = self.path / name
        if self.holds(name, content):
            return False
        try:
            place.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise storage_error("write", place.parent, error) from error
        aside = self._workspace.aside(place.name)
        write_whole(aside, content)
        replace_file(aside, place)
        return True

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
                within(self.path, self._workspace.close, PATIENCE)

    def _begin(self) -> None:
        try:
            # Not with its parents: those of a drive that was pulled are not made anew elsewhere.
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            raise storage_error("write", self.path, error) from error
        if not self._begun:
            self._begun = True
            self._workspace.sweep()


def _read(place: Path) -> bytes:
    with open_regular(place) as file:
        return file.read()
