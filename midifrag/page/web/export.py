"""A selection of takes as one zip: their files, and a text that says what made each."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterable
from pathlib import Path

from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.fragment.files import open_regular
from midifrag.fragment.record import TakeRecord
from midifrag.page import texts


def write_export(archive: ArchiveReader, numbers: Iterable[int], target: Path) -> None:
    """Write the takes of these numbers into a zip. Raises `UnknownTakeError`, `StorageError` and OSError."""
    records = [archive.get(number) for number in dict.fromkeys(numbers)]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as bundle:
        for record in records:
            # Not by its path: a pipe in its place would be waited for.
            with open_regular(archive.folder / record.file) as file:
                bundle.writestr(f"{texts.EXPORT_FOLDER}/{Path(record.file).name}", file.read())
        bundle.writestr(f"{texts.EXPORT_FOLDER}/{texts.EXPORT_LIST}", "\n".join(map(describe, records)))


def describe(record: TakeRecord) -> str:
    """What made a take, for people to read."""
    rows: list[tuple[str, object]] = [("prompt", record.prompt)]
    if record.preset and record.preset != record.prompt:
        rows.append(("preset", record.preset))
    rows += [("bank", record.bank), ("model", record.model), ("checksum", record.checksum), ("seed", record.seed)]
    rows += [(name, value) for name, value in record.parameters.items() if name not in ("prompt", "seed")]
    rows.append(("length", f"{record.seconds:.2f} s, {record.sample_rate} Hz, {record.channels} channels"))
    if record.rendered_at is not None:
        rows.append(("rendered", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.rendered_at))))
    rows += [("key", record.key), ("tempo", record.bpm)]
    rows += [("slot", record.slot), ("note", record.note)]
    lines = [f"  {name}: {value}" for name, value in rows if value not in (None, "")]
    return "\n".join([record.file + (" *" if record.starred else ""), *lines, ""])
