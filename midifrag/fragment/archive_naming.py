"""Which number a take gets: the next one that was never given to any, also where others store takes beside this."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from midifrag.errors import StorageError
from midifrag.fragment.archive_catching_up import CatchingUp
from midifrag.fragment.archive_folder import ArchiveFolder
from midifrag.fragment.archive_index import Index
from midifrag.fragment.archive_trash import Trash
from midifrag.fragment.file_names import TAKE_NAME, UNNAMED_TAKES
from midifrag.fragment.files import discard_folder, move_exclusively
from midifrag.fragment.wav import read_metadata
from midifrag.fragment.workspace import Workspace


class Named(NamedTuple):
    """A take that has its name, by its number, and the folder's times before and after that; None for unknown."""

    number: int
    before: int | None
    after: int | None


class Naming:
    """Names whole files, in the folder of ``files``, that lie in a workspace."""

    def __init__(
        self, files: ArchiveFolder, index: Index, workspace: Workspace, trash: Trash, catching_up: CatchingUp
    ) -> None:
        self._files = files
        self._index = index
        self._workspace = workspace
        self._trash = trash
        self._catching_up = catching_up
        self._next = 1
        #: When the folder was last changed, as far as that was done here.
        self._left: int | None = None

    def name(self, aside: Path) -> Named:
        """Give a whole file the next number. Raises `StorageError`."""
        with self._workspace.alone():
            before = self._files.time_if_known()
            number = self._give(aside, others=before is None or before != self._left)
            after = self._left = self._files.time_if_known()
        return Named(number, before, after)

    def name_leftovers(self) -> None:
        """Name the takes that a killed program left whole but without a name, and sweep the rest."""
        with self._workspace.alone():
            for work in self._workspace.leftovers():
                for aside in sorted(work.glob(UNNAMED_TAKES)):
                    if _nameless(aside):
                        self._give(aside, others=True)
                        self._catching_up.behind = True
                discard_folder(work)

    def _give(self, aside: Path, *, others: bool) -> int:
        """Name a file. Where ``others`` may have stored takes since the last time, theirs may be deleted already."""
        self._next = max(self._next, self._catching_up.highest + 1, 1 + (self._highest() if others else 0))
        while not self._trash.leaves_free(self._next) or not move_exclusively(
            aside, self._files.path / TAKE_NAME.format(self._next)
        ):
            self._next += 1
        self._next += 1
        return self._next - 1

    def _highest(self) -> int:
        """The highest number that the index knows, of takes that are no more as well."""
        with suppress(StorageError):
            return self._index.highest()
        return 0


def _nameless(aside: Path) -> bool:
    """Whether a file left behind is a whole take; a second link to it means that it got its name already."""
    try:
        return aside.stat().st_nlink == 1 and "comment" in read_metadata(aside)
    except OSError:
        return False
