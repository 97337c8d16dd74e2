"""The copies of fragments that Live is given, each under a name that no other ever had.

Live's saved Sets refer to such files, so that none is replaced, deleted by itself or called like one that was deleted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

from midifrag.doors.live.copy_record import Copy, CopyRecord, Facts
from midifrag.errors import StorageError
from midifrag.fragment.file_names import COPY_NAME
from midifrag.fragment.files import (
    OWN_FOLDER,
    copy_regular,
    discard,
    move_exclusively,
    storage_error,
)
from midifrag.fragment.slot_content import SlotContent, content_of
from midifrag.fragment.workspace import Workspace

#: The longest part of a name that is the prompt's: characters, and bytes.
LONGEST, LONGEST_BYTES = 60, 150
#: What may stand in a name beside letters, marks and digits: on every system, and in XML.
_ALSO = " -_+,.()"
_RECORD = "copies.jsonl"


def copy_name(number: int, prompt: str) -> str:
    """The name of a copy, such as ``0012 rain on tin.wav``, that every system can have."""
    kept = (one if one in _ALSO or unicodedata.category(one)[0] in "LMN" else " " for one in prompt)
    words = " ".join(unicodedata.normalize("NFC", "".join(kept)).split())[:LONGEST]
    words = words.encode()[:LONGEST_BYTES].decode(errors="ignore").strip(" .")
    return f"{number:04d} {words or 'fragment'}.wav"


def copies_in(folder: Path) -> list[Path]:
    """The files of a folder that are called as copies are, by number. Raises `StorageError`."""
    try:
        found = [path for path in folder.iterdir() if COPY_NAME.fullmatch(path.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage_error("read", folder, error) from error
    return sorted(found, key=lambda path: (number_of(path.name), path.name))


def remembered(folder: Path) -> dict[int, Copy]:
    """What was last written down of each slot's copy. Raises `StorageError`."""
    record = CopyRecord(folder / OWN_FOLDER / _RECORD)
    record.look()
    return record.of_slots()


class Copies:
    """Makes copies in ``folder``, for one thread. Its methods raise `StorageError` and leave nothing half done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._workspace = Workspace(folder)
        self._record = CopyRecord(self._workspace.own / _RECORD)
        #: The highest number that was seen in the folder; None until somebody has looked.
        self._highest: int | None = None

    def begin(self) -> None:
        """Make the folder, and remove what shows that were killed left half done in it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error("make", self.folder, error) from error
        self._workspace.sweep()
        aside = self._workspace.aside(_RECORD)
        with self._workspace.alone():
            self._record.shorten(aside)

    def of_landing(self, slot: int, source: Path, job: int, facts: Facts) -> Copy | None:
        """Copy what landed in a slot for a job. None where something newer of ours lies there already."""
        aside, content = self._copied(source)
        if content.job != job or content.slot != slot:
            discard(aside)
            return None
        return self._keep(aside, content, facts)

    def of_slot(self, slot: int, source: Path, facts: Callable[[SlotContent], Facts]) -> Copy | None:
        """The copy of what lies in a slot: one that was made before, with what was known of it then, or a new one.

        ``facts`` says how to play what no copy was made of yet. None where nothing lies there that midifrag made, as it
        is.
        """
        content = content_of(source)
        if content is None:
            return None
        self._record.look()
        known = self._record.copies.get(content.landing)
        if known is not None and (self.folder / known.file).is_file():
            known = known.model_copy(update={"slot": slot})
            with self._workspace.alone():
                self._record.look()
                self._record.note(known)
            return known
        aside, content = self._copied(source)
        return self._keep(aside, content, facts(content))

    def close(self) -> None:
        """Leave the folder."""
        self._workspace.close()

    def _copied(self, source: Path) -> tuple[Path, SlotContent]:
        try:
            # Without those above it: a folder that is gone is on a drive that was pulled.
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise storage_error("write", self.folder, error) from error
        aside = self._workspace.aside("copy.wav")
        try:
            copy_regular(source, aside)
        except OSError as error:
            discard(aside)
            raise storage_error(f"copy {source.name} into", self.folder, error) from error
        content = content_of(aside)
        if content is None:
            discard(aside)
            raise StorageError(f"{source} was changed by another program after it had landed; press its pad again")
        return aside, content

    def _keep(self, aside: Path, content: SlotContent, facts: Facts) -> Copy:
        """Give a whole copy a name of its own."""
        facts = facts if facts.name else facts.model_copy(update={"name": content.prompt})
        try:
            with self._workspace.alone():
                self._record.look()
                number = max(self._record.last, self._seen()) + 1
                while True:
                    copy = Copy(
                        file=copy_name(number, facts.name),
                        slot=content.slot,
                        landing=content.landing,
                        seconds=content.seconds,
                        facts=facts,
                    )
                    # Before its name is used: whoever deletes the file gets the number not back.
                    self._record.note(copy, number)
                    if move_exclusively(aside, self.folder / copy.file):
                        return copy
                    number += 1
        finally:
            discard(aside)

    def _seen(self) -> int:
        """The highest number that is in the folder, also where nothing is written down of it."""
        if self._highest is None:
            self._highest = max(_numbers(self.folder), default=0)
        return self._highest


def _numbers(folder: Path) -> Iterable[int]:
    return (number_of(path.name) for path in copies_in(folder))


def number_of(name: str) -> int:
    """The number in a copy's name; 0 for another file's."""
    found = COPY_NAME.fullmatch(name)
    return int(found[1]) if found else 0
