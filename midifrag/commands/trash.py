"""``midifrag takes --delete``, ``--restore`` and ``--empty-trash``: takes go to the trash, back, and for good."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from midifrag.commands.common import explained
from midifrag.commands.console import say
from midifrag.commands.takes import looked_at, opened
from midifrag.config.loading import Loaded
from midifrag.config.take_uses import begun_from, uses
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.fragment.file_names import slot_names
from midifrag.fragment.slot_content import content_of


def delete(folder: Path, numbers: Sequence[int], show: Loaded | None) -> None:
    """Move takes to the trash, and tell what of ``show`` has to do with them."""
    with explained(), opened(folder) as archive:
        _check(archive, numbers)
        told = [] if show is None else list(_uses(show, archive, numbers))
        for number in numbers:
            archive.trash(number)
    back = " ".join(map(str, numbers))
    say(f"{_takes(len(numbers))} in the trash of {folder}; `midifrag takes {back} --restore` puts back.")
    for line in told:
        say(f"note: {line}")


def restore(folder: Path, numbers: Sequence[int]) -> None:
    """Put takes of the trash back."""
    with explained(), opened(folder) as archive:
        _check(archive, numbers)
        for number in numbers:
            archive.restore(number)
    say(f"{_takes(len(numbers))} back in {folder}.")


def empty(folder: Path, show: Loaded | None, *, yes: bool) -> None:
    """Ask, and delete for good what lies in the trash."""
    with explained(), looked_at(folder) as reader:
        records = reader.find(trashed=True)
        size = sum(_size(reader, record.file) for record in records)
    if not records:
        say(f"The trash of {folder} is empty.")
        return
    numbers = {record.number for record in records if record.number is not None}
    for number, pad in begun_from(show) if show is not None else ():
        if number in numbers:
            say(f"note: {pad} begins from take {number}, and will find nothing")
    starred = sum(record.starred for record in records)
    stars = f", {starred} of them with a star" if starred else ""
    what = f"{_takes(len(records))} in the trash of {folder} ({size / 1e6:.1f} MB{stars})"
    if not yes and not click.confirm(f"Delete {what} for good? Nothing brings them back."):
        return
    with explained(), opened(folder) as archive:
        # What was deleted while the question stood was not asked about.
        count = archive.empty_trash(time.time(), numbers)
    say(f"{_takes(count)} deleted for good.")


def _uses(show: Loaded, archive: Archive, numbers: Sequence[int]) -> Iterator[str]:
    """What of a show has to do with takes, as its files are now."""
    names = slot_names(show.settings.fragments.name, show.settings.fragments.count)
    contents = {slot: content_of(show.fragments_folder / name) for slot, name in names.items()}
    slots = {slot: content.take for slot, content in contents.items() if content is not None}

    def newest(bank: str, preset: str) -> int | None:
        return next((one.number for one in archive.find(bank=bank, preset=preset, limit=1)), None)

    return uses(show, numbers, slots, newest)


def _check(archive: Archive, numbers: Sequence[int]) -> None:
    """Raise `UnknownTakeError` before anything is moved."""
    for number in numbers:
        archive.get(number)


def _size(reader: ArchiveReader, file: str) -> int:
    try:
        return (reader.folder / file).stat().st_size
    except OSError:
        return 0


def _takes(count: int) -> str:
    return "1 take" if count == 1 else f"{count} takes"
