"""The archive: every raw take as it was rendered, never overwritten, and how it was made.

A take is written aside, forced to the disk and moved to a name that nobody else has, so under ``output001.wav`` there
is a whole take or nothing. It carries its record in its own metadata. What happens to it later (landed, starred, noted)
is a line in ``changes.jsonl``. The index holds nothing that is not in these two, and can be built anew from them. It
also holds the time of the folder when all takes in it were indexed: nobody has to look through them at a start.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from midifrag.audio import Audio
from midifrag.errors import StorageError, UnknownTakeError
from midifrag.fragment.archive_catching_up import CatchingUp
from midifrag.fragment.archive_changes import Change, change_of, line_of, together
from midifrag.fragment.archive_index import Index, Reached
from midifrag.fragment.archive_naming import Naming
from midifrag.fragment.archive_reader import INDEX, ArchiveReader, changed_records
from midifrag.fragment.archive_trash import IndexBehindError, Trash
from midifrag.fragment.file_names import TAKE_NAME, TRASH
from midifrag.fragment.files import (
    OWN_FOLDER,
    force_to_disk,
    storage_error,
    write_whole,
)
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.wav import with_texts
from midifrag.fragment.workspace import Workspace

if TYPE_CHECKING:
    from midifrag.fragment.encoding import EncodedTake
    from midifrag.fragment.options import ArchiveOptions

#: Times that so many takes are indexed before an archive is used that is far behind.
AT_ONCE = 3

_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)


class Archive(ArchiveReader):
    """The takes in a folder. One thread stores and changes; any thread may find, get and read.

    Takes that a killed program had written but not yet named are given a name now. Raises `StorageError` if the folder
    cannot be made or used.
    """

    def __init__(self, folder: Path, options: ArchiveOptions | None = None) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error("make", folder, error) from error
        super().__init__(folder)
        self._index = Index(folder / INDEX)
        self._options = options
        self._workspace = Workspace(folder)
        self._unwritten: list[str] = []
        self._unsettled: list[Path] = []
        self._catching_up = CatchingUp(self._index, self._files, self._workspace, self._waiting_changes)
        self._trash = Trash(self._files, self._index, self._workspace)
        self._naming = Naming(self._files, self._index, self._workspace, self._trash, self._catching_up)
        self._catching_up.look()
        self._naming.name_leftovers()
        # Most have little to catch up with; a large one does so while it is used.
        with suppress(StorageError):
            self._catching_up.catch_up(AT_ONCE)

    @property
    def behind(self) -> bool:
        """Whether the index lacks something; `catch_up_a_little` brings it nearer."""
        return self._catching_up.behind

    @property
    def bits(self) -> int:
        """Bits per sample of the takes that are stored."""
        # Here, in `store` and in `read`: whoever lists takes need not wait for pydantic and numpy.
        from midifrag.fragment.options import ArchiveOptions

        return (self._options or ArchiveOptions()).bits

    def store(self, audio: Audio, sample_rate: int, record: TakeRecord) -> TakeRecord:
        """Archive a take, float32 of shape (channels, samples). Else as `store_encoded`."""
        from midifrag.fragment.encoding import encode_take

        return self.store_encoded(encode_take(audio, sample_rate, self.bits), record)

    def store_encoded(self, take: EncodedTake, record: TakeRecord) -> TakeRecord:
        """Archive a take; return its record with number, file, level and length. Raises `StorageError`."""
        record = dataclasses.replace(
            record,
            number=None,
            file="",
            sample_rate=take.sample_rate,
            channels=take.channels,
            seconds=take.seconds,
            peak=take.peak,
            gain=take.gain,
        )
        texts = {"title": record.prompt, "comment": record.to_json(), "software": "midifrag"}
        self._make_anew()
        aside = self._workspace.aside("take.wav")
        write_whole(aside, with_texts(take.content, texts))
        named = self._naming.name(aside)
        self._write_changes()
        record = dataclasses.replace(record, number=named.number, file=TAKE_NAME.format(named.number))
        self._unsettled.append(self.folder / record.file)
        try:
            self._index.add([record])
            # Somebody else may have put something there too.
            self._catching_up.behind |= not self._index.holds_folder(named.after, since=named.before)
        except StorageError:
            # The take is safe in its own file; the index gets it later.
            self._catching_up.behind = True
        return record

    @property
    def workspace_name(self) -> str:
        """The name of the work folder."""
        return self._workspace.name

    def is_shared(self) -> bool:
        """Whether another program archives takes here too: that is safe. Raises `StorageError`."""
        return self._workspace.is_shared()

    def settle(self) -> None:
        """Force the takes stored since the last time to the disk itself. Raises `StorageError`."""
        while self._unsettled:
            force_to_disk(self._unsettled.pop())

    def mark_landed(self, number: int, slot: int, landed_at: float, *, late: bool = False) -> None:
        """Note in which slot a take landed, and when (seconds since 1970). Never raises: a full disk gets it later.

        What comes ``late`` is not noted of a take that has landed again since.
        """
        if late:
            with suppress(StorageError, UnknownTakeError):
                if self.get(number).slot is not None:
                    return
        self._change(number, {"slot": slot, "landed_at": landed_at})

    def star(self, number: int, starred: bool = True) -> TakeRecord:
        """Mark a take as a good one, or take the mark away. Raises `UnknownTakeError`."""
        self.get(number)
        self._change(number, {"starred": starred})
        return self.get(number)

    def annotate(self, number: int, note: str) -> TakeRecord:
        """Replace a take's note. Raises `UnknownTakeError`."""
        self.get(number)
        self._change(number, {"note": note})
        return self.get(number)

    def set_tempo(self, number: int, tempo: float | None) -> TakeRecord:
        """Note a take's tempo in beats per minute, None for none. Raises `UnknownTakeError`."""
        self.get(number)
        self._change(number, {"tempo": tempo})
        return self.get(number)

    def get(self, number: int) -> TakeRecord:
        """Return a take's record, also of one in the trash. Raises `UnknownTakeError`."""
        try:
            return super().get(number)
        except UnknownTakeError:
            places = (folder / TAKE_NAME.format(number) for folder in (self.folder, self._files.trash))
            path = next((place for place in places if number > 0 and place.exists()), None)
            if path is None:
                raise
        # Its turn has not come yet, or somebody has put it there.
        self._catching_up.behind = True
        changes = together(self._files.read_changes(Reached()).changes)
        self._index.add(changed_records(self.folder, [(number, path)], changes))
        return super().get(number)

    def trash(self, number: int) -> TakeRecord:
        """Delete a take: its file goes to the trash. Raises `UnknownTakeError`, and `StorageError` where it stays."""
        return self._moved(number, trashed=True)

    def restore(self, number: int) -> TakeRecord:
        """Put a take of the trash back to where it was. Raises as `trash` does."""
        return self._moved(number, trashed=False)

    def empty_trash(self, at: float, only: Collection[int] | None = None) -> int:
        """Delete what lies in the trash for good, ``at`` so many seconds since 1970; return how many takes it was.

        With ``only``, takes of other numbers stay. Raises `StorageError`; what could not be deleted is there then.
        """
        count = self._trash.empty(at, only)
        try:
            self._catching_up.index_changes()
        except StorageError:
            self._catching_up.behind = True
        return count

    def _moved(self, number: int, *, trashed: bool) -> TakeRecord:
        record = self.get(number)
        try:
            self._trash.move(record, trashed=trashed)
        except IndexBehindError:
            # It is where it was to go, though a full disk may keep the index from learning that for long.
            self._catching_up.behind = True
            name = Path(record.file).name
            return dataclasses.replace(record, file=f"{TRASH}/{name}" if trashed else name)
        return self.get(number)

    def rebuild(self) -> int:
        """Build the index anew from the takes and their changes; return how many takes there are."""
        self._catching_up.anew()
        return self.count()

    def catch_up_a_little(self) -> None:
        """Index some of the takes that are not yet. Raises `StorageError`."""
        self._catching_up.step()

    def close(self) -> None:
        """Write down what is not yet, and tidy up."""
        with suppress(StorageError):
            self.settle()
        self._write_changes()
        self._workspace.close()

    def _make_anew(self) -> None:
        """Make the folder again if somebody removed it from beside the slots.

        One that is gone with everything around it is on a drive that was pulled, and is waited for.
        """
        with suppress(OSError):
            if (self.folder.parent / OWN_FOLDER).is_dir() and not self.folder.exists():
                self.folder.mkdir()
                _log.warning("%s had been removed, with the takes in it; it is made anew", self.folder)

    def _ask(self, question: Callable[[Index], _Answer]) -> _Answer:
        """Ask the index, after bringing it up to date if it is behind, or gone, or damaged.

        One that is far behind answers with what it holds.
        """
        if not self._catching_up.behind:
            with suppress(StorageError):
                return question(self._index)
            self._catching_up.damaged = self._catching_up.behind = True
        self._catching_up.catch_up(AT_ONCE)
        return question(self._index)

    def _change(self, number: int, values: dict[str, Any]) -> None:
        self._unwritten.append(line_of(number, values))
        self._write_changes()
        try:
            self._catching_up.index_changes()
        except StorageError:
            self._catching_up.behind = True

    def _waiting_changes(self) -> list[Change]:
        return [change for line in self._unwritten if (change := change_of(line))]

    def _write_changes(self) -> None:
        if not self._unwritten:
            return
        try:
            with self._workspace.alone():
                before = None if self._files.changes.path.exists() else self._files.time_if_known()
                self._files.changes.append(self._unwritten)
                after = self._files.time_if_known()
        except (OSError, StorageError):
            return
        self._unwritten.clear()
        if before is not None:
            with suppress(StorageError):
                self._index.holds_folder(after, since=before)
