"""``midifrag takes``: list, find and mark what the archive holds, and have it rendered again."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from midifrag.commands.common import explained
from midifrag.commands.console import out, say
from midifrag.commands.render_again import again
from midifrag.commands.take_tables import describe, table_of
from midifrag.errors import StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.search import Filters

if TYPE_CHECKING:
    from midifrag.config.loading import Loaded


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to do with one take; all off: show it."""

    again: bool = False
    star: bool | None = None
    note: str | None = None
    analyse: bool = False

    @property
    def changes(self) -> bool:
        """Whether anything of this is written down."""
        return self.again or self.analyse or self.star is not None or self.note is not None


def check_there(folder: Path) -> None:
    """Raise `StorageError` if there is no archive in ``folder``: looking makes none."""
    if not folder.is_dir():
        raise StorageError(f"There are no takes yet: {folder} is not there. Is this the folder of your set?")


def looked_at(folder: Path) -> contextlib.closing[ArchiveReader]:
    """The archive in ``folder``, to be looked at. Raises `StorageError` if there is none."""
    check_there(folder)
    return contextlib.closing(ArchiveReader(folder))


def opened(folder: Path) -> contextlib.closing[Archive]:
    """The archive in ``folder``, to be changed. Raises `StorageError`, also if there is none."""
    check_there(folder)
    return contextlib.closing(Archive(folder))


def find(folder: Path, words: str, limit: int, filters: Filters, as_json: bool) -> None:
    """List takes, newest first."""
    with explained(), looked_at(folder) as archive:
        records = archive.find(words, limit=limit, **filters)
        count = archive.count(words, **filters)
        gone = {record.number for record in records if archive.is_gone(record)}
    if as_json:
        out.print_json(json.dumps([_values(record, record.number in gone) for record in records]))
        return
    if not records:
        say(f"No takes in {folder}" + (f" with {words!r}" if words else ""))
        return
    out.print(table_of(records, out.width, gone))
    if count > len(records):
        out.print(f"{len(records)} of {count}; --limit shows more", markup=False)


def one(folder: Path, number: int, wanted: Wanted, show: Loaded | None, as_json: bool) -> None:
    """Show, mark, analyse or render again take ``number``."""
    begins: list[float] = []
    if wanted.changes:
        with explained(), opened(folder) as archive:
            begins = _write_down(archive, number, wanted)
            if wanted.again:
                copy = again(archive, archive.get(number), show)
                if not as_json:
                    told = f"take {number} again: {copy.file} in {folder}; no slot changed"
                    out.print(told, markup=False, soft_wrap=True)
                number = copy.number or number
    with explained(), looked_at(folder) as shown:
        record = shown.get(number)
        gone = shown.is_gone(record)
    if as_json:
        out.print_json(json.dumps(_values(record, gone)))
    else:
        out.print(describe(record, gone))
        if wanted.analyse:
            out.print(f"sounds begin at {', '.join(map(str, begins)) or '—'} s", markup=False, soft_wrap=True)


def _write_down(archive: Archive, number: int, wanted: Wanted) -> list[float]:
    """Star, annotate and analyse a take; return where its sounds begin, in seconds, if that was asked."""
    if wanted.star is not None:
        archive.star(number, wanted.star)
    if wanted.note is not None:
        archive.annotate(number, wanted.note)
    if not wanted.analyse:
        return []
    from midifrag.fragment.analysis import onsets, tempo

    audio, sample_rate = archive.read(number)
    archive.set_tempo(number, tempo(audio, sample_rate))
    return [round(at, 3) for at in onsets(audio, sample_rate)]


def _values(record: TakeRecord, gone: bool) -> dict[str, Any]:
    return {**json.loads(record.to_json()), "gone": gone}


def rebuild(folder: Path) -> None:
    """Build the index anew from the files."""
    with explained(), opened(folder) as archive:
        count = archive.rebuild()
    out.print(f"The index of {folder} holds {count} takes.", markup=False, soft_wrap=True)
