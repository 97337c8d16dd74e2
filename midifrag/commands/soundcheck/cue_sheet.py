"""The cue sheet's files: a page for a browser, and a PDF to print; each has the same rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from midifrag.commands.soundcheck.cue_html import html_sheet
from midifrag.commands.soundcheck.cue_rows import Section, plain
from midifrag.fragment.files import discard, replace_file, write_whole

_HTML, _PDF = (".html", ".htm"), ".pdf"


def files_of(sheet: Path) -> tuple[Path, ...]:
    """The files that a name means: one by its ending, .html or .pdf; both beside each other where it has neither."""
    if sheet.suffix.lower() in (*_HTML, _PDF):
        return (sheet,)
    return sheet.with_name(sheet.name + _HTML[0]), sheet.with_name(sheet.name + _PDF)


def write_cue_sheet(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Write one of `files_of`, whole and in the place of an older one. Raises `StorageError`."""
    title = plain(title)
    if path.suffix.lower() == _PDF:
        # reportlab is for this alone.
        from midifrag.commands.soundcheck.cue_pdf import pdf_sheet

        content = pdf_sheet(title, sections)
    else:
        content = html_sheet(title, sections)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    # One that was killed here may have left it.
    discard(aside)
    write_whole(aside, content)
    replace_file(aside, path)
