"""The files of a cue sheet."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pypdf import PdfReader

from midifrag.commands.soundcheck import cue_sheet
from midifrag.commands.soundcheck.cue_sheet import files_of, write_cue_sheet
from midifrag.errors import StorageError
from tests.commands.soundcheck.sheets import a_row, a_section

SHEETS = ("sheet.html", "sheet.pdf")


def words(path):
    if path.suffix == ".pdf":
        return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(path.read_bytes())).pages)
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("named", "files"),
    [
        ("a/show.pdf", ["a/show.pdf"]),
        ("show.PDF", ["show.PDF"]),
        ("show.html", ["show.html"]),
        ("show.htm", ["show.htm"]),
        ("show", ["show.html", "show.pdf"]),
        ("a/friday.2", ["a/friday.2.html", "a/friday.2.pdf"]),
    ],
)
def test_the_ending_says_which_file_and_without_one_it_is_both(named, files):
    assert files_of(Path(named)) == tuple(map(Path, files))


@pytest.mark.parametrize("name", SHEETS)
def test_an_older_sheet_is_replaced(tmp_path, name):
    path = tmp_path / name
    for prompt in ("old rain", "new wind"):
        write_cue_sheet(path, "A\udcffB", [a_section(a_row(prompt=prompt))])
    assert "new wind" in words(path)
    assert "old rain" not in words(path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", SHEETS)
def test_one_that_is_killed_in_between_leaves_the_older_sheet_whole(tmp_path, monkeypatch, name):
    path = tmp_path / name
    write_cue_sheet(path, "A", [a_section(a_row(prompt="old rain"))])

    def is_killed(aside: Path, content: bytes) -> None:
        aside.write_bytes(content[: len(content) // 2])
        raise KeyboardInterrupt

    with monkeypatch.context() as patches:
        patches.setattr(cue_sheet, "write_whole", is_killed)
        with pytest.raises(KeyboardInterrupt):
            write_cue_sheet(path, "A", [a_section(a_row(prompt="new wind"))])
    assert "old rain" in words(path)
    # What it left does not stand in the way of the next one.
    write_cue_sheet(path, "A", [a_section(a_row(prompt="new wind"))])
    assert "new wind" in words(path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", SHEETS)
def test_a_place_that_cannot_be_written_is_an_error_and_nothing_is_left(tmp_path, name):
    (tmp_path / name).mkdir()
    for path in (tmp_path / name, tmp_path / "nowhere" / name):
        with pytest.raises(StorageError):
            write_cue_sheet(path, "A", [a_section(a_row())])
    assert list(tmp_path.iterdir()) == [tmp_path / name]
