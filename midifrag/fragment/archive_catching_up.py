"""How an archive's index is brought to what the files say: at once where little is missing, else while it is used."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from midifrag.errors import StorageError
from midifrag.fragment.archive_changes import Change, Read, highest_given, together
from midifrag.fragment.archive_folder import ArchiveFolder
from midifrag.fragment.archive_index import BrokenIndexError, Index, OutdatedIndexError, Reached
from midifrag.fragment.archive_reader import changed_records
from midifrag.fragment.files import open_regular
from midifrag.fragment.workspace import Workspace

#: Takes that are indexed or upgraded at once; so long a landing waits at most where an index is built anew.
CHUNK = 200
#: Where lines of ``changes.jsonl`` go that cannot be read, for whoever wants to know what they were.
ODD_CHANGES = "changes.odd.jsonl"


class CatchingUp:
    """Brings ``index`` to what ``files`` say; ``unwritten`` are changes that could not be written down yet.

    ``behind`` says whether the index lacks something, ``damaged`` whether it was found broken, ``highest`` is the
    highest number of a take that is known.
    """

    def __init__(
        self, index: Index, files: ArchiveFolder, workspace: Workspace, unwritten: Callable[[], Sequence[Change]]
    ) -> None:
        self.behind = True
        self.damaged = False
        self.highest = 0
        self._index = index
        self._files = files
        self._workspace = workspace
        self._unwritten = unwritten
        self._one_by_one = threading.RLock()
        self._steps: Iterator[None] | None = None
        #: How many takes the index lacked when it was last looked for them.
        self._lacking = 0

    def look(self) -> None:
        """Find out the highest number and whether the index lacks something; takes are looked for only if it may."""
        holds_all = False
        try:
            reached = self._index.reached()
            self.highest = self._index.highest()
            holds_all = reached.folder == self._files.time()
            self.behind = not holds_all or reached.changes.offset != self._files.changes_size()
        except OutdatedIndexError:
            # Nothing is wrong with what it holds.
            pass
        except BrokenIndexError:
            self.damaged = True
        except StorageError:
            # Takes matter more than their index: one that cannot be used now is asked again with the first question.
            pass
        if not holds_all:
            self.highest = max(self.highest, self._files.highest_named(), *self._files.takes())

    def catch_up(self, parts: int | None = None) -> None:
        """Bring the index to what the files say, or nearer by some parts. Raises `StorageError`."""
        with self._one_by_one:
            for part in itertools.count():
                if not self.behind or (parts is not None and (part > parts or self._lacking > parts * CHUNK)):
                    return
                self.step()

    def step(self) -> None:
        """Bring the index nearer to what the files say by one part. Raises `StorageError`."""
        with self._one_by_one:
            if self._steps is None:
                self._steps = self._in_steps()
            try:
                if next(self._steps, self) is self:
                    self._steps = None
            except StorageError as error:
                self._steps = None
                self.damaged |= isinstance(error, BrokenIndexError)
                raise

    def anew(self) -> None:
        """Build the index anew from the takes and their changes. Raises `StorageError`."""
        with self._one_by_one:
            with self._workspace.alone():
                self._index.remove()
            self._steps, self.behind = None, True
            self.catch_up()

    def index_changes(self) -> None:
        """Bring into the index what changed since it was last brought there, by whatever program."""
        with self._workspace.alone():
            read = self._files.read_changes(self._index.reached(unfinished=True))
            self._index.change([*read.changes, *self._unwritten()], read.place)
        self._keep_odd(read)

    def _keep_odd(self, read: Read) -> None:
        """Keep a copy of the lines that cannot be read."""
        if read.odd:
            with suppress(OSError), open_regular(self._files.path / ODD_CHANGES, "wb" if read.whole else "ab") as file:
                file.writelines(line + b"\n" for line in read.odd)

    def _in_steps(self) -> Iterator[None]:
        with self._workspace.alone():
            self._index.ensure(thoroughly=self.damaged)
        # A kill leaves it unfinished, and it is begun anew then: what is upgraded already comes out the same.
        takes = self._index.unfinished()
        self._lacking = takes or 0
        upgraded = None if takes is None else 0
        while upgraded is not None:
            yield
            upgraded = self._index.upgrade_some(upgraded, CHUNK)
        at = self._files.time()
        missing = self._files.missing(self._index)
        self._lacking = len(missing)
        yield
        # What is indexed now may have been changed long ago.
        read = self._files.read_changes(Reached()) if missing else Read()
        if missing and not self._index.places():
            self._index.change([], read.place)
            self._index.passed(highest_given(number for number, _ in read.changes))
            self._keep_odd(read)
        changes, files = together(read.changes), iter(missing.items())
        while some := list(itertools.islice(files, CHUNK)):
            self._index.add(changed_records(self._files.path, some, changes))
            yield
        self.index_changes()
        self._index.holds_folder(at)
        self.highest = max(self.highest, self._index.highest())
        self.behind = self.damaged = False
        self._lacking = 0
