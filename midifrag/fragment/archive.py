"""The archive: every raw take as it was rendered, never overwritten, and how it was made.

A take is written aside, forced to the disk and moved to a name that nobody else has, so under ``output001.wav`` there
is a whole take or nothing. It carries its record in its own metadata. What happens to it later (landed, starred, noted)
is a line in ``changes.jsonl``. The index holds nothing that is not in these two, and can be built anew from them.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from midifrag.audio import Audio
from midifrag.errors import StorageError, UnknownTakeError
from midifrag.fragment.archive_index import Filters, Index
from midifrag.fragment.file_names import TAKE_NAME, TAKE_NUMBER, UNNAMED_TAKES
from midifrag.fragment.files import (
    OWN_FOLDER,
    discard_folder,
    force_to_disk,
    move_exclusively,
    open_regular,
    storage_error,
    write_whole,
)
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.slot_content import seconds_of
from midifrag.fragment.wav import read_metadata, with_texts
from midifrag.fragment.workspace import Workspace

if TYPE_CHECKING:
    from midifrag.fragment.encoding import EncodedTake
    from midifrag.fragment.options import ArchiveOptions

_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)
_CHANGEABLE = frozenset({"slot", "landed_at", "starred", "note", "tempo"})


class Archive:
    """The takes in a folder. One thread stores and changes; any thread may find, get and read.

    Takes that a killed program had written but not yet named are given a name now. Raises `StorageError` if the folder
    cannot be made or used.
    """

    def __init__(self, folder: Path, options: ArchiveOptions | None = None) -> None:
        self.folder = folder
        self._options = options
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error("make", folder, error) from error
        self._workspace = Workspace(folder)
        self._index = Index(folder / "index.sqlite")
        self._changes = folder / "changes.jsonl"
        self._unwritten: list[str] = []
        self._unsettled: list[Path] = []
        self._behind = True
        self._next = max(self._files(), default=0) + 1
        self._name_leftovers()
        # Takes matter more than their index: one that cannot be used now is asked again with the first question.
        with suppress(StorageError):
            self._catch_up()

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
        with self._workspace.alone():
            number = self._name(aside)
        self._write_changes()
        record = dataclasses.replace(record, number=number, file=TAKE_NAME.format(number))
        self._unsettled.append(self.folder / record.file)
        try:
            self._index.add([record])
        except StorageError:
            # The take is safe in its own file; the index gets it later.
            self._behind = True
        return record

    def settle(self) -> None:
        """Force the takes stored since the last time to the disk itself. Raises `StorageError`."""
        while self._unsettled:
            force_to_disk(self._unsettled.pop())

    def mark_landed(self, number: int, slot: int, landed_at: float) -> None:
        """Note in which slot a take landed, and when (seconds since 1970). Never raises: a full disk gets it later."""
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
        """Return a take's record. Raises `UnknownTakeError`."""
        found = self.find(number=number)
        if not found:
            raise UnknownTakeError(f"there is no take {number} in {self.folder}: list them with `midifrag takes`")
        return found[0]

    def find(
        self, words: str = "", *, limit: int | None = None, offset: int = 0, **filters: Unpack[Filters]
    ) -> list[TakeRecord]:
        """Return takes, newest first: those with every one of ``words`` in prompt, names, model, note or reason.

        Raises `StorageError` if the index cannot be used now.
        """
        return self._ask(lambda: self._index.select(words.split(), filters, limit, offset))

    def count(self, words: str = "", **filters: Unpack[Filters]) -> int:
        """Return how many takes `find` would find without a limit."""
        return self._ask(lambda: self._index.count(words.split(), filters))

    def path(self, number: int) -> Path:
        """Return the file of a take. Raises `UnknownTakeError`."""
        return self.folder / self.get(number).file

    def read(self, number: int) -> tuple[Audio, int]:
        """Return a take's audio as rendered, float32 of shape (channels, samples), and its sample rate.

        Raises `UnknownTakeError`, and `StorageError` if its file was removed.
        """
        import numpy as np

        from midifrag.fragment.audio_files import read_wav

        record = self.get(number)
        audio, sample_rate = read_wav(self.folder / record.file)
        return audio / np.float32(record.gain), sample_rate

    def rebuild(self) -> int:
        """Build the index anew from the takes and their changes; return how many takes there are."""
        with self._workspace.alone():
            self._index.remove()
        self._catch_up()
        return self.count()

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

    def _ask(self, question: Callable[[], _Answer]) -> _Answer:
        """Ask the index, after bringing it up to date if it is behind, or gone, or damaged."""
        if not self._behind:
            with suppress(StorageError):
                return question()
        self._catch_up()
        return question()

    def _change(self, number: int, values: dict[str, Any]) -> None:
        self._unwritten.append(json.dumps({"take": number, **values}))
        self._write_changes()
        try:
            self._index.change([(number, values)])
        except StorageError:
            self._behind = True

    def _write_changes(self) -> None:
        if not self._unwritten:
            return
        try:
            with self._workspace.alone(), open_regular(self._changes, "ab") as file:
                # The newline comes first: it ends what a killed program may have left unfinished.
                file.write("".join(f"\n{line}" for line in self._unwritten).encode())
        except (OSError, StorageError):
            return
        self._unwritten.clear()

    def _read_changes(self) -> Iterator[tuple[int, dict[str, Any]]]:
        lines: list[str] = []
        with suppress(OSError), open_regular(self._changes) as file:
            lines = file.read().decode("utf-8", "replace").split("\n")
        for line in (*lines, *self._unwritten):
            try:
                values = json.loads(line)
                yield int(values["take"]), {name: values[name] for name in _CHANGEABLE & values.keys()}
            except (ValueError, KeyError, TypeError):
                continue

    def _name(self, aside: Path) -> int:
        """Give a whole file the next number. Only while alone in the workspace."""
        while not move_exclusively(aside, self.folder / TAKE_NAME.format(self._next)):
            self._next += 1
        self._next += 1
        return self._next - 1

    def _files(self) -> dict[int, Path]:
        try:
            found = [(TAKE_NUMBER.fullmatch(path.name), path) for path in self.folder.iterdir()]
        except OSError as error:
            raise storage_error("read", self.folder, error) from error
        return {int(match[1]): path for match, path in found if match}

    def _name_leftovers(self) -> None:
        """Name the takes that a killed program left whole but without a name, and sweep the rest."""
        with self._workspace.alone():
            for work in self._workspace.leftovers():
                for aside in sorted(work.glob(UNNAMED_TAKES)):
                    if _nameless(aside):
                        self._name(aside)
                discard_folder(work)

    def _catch_up(self) -> None:
        """Bring the index to what the files say. Raises `StorageError`."""
        with self._workspace.alone():
            self._index.ensure()
        known = self._index.numbers()
        self._index.add(_record_of(number, path) for number, path in self._files().items() if number not in known)
        self._index.change(self._read_changes())
        self._next = max(self._next, max(known, default=0) + 1)
        self._behind = False


def _nameless(aside: Path) -> bool:
    """Whether a file left behind is a whole take; a second link to it means that it got its name already."""
    try:
        return aside.stat().st_nlink == 1 and "comment" in read_metadata(aside)
    except OSError:
        return False


def _record_of(number: int, path: Path) -> TakeRecord:
    """Return what a take's file says of itself, and what can be heard in it where it says nothing."""
    try:
        texts = read_metadata(path)
        record = TakeRecord.from_json(texts.get("comment", "null"))
    except OSError as error:
        record = TakeRecord(prompt="", reason=str(storage_error("read", path, error)))
    except ValueError:
        record = dataclasses.replace(TakeRecord(prompt=texts.get("title", "")), seconds=seconds_of(path))
    return dataclasses.replace(record, number=number, file=path.name)
